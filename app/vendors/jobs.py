"""Carrying surveys out: the vendor is asked over the line that its banks are kept by, and what it says is written."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from app.devices.port import Adapter, BankState, DeviceError
from app.kit.bus import LOST
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.seal import SealBroken
from app.lockers import queries as lockers
from app.lockers.model import Bank, Service, Use
from app.vendors import events, queries, store
from app.vendors.model import Difference, Door, SurveyState, differences, found
from tenants.system import system_context
from tenants.work import Work

log = logging.getLogger("lockyard.vendors")

# More than any adapter's own deadline for a listing; what hangs longer is a fault of the adapter.
SURVEY_SECONDS = 60.0

# Some ten thousand units, in bytes.
LARGEST_FOUND = 1024 * 1024

# (tenant, connection) -> its adapter, lent for as long as the block lasts.
Lend = Callable[[UUID, UUID], AbstractAsyncContextManager[Adapter]]


# Tenants whose surveys are carried out at the same time.
MOST_AT_ONCE = 4


@dataclass(slots=True)
class Surveyor:
    """One survey of a tenant after the other, tenants side by side: a vendor that hangs holds up its own tenant only.
    `ended` is called when one is over, for then another may begin."""

    db: Database
    lend: Lend
    ended: Callable[[], None] = lambda: None
    clock: Clock = utc_now
    _at_work: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _turns: dict[UUID, int] = field(default_factory=dict)

    async def begin_waiting(self) -> None:
        """The oldest that waits of each tenant, as far as there is room. Who had a turn lately lets the others go
        first."""
        async with self.db.plain() as conn:
            rows = await queries.WAITING.rows(conn, now=self.clock())
        waiting = {row["tenant_id"]: row["id"] for row in rows}
        self._turns = {tenant: turn for tenant, turn in self._turns.items() if tenant in waiting}
        for tenant in sorted(waiting, key=lambda tenant: self._turns.get(tenant, 0)):
            if len(self._at_work) < MOST_AT_ONCE and tenant not in self._at_work:
                self._turns[tenant] = max(self._turns.values(), default=0) + 1
                self._at_work[tenant] = asyncio.create_task(self._carry_out(tenant, waiting[tenant]))

    async def abandon(self) -> None:
        """What was begun begins anew elsewhere."""
        for task in list(self._at_work.values()):
            task.cancel()
        await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    async def _carry_out(self, tenant: UUID, id_: UUID) -> None:
        try:
            async with self.db.tenant([tenant]) as conn:
                row = await store.TAKE.row(conn, of_tenant=tenant, id_=id_, now=self.clock())
            if row is not None:
                await self._survey(row)
        except LOST as error:
            log.warning("survey %s waits: the database is away: %s", id_, type(error).__name__)
        finally:
            del self._at_work[tenant]
            self.ended()

    async def _survey(self, row: Row) -> None:
        """One account's fault must end neither the surveys of others nor the fleet they run beside."""
        try:
            await self._answer(row)
        except LOST:
            raise
        except Exception:
            log.exception("survey %s failed", row["id"])
            await self._end(row, SurveyState.FAILED, problem="What the vendor answered cannot be kept.")

    async def _answer(self, row: Row) -> None:
        tenant = row["tenant_id"]
        try:
            bank = await self._bank(row)
            async with asyncio.timeout(SURVEY_SECONDS), self.lend(tenant, row["connection_id"]) as adapter:
                states = await _read(adapter, bank)
                abilities = {name.value: ability.value for name, ability in adapter.capabilities.items()}
            differing = await self._compare(bank, states) if bank else []
        except DeviceError as error:
            await self._end(row, SurveyState.FAILED, problem=error.detail)
        except TimeoutError:
            await self._end(row, SurveyState.FAILED, problem="The vendor gave no answer in time.")
        except SealBroken:
            await self._end(row, SurveyState.FAILED, problem="The account's secret cannot be opened: enter it again.")
        else:
            if len(orjson.dumps([found(state) for state in states])) > LARGEST_FOUND:
                await self._end(row, SurveyState.FAILED, problem="The account holds more than can be shown at once.")
                return
            await self._end(row, SurveyState.READY, states=states, differing=differing, abilities=abilities)

    async def _bank(self, row: Row) -> Bank | None:
        if row["bank_id"] is None:
            return None
        async with self.db.tenant([row["tenant_id"]]) as conn:
            return await lockers.by_id(conn, row["tenant_id"], row["bank_id"])

    async def _compare(self, bank: Bank, states: tuple[BankState, ...]) -> list[Difference]:
        async with self.db.tenant([bank.tenant_id]) as conn:
            rows = await lockers.doors(conn, bank)
            words, known_by = await lockers.size_words(conn, bank), await lockers.likeness(conn, bank)
        return differences((_door(row) for row in rows), states[0], words, known_by)

    async def _end(
        self,
        row: Row,
        after: SurveyState,
        *,
        problem: str | None = None,
        states: tuple[BankState, ...] = (),
        differing: list[Difference] | None = None,
        abilities: Mapping[str, str] | None = None,
    ) -> None:
        given: dict[str, Any] = {
            "after": after.value, "new_problem": problem, "new_found": [found(state) for state in states],
            "new_differences": [each.public() for each in differing or []],
            "new_capabilities": dict(abilities or {}),
        }  # fmt: skip
        kind = "SurveyFinished" if after is SurveyState.READY else "SurveyFailed"
        told: dict[str, object] = {"banks": len(states), "differences": len(differing or []), "problem": problem}
        context = system_context(self.db, row["tenant_id"], origin="device", clock=self.clock)
        async with context.begin() as work:
            await self._write(work, row, given, kind, told)

    async def _write(self, work: Work, row: Row, given: dict[str, Any], kind: str, told: dict[str, object]) -> None:
        work.enter(row["tenant_id"])
        if await store.END.row(work.conn, of_tenant=row["tenant_id"], id_=row["id"], now=work.now, **given):
            work.emit(events.of_survey(kind, row["id"], row["site_id"], row["bank_id"], **told))


async def _read(adapter: Adapter, bank: Bank | None) -> tuple[BankState, ...]:
    if bank is not None:
        return (await adapter.read_bank(bank.external_id),)
    listed = await adapter.list_banks()
    # Some vendors list banks without their units.
    return tuple([state if state.units else await adapter.read_bank(state.id) for state in listed])


def _door(row: Row) -> Door:
    return Door(
        row["external_id"], row["label"], row["size"], row["accessible"], row["use"] != Use.FREE,
        row["service"] != Service.OUT_OF_SERVICE,
    )  # fmt: skip
