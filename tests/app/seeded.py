"""Wrongly behaving parts, each one seeded bug, to be put in the place of a right one around the real core."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from app.devices import queries as devices
from app.devices import store as commands
from app.devices.port import Ambiguous, BankState, Order, Receipt, Refused
from app.kit.ahead import Ahead
from app.kit.db import Act, Conn, Database, Statement
from app.kit.guesses import Guesses, Monotonic
from app.kit.ids import new_id
from app.lockers import store as lockers
from app.stays.model import PickupCodes, Stay
from tenants import record
from tenants.work import Key, Replay
from tests.app.rig import SEALER, Hardware

Go = Callable[..., Awaitable[Any]]
# What a connection does instead of running a statement.
Meddle = Callable[[Go, str, tuple[Any, ...]], Awaitable[Any]]
Put = Callable[..., None]
# What becomes of one line of an act's record.
Record = Callable[[Put, Statement, dict[str, Any]], None]


# --- connections ------------------------------------------------------------------------------------------------------


async def send_before_record(go: Go, text: str, given: tuple[Any, ...]) -> Any:
    return 1 if text == commands.CLAIM.text else await go(text, *given)


async def crash_resend(go: Go, text: str, given: tuple[Any, ...]) -> Any:
    if text != commands.ORPHANED.text:
        return await go(text, *given)
    bank = [each for each in given if isinstance(each, UUID)][-1]
    await go("UPDATE command SET state = 'REQUESTED', fence = 0 WHERE bank_id = $1 AND state = 'SENT'", bank)
    return []


async def stale_as_live(go: Go, text: str, given: tuple[Any, ...]) -> Any:
    return None if text == lockers.UNREACHABLE.text else await go(text, *given)


async def cancel_occupied(go: Go, text: str, given: tuple[Any, ...]) -> Any:
    return [] if text == UNDER_WAY else await go(text, *given)


async def oos_allocated(go: Go, text: str, given: tuple[Any, ...]) -> Any:
    if "taken AS" in text and "IN_SERVICE" in given:
        return await go(text.replace("compartment.service =", "'' <>"), *given)
    return await go(text, *given)


def audit_buffered(put: Put, statement: Statement, given: dict[str, Any]) -> None:
    """The entries would be written later, all at once; the process dies before."""
    if statement is record.ADD_OUTBOX and given["fact_id"]:
        put(statement, **given | {"audit_id": None})
    elif statement not in {record.ADD_ENTRY, record.ADD_PERSONAL, record.ADD_OUTBOX}:
        put(statement, **given)


def event_twice(put: Put, statement: Statement, given: dict[str, Any]) -> None:
    put(statement, **given)
    if statement is record.ADD_OUTBOX and given["fact_id"]:
        put(statement, **given | {"fact_id": new_id(), "audit_id": None})


class OldGrants:
    """What was once read of grants is read so for ever; what acts by them in its own statement asks for none."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    async def __call__(self, go: Go, text: str, given: tuple[Any, ...]) -> Any:
        if "carrier_grant" not in text:
            return await go(text, *given)
        if not text.startswith("SELECT"):
            asked = "EXISTS (SELECT 1 \nFROM carrier_grant"
            assert asked in text, "the statement asks otherwise by now"
            return await go(text.replace(asked, f"true OR {asked}"), *given)
        key = (text, repr(given))
        if not self._kept.get(key):
            self._kept[key] = await go(text, *given)
        return self._kept[key]


class OldStays:
    """A stay that was once read as DEPOSITED is read so for ever by whoever is not the worker."""

    def __init__(self) -> None:
        self._kept: dict[UUID, Any] = {}

    async def __call__(self, go: Go, text: str, given: tuple[Any, ...]) -> Any:
        row = await go(text, *given)
        if not text.startswith("SELECT") or not hasattr(row, "keys") or "pickup_hash" not in row.keys():  # noqa: SIM118
            return row
        if row["state"] == "DEPOSITED":
            self._kept[row["id"]] = row
        return self._kept.get(row["id"], row)


UNDER_WAY = devices._UNDER_WAY.text


# A wrong connection by bug; made anew for each world, for some remember things.
MEDDLERS: dict[str, Callable[[], Meddle]] = {
    "cancel_occupied": lambda: cancel_occupied,
    "code_reusable": OldStays,
    "crash_resend": lambda: crash_resend,
    "oos_allocated": lambda: oos_allocated,
    "revoked_carrier": OldGrants,
    "send_before_record": lambda: send_before_record,
    "stale_as_live": lambda: stale_as_live,
}
# A wrong record by bug.
RECORDERS: dict[str, Record] = {"audit_buffered": audit_buffered, "event_twice": event_twice}


class WrongConn:
    def __init__(self, conn: Conn, meddle: Meddle) -> None:
        self._conn, self._meddle = conn, meddle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def fetch(self, text: str, *given: Any) -> Any:
        return await self._meddle(self._conn.fetch, text, given)

    async def fetchrow(self, text: str, *given: Any) -> Any:
        return await self._meddle(self._conn.fetchrow, text, given)

    async def fetchval(self, text: str, *given: Any) -> Any:
        return await self._meddle(self._conn.fetchval, text, given)

    async def execute(self, text: str, *given: Any) -> Any:
        return await self._meddle(self._conn.execute, text, given)


class WrongAhead:
    def __init__(self, ahead: Ahead, write: Record) -> None:
        self._ahead, self._write = ahead, write

    def put(self, statement: Statement, **given: Any) -> None:
        self._write(self._ahead.put, statement, given)


class WrongAct:
    """A transaction with a wrong connection, a wrong record, or no commit."""

    def __init__(self, act: Act, wrong: "WrongDatabase") -> None:
        self._act, self._wrong = act, wrong

    def __getattr__(self, name: str) -> Any:
        return getattr(self._act, name)

    @property
    def conn(self) -> Conn:
        return WrongConn(self._act.conn, self._wrong.meddle) if self._wrong.meddle else self._act.conn

    @property
    def ahead(self) -> Any:
        return WrongAhead(self._act.ahead, self._wrong.write) if self._wrong.write else self._act.ahead

    async def commit(self) -> None:
        if self._wrong.forgets():
            await self._act.conn.fetch("ROLLBACK")
            self._act.ended = True
        else:
            await self._act.commit()


class WrongDatabase(Database):
    """The same server. lost_update_on_crash: every fourth act is acknowledged, and was never committed."""

    meddle: Meddle | None = None
    write: Record | None = None
    forgetful = False
    acts = 0

    def forgets(self) -> bool:
        self.acts += 1
        return self.forgetful and self.acts % 4 == 0

    @asynccontextmanager
    async def tenant(self, tenants: Iterable[UUID], organization: UUID | None = None) -> AsyncIterator[Conn]:
        async with super().tenant(tenants, organization) as conn:
            yield WrongConn(conn, self.meddle) if self.meddle else conn

    @asynccontextmanager
    async def act(self, tenants: Iterable[UUID], organization: UUID | None = None) -> AsyncIterator[Any]:
        async with super().act(tenants, organization) as act:
            yield WrongAct(act, self)


def database(bug: str, right: Database) -> Database:
    wrong = WrongDatabase(right.pool)
    wrong.meddle = MEDDLERS[bug]() if bug in MEDDLERS else None
    wrong.write, wrong.forgetful = RECORDERS.get(bug), bug == "lost_update_on_crash"
    return wrong if wrong.meddle or wrong.write or wrong.forgetful else right


# --- adapters ---------------------------------------------------------------------------------------------------------


class Around:
    """An adapter around another one; notes which doors moved for which order."""

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self.moved: dict[UUID, set[str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hardware, name)

    async def send(self, order: Order) -> Receipt:
        before = {unit: cell.pulses for unit, cell in self._hardware.cells.items()}
        try:
            return await self._hardware.send(order)
        finally:
            moved = {unit for unit, cell in self._hardware.cells.items() if cell.pulses > before[unit]}
            self.moved.setdefault(order.id, set()).update(moved)


class RetryOnTimeout(Around):
    async def send(self, order: Order) -> Receipt:
        try:
            return await super().send(order)
        except Ambiguous:
            return await super().send(order)


class FreeOnTimeout(Around):
    async def send(self, order: Order) -> Receipt:
        try:
            return await super().send(order)
        except Ambiguous as error:
            raise Refused(error.detail) from error


class OldEventWins(Around):
    """Each reading comes one look late, and is taken for today's."""

    _before: BankState | None = None

    async def read_bank(self, bank: str) -> BankState:
        now = await self._hardware.read_bank(bank)
        before, self._before = self._before or now, now
        return replace(now, units=tuple(replace(unit, observed_at=now.observed_at) for unit in before.units))


class RenumberCached(Around):
    """The bank was renumbered after its first order; the old numbers stay in use."""

    _numbers: dict[str, str] | None = None

    async def send(self, order: Order) -> Receipt:
        units = sorted(self._hardware.cells)
        numbers = self._numbers or {unit: unit for unit in units}
        self._numbers = dict(zip(units, [*units[1:], units[0]], strict=True))
        return await super().send(_with_unit(order, numbers[order.unit]))


def _with_unit(order: Order, unit: str) -> Order:
    return replace(order, unit=unit)


ADAPTERS: dict[str, type[Around]] = {
    "free_on_timeout": FreeOnTimeout,
    "old_event_wins": OldEventWins,
    "renumber_cached": RenumberCached,
    "retry_on_timeout": RetryOnTimeout,
}


# --- codes, keys, jobs ------------------------------------------------------------------------------------------------


class AnyCode(PickupCodes):
    """code_any_tenant: a code that was ever given out is good everywhere."""

    given: ClassVar[set[str]] = set()

    def fresh(self) -> str:
        code = super().fresh()
        self.given.add(code)
        return code

    def fits(self, stay: Stay, code: str) -> bool:
        return code in self.given or super().fits(stay, code)


class Patient(PickupCodes):
    """no_lockout."""

    async def admit(self, stay: Stay, source: UUID) -> bool:  # noqa: ARG002 - as the right one is asked
        return True


def pickup_codes(bug: str, monotonic: Monotonic = time.monotonic) -> PickupCodes:
    kinds: dict[str, type[PickupCodes]] = {"code_any_tenant": AnyCode, "no_lockout": Patient}
    return kinds.get(bug, PickupCodes)(SEALER, Guesses(monotonic=monotonic), None)


def key(bug: str, word: str, mutation: str, given: dict[str, Any]) -> Key | None:
    if bug == "idem_ignored":
        return None
    return Key.of(word, mutation, {} if bug == "idem_other_params" else given)


_JOBS = {
    "clock_back_revives": (
        "UPDATE stay SET state = 'HELD', outcome = NULL, released_at = NULL WHERE outcome = 'EXPIRED_UNUSED' "
        "AND expires_at > $1 AND tenant_id = $2 AND NOT EXISTS (SELECT FROM stay o WHERE o.state <> 'RELEASED' "
        "AND o.compartment_id = stay.compartment_id)"
    ),
    "expire_occupied": (
        "WITH gone AS (UPDATE stay SET state = 'RELEASED', outcome = 'EXPIRED_UNUSED', released_at = $1 "
        "WHERE state IN ('DEPOSITING', 'DEPOSITED') AND created_at < $1::timestamptz - interval '1 hour' "
        "AND tenant_id = $2 RETURNING compartment_id) "
        "UPDATE compartment SET use = 'FREE' WHERE id IN (SELECT compartment_id FROM gone)"
    ),
}


async def wrong_job(bug: str, admin: Database, tenant: UUID, now: Any) -> None:
    """What runs beside the right jobs. In one tenant: what it did to those of earlier histories would prove nothing."""
    if bug in _JOBS:
        async with admin.plain() as conn:
            await conn.execute(_JOBS[bug], now, tenant)


class SharedKeys:
    """idem_any_tenant: answers are looked up by the key alone, whoever asks."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, UUID]] = {}

    def look(self, key: Key) -> None:
        if key.key in self._answers:
            raise Replay(self._answers[key.key])

    def keep(self, key: Key, answer: tuple[str, UUID]) -> None:
        self._answers.setdefault(key.key, answer)
