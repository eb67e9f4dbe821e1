"""The adapter, and a careless brother of it that asks again when no answer comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from app.devices.port import (
    Ability,
    Ambiguous,
    BankState,
    Capability,
    Connection,
    ContractBroken,
    Door,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Timing,
    Unit,
    Unreachable,
    Unsupported,
    Vendor,
)

BANK = "ACME"
READ_SECONDS = 0.3
SECOND = timedelta(seconds=1)


class AcmeAdapter:
    evidence_ceiling = Evidence.E3
    redact: frozenset[str] = frozenset()
    timing = Timing(SECOND, SECOND, SECOND, SECOND)
    tries = 1

    def __init__(self, connection: Connection) -> None:
        self.vendor = connection.vendor
        self._address = urlsplit(connection.base_url)
        self._sent: set[UUID] = set()

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        present = {Capability.REMOTE_OPEN, Capability.DOOR_SENSOR, Capability.READBACK}
        return {each: Ability.WORKS if each in present else Ability.ABSENT for each in Capability}

    async def list_banks(self) -> tuple[BankState, ...]:
        return (await self.read_bank(BANK),)

    async def read_bank(self, bank: str) -> BankState:
        if bank != BANK:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        try:
            answer = await self._ask("read", READ_SECONDS)
        except Ambiguous as error:
            raise Unreachable(error.detail) from error
        now = datetime.now(UTC)
        pairs = [word.partition("=") for word in answer.split()]
        if not all(door in {"open", "closed"} for _, _, door in pairs):
            raise ContractBroken("a door is either open or closed")
        units = tuple(Unit(id, Door(door.upper()), now) for id, _, door in pairs)
        return BankState(bank, units, now)

    async def read_unit(self, bank: str, unit: str) -> Unit:
        for each in (await self.read_bank(bank)).units:
            if each.id == unit:
                return each
        raise Refused(f"no unit {unit}", reason="UNKNOWN_UNIT")

    async def send(self, order: Order) -> Receipt:
        if order.kind is not OrderKind.OPEN:
            raise Unsupported("a box only opens doors")
        if order.id in self._sent:
            raise Ambiguous("sent before")
        self._sent.add(order.id)
        for left in reversed(range(self.tries)):
            try:
                answer = await self._ask(f"open {order.unit}", order.deadline.total_seconds() / self.tries)
            except Ambiguous:
                if not left:
                    raise
            except Unreachable:
                self._sent.discard(order.id)
                raise
            else:
                return _receipt(answer, order.unit)
        raise AssertionError("the last try ends by returning or raising")

    async def hints(self) -> AsyncIterator[DoorHint]:
        nothing: tuple[DoorHint, ...] = ()
        for hint in nothing:
            yield hint

    async def close(self) -> None:
        return

    async def _ask(self, line: str, seconds: float) -> str:
        try:
            reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        except OSError as error:
            raise Unreachable("nobody there") from error
        try:
            writer.write(f"{line}\n".encode())
            answer = (await asyncio.wait_for(reader.readline(), seconds)).decode(errors="replace")
        except (OSError, TimeoutError, ValueError) as error:
            raise Ambiguous("no whole answer came") from error
        finally:
            writer.close()
        if not answer.endswith("\n"):
            raise Ambiguous("no whole answer came")
        return answer.strip()


class CarelessAdapter(AcmeAdapter):
    tries = 2


def _receipt(answer: str, unit: str) -> Receipt:
    if answer == "unknown":
        raise Refused(f"no unit {unit}", reason="UNKNOWN_UNIT")
    if answer == "jammed":
        raise Refused("the door stayed closed", reason="OPEN_FAILED")
    if answer != f"opened {unit}":
        raise Ambiguous("the answer made no sense")
    return Receipt(Outcome.OPENED)


VENDOR = Vendor("acme", "Acme boxes", "tcp://host:port", AcmeAdapter)
CARELESS = Vendor("acme_careless", "Acme boxes, asked twice", "tcp://host:port", CarelessAdapter)
