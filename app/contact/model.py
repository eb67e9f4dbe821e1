"""Whether a bank answers, and which of its compartments cannot be given out though it does. No I/O, no clock."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.devices.port import BankState
from app.lockers.model import Withheld

# Readings without an answer before a bank counts as unreachable.
MISSES = 3
# Seconds before the record is asked again whether a stay explains what lies in a compartment: mostly one does.
ASK_AGAIN = 10.0
# Seconds before it is told what has become of a word that changes all the time.
TELL_AGAIN = 900.0
# Of one bank at a time, and how much of each: what a device says must not fill the record.
MOST_STRANGE, LONGEST_NAME, LONGEST_RAW = 50, 100, 500


@dataclass(slots=True)
class Told:
    """Of one compartment. `heard`, `strange`: monotonic seconds of its last reading, and since when there is something
    in it that nothing of ours explains; `at`: the wall clock of that reading, because people read it."""

    heard: float
    at: datetime
    withheld: Withheld | None = None
    strange: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look tells. `read`: the compartments it told of; `inside`: whether something is there, where it says so;
    `ours`, `busy`: those where a stay of ours explains it, or an order that is under way may. Monotonic seconds."""

    now: float
    at: datetime
    read: AbstractSet[UUID]
    inside: Mapping[UUID, bool]
    ours: AbstractSet[UUID]
    busy: AbstractSet[UUID]


@dataclass(frozen=True, slots=True)
class Doubts:
    """What changes by a look. `taken` only where the record has nobody there either."""

    silent: tuple[UUID, ...]
    heard: tuple[UUID, ...]
    taken: tuple[UUID, ...]
    free: tuple[UUID, ...]

    def __bool__(self) -> bool:
        return bool(self.silent or self.heard or self.taken or self.free)


@dataclass(frozen=True, slots=True)
class Said:
    """Something that nobody has words for, as it was told last; `at`: monotonic seconds."""

    raw: str
    at: float


@dataclass(slots=True)
class Contact:
    """Whether a bank answers. Times are the wall clock's, because people read them. `strange`: of which unit it says
    what that nobody has words for."""

    misses: int = 0
    first_miss: datetime | None = None
    lost: bool = False
    strange: dict[tuple[str | None, str], Said] = field(default_factory=dict)
    told: dict[UUID, Told] = field(default_factory=dict)
    ask_again: float = 0.0

    def adopt(self, doors: Iterable[tuple[UUID, Withheld | None]], now: float, at: datetime) -> None:
        """What is written down counts, and what this process heard itself."""
        before = self.told
        self.told = {}
        for id_, withheld in doors:
            known = before.get(id_)
            self.told[id_] = Told(known.heard, known.at, withheld, known.strange) if known else Told(now, at, withheld)

    def missed(self, at: datetime) -> bool:
        """Whether this miss makes the bank unreachable."""
        self.misses += 1
        self.first_miss = self.first_miss or at
        return self.misses >= MISSES and not self.lost

    def answered(self) -> None:
        self.misses, self.first_miss = 0, None

    def over(self, state: BankState) -> list[tuple[str | None, str]]:
        """What the device said last and says no more. Ask before its `news`."""
        return sorted(self.strange.keys() - _strange(state).keys(), key=str)

    def news(self, state: BankState, now: float) -> list[tuple[str | None, str, str]]:
        """What the device said that nobody has words for, once each; a word that changes all the time now and then."""
        fresh, before = [], self.strange
        # Forgotten when it is gone, so that it is told again when it comes back.
        self.strange = {}
        for about, raw in _strange(state).items():
            said = before.get(about)
            if said is None or (said.raw != raw and now - said.at >= TELL_AGAIN):
                fresh.append((*about, raw))
                said = Said(raw, now)
            self.strange[about] = said
        return fresh

    def doubts(self, look: Look, *, limit: float, patience: float) -> Doubts:
        """`limit`: seconds without a reading after which a compartment counts as silent; `patience`: for how long
        something must have been there before it counts as taken."""
        for id_ in look.read & self.told.keys():
            self.told[id_].heard, self.told[id_].at = look.now, look.at
        silent = {id_ for id_, told in self.told.items() if look.now - told.heard >= limit}
        were = {id_ for id_, told in self.told.items() if told.withheld is Withheld.SILENT}
        taken, free = self._inside(look, patience)
        return Doubts(_sorted(silent - were), _sorted(were & look.read), _sorted(taken - silent), _sorted(free))

    def _inside(self, look: Look, patience: float) -> tuple[set[UUID], set[UUID]]:
        taken, free = set(), set()
        for id_ in look.inside.keys() & self.told.keys():
            told, nobodys = self.told[id_], look.inside[id_] and id_ not in look.ours
            if nobodys and id_ not in look.busy:
                told.strange = look.now if told.strange is None else told.strange
                if told.withheld is not Withheld.TAKEN and look.now - told.strange >= patience:
                    taken.add(id_)
            else:
                told.strange = None
                if told.withheld is Withheld.TAKEN and not nobodys:
                    free.add(id_)
        return taken if look.now >= self.ask_again else set(), free

    def wrote(self, doubts: Doubts, written: AbstractSet[UUID], now: float) -> None:
        """`written`: which of those taken the record had nobody in."""
        for id_ in (*doubts.heard, *doubts.free):
            self.told[id_].withheld = None
        for id_ in doubts.silent:
            self.told[id_].withheld = Withheld.SILENT
        for id_ in written:
            self.told[id_].withheld = Withheld.TAKEN
        for id_ in set(doubts.taken) - written:
            self.told[id_].strange, self.ask_again = None, now + ASK_AGAIN


def _strange(state: BankState) -> dict[tuple[str | None, str], str]:
    found = {
        (each.unit and each.unit[:LONGEST_NAME], each.what[:LONGEST_NAME]): each.raw[:LONGEST_RAW]
        for each in state.unmapped
    }
    return {about: found[about] for about in sorted(found, key=str)[:MOST_STRANGE]}


def whose(*, books: bool) -> str:
    """On whose word something is there that nothing of ours explains. Books tell of people, a sensor of things."""
    return "BOOKS" if books else "SENSOR"


def _sorted(ids: AbstractSet[UUID]) -> tuple[UUID, ...]:
    """So that whoever writes them takes row locks in one order."""
    return tuple(sorted(ids))
