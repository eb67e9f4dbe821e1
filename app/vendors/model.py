"""What is said of a vendor's account, what a survey of it finds, how that differs from our record. No I/O, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

from app.devices.port import BankState, Unit
from app.kit import checks
from app.kit.errors import Invalid
from app.likeness.model import Likeness, Parts, as_found, changed, likeness_of, taken_over, unread
from app.lockers.model import Size

_LARGEST_SETTINGS = 64_000
_MOST_WORDS = 50


class SurveyState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    READY = "READY"
    FAILED = "FAILED"


class DifferenceKind(StrEnum):
    """OCCUPIED, EMPTY and SERVICE are for a person to look at: nothing of them is applied. LIKENESS is what the unit
    tells otherwise than when the bank was taken over and our record does not keep: a person confirms the bank."""

    ADDED = "ADDED"
    GONE = "GONE"
    LABEL = "LABEL"
    SIZE = "SIZE"
    ACCESSIBLE = "ACCESSIBLE"
    OCCUPIED = "OCCUPIED"
    EMPTY = "EMPTY"
    SERVICE = "SERVICE"
    LIKENESS = "LIKENESS"


APPLICABLE = frozenset(
    {
        DifferenceKind.ADDED,
        DifferenceKind.GONE,
        DifferenceKind.LABEL,
        DifferenceKind.SIZE,
        DifferenceKind.ACCESSIBLE,
    }
)
# What is taken over of a unit with a difference: a trait by its name; all of it.
TRAITS: Mapping[DifferenceKind, str | None] = {
    DifferenceKind.ADDED: None,
    DifferenceKind.GONE: None,
    DifferenceKind.LABEL: "label",
    DifferenceKind.SIZE: "size",
}


@dataclass(frozen=True, slots=True)
class Door:
    """A compartment as our record has it, as far as a vendor could tell otherwise."""

    external_id: str
    label: str
    size: str
    accessible: bool
    in_use: bool
    in_service: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the vendor and our record disagree. `ours`, `theirs`: as text; None where there is none.
    `as_taken_over`: the vendor told the same when the bank was taken over, and somebody called it otherwise here."""

    kind: DifferenceKind
    external_id: str
    label: str
    ours: str | None
    theirs: str | None
    as_taken_over: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.external_id}"

    def public(self) -> dict[str, object]:
        return {
            "key": self.key, "kind": self.kind.value, "externalId": self.external_id, "label": self.label,
            "ours": self.ours, "theirs": self.theirs, "applicable": self.kind in APPLICABLE,
            "asTakenOver": self.as_taken_over,
        }  # fmt: skip


def found(bank: BankState) -> dict[str, object]:
    """A bank as the vendor lists it, in our words, ready to be written down."""
    return {
        "externalId": bank.id, "name": bank.name, "location": bank.location, "unread": unread(bank),
        "units": [
            {
                "externalId": unit.id, "label": unit.label, "size": unit.size, "accessible": unit.accessible,
                "serial": unit.serial,
                "inService": unit.in_service, "inUse": in_use(unit),
            }
            for unit in bank.units
        ],
    }  # fmt: skip


def in_use(unit: Unit) -> bool | None:
    """Whether the vendor has somebody or something in it; None where it does not tell."""
    told = [flag for flag in (unit.reserved, unit.occupied) if flag is not None]
    return any(told) if told else None


def differences(
    doors: Iterable[Door], state: BankState, words: Mapping[str, str], known_by: Likeness | None = None
) -> list[Difference]:
    """`words`: the vendor's size word -> ours, as they were when the bank was taken over; `known_by`: what its units
    told then, or None."""
    ours, theirs = {door.external_id: door for door in doors}, {unit.id: unit for unit in state.units}
    listed: list[Difference] = []
    for id_ in sorted(theirs.keys() - ours.keys()):
        unit = theirs[id_]
        size = words.get(unit.size or "", unit.size)
        listed.append(Difference(DifferenceKind.ADDED, id_, unit.label or id_, None, size))
    # What was taken out of service is settled already: it stays on record for its history.
    gone = [door for id_, door in sorted(ours.items()) if id_ not in theirs and door.in_service and not unread(state)]
    listed += [Difference(DifferenceKind.GONE, door.external_id, door.label, door.size, None) for door in gone]
    for id_ in sorted(ours.keys() & theirs.keys()):
        listed += _between(ours[id_], theirs[id_], words, (known_by or {}).get(id_, {}))
    if known_by is not None:
        labels = {unit.id: unit.label for unit in state.units if unit.label}
        labels |= {door.external_id: door.label for door in ours.values()}
        listed += _unlike(known_by, state, listed, labels)
    return listed


def parts(chosen: Iterable[tuple[DifferenceKind, str]]) -> Parts:
    """What of a bank's likeness is taken over with these differences, each a kind and a unit's id."""
    return [(id_, TRAITS[kind]) for kind, id_ in chosen if kind in TRAITS]


def _unlike(
    before: Likeness, state: BankState, listed: Iterable[Difference], labels: Mapping[str, str]
) -> list[Difference]:
    """In what else the bank is not as it was: what none of the differences `listed` would take over."""
    now = as_found(before, likeness_of(state.units), part=unread(state))
    after = taken_over(before, now, parts((each.kind, each.external_id) for each in listed))
    return [
        Difference(DifferenceKind.LIKENESS, id_, labels.get(id_, id_), _traits(was), _traits(is_))
        for id_, (was, is_) in changed(after, now).items()
    ]


def _traits(told: Mapping[str, str] | None) -> str | None:
    """As people read it: `serial A-17, size small`. A unit that tells nothing of itself is still there."""
    return None if told is None else ", ".join(f"{name} {value}" for name, value in told.items()) or "a unit"


def _between(door: Door, unit: Unit, words: Mapping[str, str], known_by: Mapping[str, str]) -> list[Difference]:
    """What one compartment and its unit disagree on. Where the vendor does not tell, there is nothing to differ."""
    used, now = in_use(unit), likeness_of([unit])[unit.id]
    pairs: list[tuple[DifferenceKind, object, object]] = [
        (DifferenceKind.LABEL, door.label, unit.label),
        (DifferenceKind.SIZE, door.size, words.get(unit.size or "")),
        (DifferenceKind.ACCESSIBLE, door.accessible, unit.accessible),
        (DifferenceKind.SERVICE, door.in_service, unit.in_service),
        (DifferenceKind.EMPTY if door.in_use else DifferenceKind.OCCUPIED, door.in_use, used),
    ]
    same = {name for name, told in now.items() if known_by.get(name) == told}
    return [
        Difference(kind, door.external_id, door.label, said(ours), said(theirs), TRAITS.get(kind) in same)
        for kind, ours, theirs in pairs
        if theirs is not None and theirs != ours
    ]


def said(value: object) -> str:
    """A value as differences spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def sized(word: str | None, words: Mapping[str, str]) -> Size | None:
    """Our size for a vendor's word; None where nobody said what it means here."""
    ours = words.get(word or "")
    return Size(ours) if ours in set(Size) else None


def sized_or_ours(word: str | None, words: Mapping[str, str]) -> Size | None:
    """As `sized`; a word that nobody said anything about may be one of ours already."""
    return sized(word, words) or sized(word, _OUR_WORDS)


_OUR_WORDS = {each.value: each.value for each in Size}


def words_of(given: Mapping[str, str]) -> dict[str, str]:
    """What a vendor's words for sizes mean here, as given for the input `sizes`; an empty word is for units whose size
    it does not tell. Raises Invalid."""
    if len(given) > _MOST_WORDS:
        raise Invalid(f"At most {_MOST_WORDS} sizes.", path=("input", "sizes"))
    return {word and checks.text("sizes", word, most=100): Size(size).value for word, size in given.items()}


def kept(words: Mapping[str, str]) -> dict[str, str]:
    """Of such words what is remembered of a bank: what is not told of one unit means nothing for the next."""
    return {word: size for word, size in words.items() if word}


def secrets_of(given: object) -> dict[str, str]:
    """The secret of an account as given for an input: texts by name. Raises Invalid."""
    secret = plain("secret", given)
    if not all(isinstance(value, str) for value in secret.values()):
        raise Invalid("secret holds texts only.", path=("input", "secret"))
    return {name: str(value) for name, value in secret.items()}


def plain(field: str, given: object) -> dict[str, object]:
    """A JSON object of a bounded size, as given for an input field. Raises Invalid."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Invalid(f"{field} must be an object.", path=("input", field))
    try:
        written = orjson.dumps(given)
    except orjson.JSONEncodeError as error:
        raise Invalid(f"{field} holds what cannot be kept.", path=("input", field)) from error
    if len(written) > _LARGEST_SETTINGS:
        raise Invalid(f"{field} is too large.", path=("input", field))
    # PostgreSQL's texts cannot hold it.
    if b"\\u0000" in written:
        raise Invalid(f"{field} holds characters that cannot be printed.", path=("input", field))
    return given
