"""Our words for a bank of lock boards on one line, whatever the boards speak. No I/O: that is the client's."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from adapters import config
from adapters.checking import opening
from adapters.generic.boards import TRIES, BoardClient, Seen
from adapters.generic.dialect import Reading
from app.devices.port import (
    Ability,
    BankState,
    Capability,
    Check,
    Connection,
    ContractBroken,
    DeviceError,
    Door,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Setting,
    SettingKind,
    Timing,
    Unit,
    Unmapped,
    Unreachable,
    Unsupported,
)

# Whoever shares the line waits as long for a board that does not answer, up to three times in a look.
LONGEST_REPLY_SECONDS = 2.0

SETTINGS = (
    Setting("bank", SettingKind.TEXT, "id of the bank this line serves", required=True),
    Setting("name", SettingKind.TEXT, "name of the bank"),
    Setting("labels", SettingKind.MAP, "unit id (board-lock, as 0-1) to what stands on the door"),
    Setting("sizes", SettingKind.MAP, "unit id to size"),
    Setting("accessible", SettingKind.LIST, "unit ids in reach of a wheelchair"),
    Setting("reply_seconds", SettingKind.SECONDS, "how long a board may take to reply, 2 at most", default=0.4),
    Setting("poll_seconds", SettingKind.SECONDS, "how often the bank is read", default=1.0),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit is on the line, and what the settings say of it."""

    board: int
    lock: int
    label: str
    size: str | None
    accessible: bool | None


def reply_seconds(given: Mapping[str, Any]) -> float:
    """No more than the others on the line should wait, which is what counts where more was kept from earlier."""
    return min(float(given["reply_seconds"]), LONGEST_REPLY_SECONDS)


def entered(read: Callable[[Connection], tuple[Any, ...]]) -> Callable[[Connection], None]:
    """For `Vendor.read`: as `read`, whose first is the settings, and no `reply_seconds` that would count as less."""

    def strictly(connection: Connection) -> None:
        given = read(connection)[0]
        if given["reply_seconds"] > LONGEST_REPLY_SECONDS:
            raise Refused(f"reply_seconds must be {LONGEST_REPLY_SECONDS:g} at most", reason=config.REASON)

    return strictly


class BoardBank:
    """One line: one bank of one or more boards."""

    redact: frozenset[str] = frozenset()

    def __init__(
        self,
        vendor: str,
        client: BoardClient,
        places: Mapping[str, Place],
        given: Mapping[str, Any],
        *,
        sensors: bool = True,
        items: bool = False,
        pushes: bool = False,
    ) -> None:
        self.vendor = vendor
        self._client = client
        self._places = places
        self._bank = str(given["bank"])
        self._name = given["name"]
        self._items = items
        self._patience = reply_seconds(given)
        has = {
            Capability.REMOTE_OPEN: True,
            Capability.DOOR_SENSOR: sensors,
            Capability.READBACK: sensors,
            Capability.ITEM_SENSOR: items,
            Capability.PUSH_EVENTS: pushes,
            Capability.ACCESSIBLE_UNITS: any(place.accessible for place in places.values()),
        }
        self._present = frozenset(capability for capability, present in has.items() if present)
        self.evidence_ceiling = Evidence.E4 if items else Evidence.E3 if sensors else Evidence.E1
        poll = timedelta(seconds=float(given["poll_seconds"]))
        # Settle: a lock acts within milliseconds; the rest is for a converter that holds bytes back.
        self.timing = Timing(
            deadline=timedelta(seconds=6),
            settle=timedelta(seconds=3),
            poll=poll,
            poll_while_open=min(poll, timedelta(seconds=0.2)),
        )

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        now = Ability.FAILING if self._client.failing else Ability.WORKS
        return {each: now if each in self._present else Ability.ABSENT for each in Capability}

    async def list_banks(self) -> tuple[BankState, ...]:
        return (await self.read_bank(self._bank),)

    async def read_bank(self, bank: str) -> BankState:
        """A board that is silent or talks nonsense leaves its units UNKNOWN; raises only when all of them do."""
        self._check(bank)
        found: dict[int, Reading] = {}
        silent: dict[int, DeviceError] = {}
        tries = TRIES
        # One after the other: they share the line.
        for board in self._boards():
            began = time.monotonic()
            try:
                found[board] = await self._client.status(board, tries)
            except (Unreachable, ContractBroken) as error:
                silent[board] = error
                # Waited for in vain: where the whole line is dead the others must not take as long again.
                tries = 1 if time.monotonic() - began > self._patience else tries
        if not found:
            raise next(iter(silent.values()))
        now = datetime.now(UTC)
        return BankState(
            id=bank,
            name=self._name,
            units=tuple(self._unit(id, place, found.get(place.board), now) for id, place in self._places.items()),
            observed_at=now,
            unmapped=tuple(Unmapped(None, f"board {board} is silent", error.detail) for board, error in silent.items()),
        )

    async def read_unit(self, bank: str, unit: str) -> Unit:
        place = self._place(bank, unit)
        state = await self._client.status(place.board)
        return self._unit(unit, place, state, datetime.now(UTC))

    async def send(self, order: Order) -> Receipt:
        if order.kind is not OrderKind.OPEN:
            raise Unsupported("a lock board only opens doors; reservations are kept by us")
        place = self._place(order.bank, order.unit)
        seen = await self._client.unlock(order.id, place.board, place.lock, order.deadline.total_seconds())
        if seen is Seen.STAYED_CLOSED:
            raise Refused("the door stayed closed: it is jammed, or the lock has no power", reason="OPEN_FAILED")
        if seen is Seen.TAKEN:
            return Receipt(Outcome.ACCEPTED, "the board took it; no sensor tells whether the door opened")
        already = seen is Seen.ALREADY_OPEN
        return Receipt(Outcome.OPENED, "the door was open already; nothing was sent" if already else "")

    async def hints(self) -> AsyncIterator[DoorHint]:
        units = {(place.board, place.lock): id for id, place in self._places.items()}
        async for board, lock, closed in self._client.pushes():
            if (board, lock) in units:
                yield DoorHint(self._bank, units[board, lock], door_of(closed), datetime.now(UTC))

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        """One for each board: it answers, and how many of its doors read closed. And one that opens a door."""
        self._check(bank or self._bank)
        boards = tuple(self._board_check(board) for board in self._boards())
        return (*boards, opening(self, self._bank, "look at the lock's supply, its wiring and the order of the locks"))

    async def close(self) -> None:
        await self._client.close()

    def _board_check(self, board: int) -> Check:
        async def look() -> str:
            state = await self._client.status(board)
            doors = [door_of(state.is_closed(place.lock)) for place in self._places.values() if place.board == board]
            counts = ", ".join(f"{doors.count(door)} {door.value.lower()}" for door in Door if door in doors)
            return f"answers; doors: {counts}. Where shut doors read open, their switch closes the other way round"

        advice = "compare boards, baud rate and wiring (A and B may be swapped) with the switches on the board"
        return Check(f"board {board} tells its doors", look, advice)

    def _boards(self) -> list[int]:
        return sorted({place.board for place in self._places.values()})

    def _check(self, bank: str) -> None:
        if bank != self._bank:
            raise Refused(f"no bank {bank} on this line", reason="UNKNOWN_BANK")

    def _place(self, bank: str, unit: str) -> Place:
        self._check(bank)
        try:
            return self._places[unit]
        except KeyError:
            raise Refused(f"no unit {unit} in bank {bank}", reason="UNKNOWN_UNIT") from None

    def _unit(self, id: str, place: Place, state: Reading | None, now: datetime) -> Unit:
        return Unit(
            id=id,
            door=door_of(None if state is None else state.is_closed(place.lock)),
            observed_at=now,
            label=place.label,
            size=place.size,
            accessible=place.accessible,
            occupied=state.has_item(place.lock) if state is not None and self._items else None,
            flags={"openings_seen": self._client.openings(place.board, place.lock)},
        )


def door_of(closed: bool | None) -> Door:
    if closed is None:
        return Door.UNKNOWN
    return Door.CLOSED if closed else Door.OPEN


def boards_of(given: Sequence[object], numbers: range, most: int, count: int | None = None) -> dict[int, int]:
    """Board number -> how many locks it has; `count` where a board does not say. Raises Refused."""
    boards: dict[int, int] = {}
    for each in given:
        described = each if isinstance(each, Mapping) else {"board": each}
        number, locks = described.get("board"), described.get("locks", count or most)
        if not (within(number, numbers) and within(locks, range(1, most + 1))) or number in boards:
            span = f"{numbers.start} to {numbers.stop - 1}"
            raise Refused(f"boards must be different numbers from {span}, with 1 to {most} locks", reason=config.REASON)
        boards[number] = locks
    return boards


def within(value: object, span: range) -> TypeGuard[int]:
    # A bool is an int to Python, and a mistake here.
    return isinstance(value, int) and not isinstance(value, bool) and value in span


def places_of(boards: Mapping[int, int], given: Mapping[str, Any]) -> dict[str, Place]:
    """Every unit of the boards under its id, `board-lock`."""
    accessible, labels, sizes = given["accessible"], given["labels"] or {}, given["sizes"] or {}
    units = [(f"{board}-{lock}", board, lock) for board, locks in boards.items() for lock in range(1, locks + 1)]
    return {
        id: Place(board, lock, str(labels.get(id, id)), sizes.get(id), None if accessible is None else id in accessible)
        for id, board, lock in units
    }
