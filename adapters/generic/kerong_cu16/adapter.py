"""Our words to CU16 boards and back. No I/O: what is sent and what silence means is the client's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from adapters import config
from adapters.generic import transport
from adapters.generic.kerong_cu16 import wire
from adapters.generic.kerong_cu16.client import KerongClient, Seen
from app.devices.port import (
    Ability,
    Adapter,
    BankState,
    Capability,
    Connection,
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
    Vendor,
)

PRESENT = frozenset({Capability.DOOR_SENSOR, Capability.READBACK, Capability.REMOTE_OPEN})

# Nothing is pushed: boards only answer.
NO_HINTS: tuple[DoorHint, ...] = ()

SETTINGS = (
    Setting("bank", SettingKind.TEXT, "id of the bank this line serves", required=True),
    Setting("name", SettingKind.TEXT, "name of the bank"),
    Setting(
        "boards", SettingKind.LIST, 'board numbers 0 to 9, or {"board": 2, "locks": 12} with fewer locks', default=[0]
    ),
    Setting("labels", SettingKind.MAP, "unit id (board-lock, as 0-1) to what stands on the door"),
    Setting("sizes", SettingKind.MAP, "unit id to size"),
    Setting("accessible", SettingKind.LIST, "unit ids in reach of a wheelchair"),
    Setting("item_sensors", SettingKind.BOOLEAN, "infrared sensors are fitted; without them their bits say nothing"),
    Setting("baudrate", SettingKind.INTEGER, "of a serial device", default=19200),
    Setting("reply_seconds", SettingKind.SECONDS, "how long a board may take to reply", default=0.4),
    Setting("poll_seconds", SettingKind.SECONDS, "how often the bank is read", default=1.0),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit is on the bus, and what the settings say of it."""

    board: int
    lock: int
    label: str
    size: str | None
    accessible: bool | None


class KerongAdapter:
    """One bus address: one bank of one or more boards."""

    vendor = "kerong_cu16"
    redact: frozenset[str] = frozenset()

    def __init__(
        self,
        client: KerongClient,
        places: Mapping[str, Place],
        *,
        bank: str,
        name: str | None,
        item_sensors: bool,
        poll: timedelta,
    ) -> None:
        self._client = client
        self._places = places
        self._bank = bank
        self._name = name
        self._items = item_sensors
        self._present = PRESENT | ({Capability.ITEM_SENSOR} if item_sensors else frozenset())
        if any(place.accessible for place in places.values()):
            self._present |= {Capability.ACCESSIBLE_UNITS}
        self.evidence_ceiling = Evidence.E4 if item_sensors else Evidence.E3
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
        """A board that is silent leaves its units UNKNOWN; Unreachable only when all of them are."""
        self._check(bank)
        found: dict[int, wire.BoardStatus] = {}
        silent: dict[int, Unreachable] = {}
        # One after the other: they share the line.
        for board in sorted({place.board for place in self._places.values()}):
            try:
                found[board] = await self._client.status(board)
            except Unreachable as error:
                silent[board] = error
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
        already = seen is Seen.ALREADY_OPEN
        return Receipt(Outcome.OPENED, "the door was open already; nothing was sent" if already else "")

    async def hints(self) -> AsyncIterator[DoorHint]:
        for hint in NO_HINTS:
            yield hint

    async def close(self) -> None:
        await self._client.close()

    def _check(self, bank: str) -> None:
        if bank != self._bank:
            raise Refused(f"no bank {bank} on this line", reason="UNKNOWN_BANK")

    def _place(self, bank: str, unit: str) -> Place:
        self._check(bank)
        try:
            return self._places[unit]
        except KeyError:
            raise Refused(f"no unit {unit} in bank {bank}", reason="UNKNOWN_UNIT") from None

    def _unit(self, id: str, place: Place, state: wire.BoardStatus | None, now: datetime) -> Unit:
        if state is None:
            door, occupied = Door.UNKNOWN, None
        else:
            door = Door.CLOSED if state.is_closed(place.lock) else Door.OPEN
            occupied = state.has_item(place.lock) if self._items else None
        return Unit(
            id=id,
            door=door,
            observed_at=now,
            label=place.label,
            size=place.size,
            accessible=place.accessible,
            occupied=occupied,
            flags={"openings_seen": self._client.openings(place.board, place.lock)},
        )


def _boards(given: Sequence[object]) -> dict[int, int]:
    """Board number -> how many locks it has."""
    boards: dict[int, int] = {}
    for each in given:
        described = each if isinstance(each, Mapping) else {"board": each}
        number, locks = described.get("board"), described.get("locks", wire.LOCKS)
        if not (_within(number, 0, wire.BOARDS - 1) and _within(locks, 1, wire.LOCKS)) or number in boards:
            raise Refused("boards must be different numbers from 0 to 9, with 1 to 16 locks", reason=config.REASON)
        boards[number] = locks
    return boards


def _within(value: object, least: int, most: int) -> TypeGuard[int]:
    # A bool is an int to Python, and a mistake here.
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def connect(connection: Connection) -> Adapter:
    given = config.values(SETTINGS, connection)
    transport.check_address(connection.base_url)
    boards = _boards(given["boards"])
    accessible, labels, sizes = given["accessible"], given["labels"] or {}, given["sizes"] or {}
    units = [(f"{board}-{lock}", board, lock) for board, locks in boards.items() for lock in range(1, locks + 1)]
    places = {
        id: Place(board, lock, str(labels.get(id, id)), sizes.get(id), None if accessible is None else id in accessible)
        for id, board, lock in units
    }
    client = KerongClient(
        connection.base_url,
        tuple(boards),
        baudrate=given["baudrate"],
        reply_seconds=float(given["reply_seconds"]),
    )
    return KerongAdapter(
        client,
        places,
        bank=given["bank"],
        name=given["name"],
        item_sensors=bool(given["item_sensors"]),
        poll=timedelta(seconds=float(given["poll_seconds"])),
    )


VENDOR = Vendor(
    name="kerong_cu16",
    title="Kerong KR-CU16 lock boards",
    address_help="socket://host:port of the RS485-Ethernet converter, or a serial device such as /dev/ttyUSB0",
    connect=connect,
    settings=SETTINGS,
)
