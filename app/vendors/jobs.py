"""Carrying surveys out: the vendor is asked over the line that its banks are kept by, and what it says is written."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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

# (tenant, connection) -> its adapter, lent for as long as the block lasts.
Lend = Callable[[UUID, UUID], AbstractAsyncContextManager[Adapter]]


@dataclass(frozen=True, slots=True)
class Surveyor:
    db: Database
    lend: Lend
    clock: Clock = utc_now

    async def run_waiting(self) -> int:
        """Every survey that waits, one after the other; how many were ended."""
        async with self.db.plain() as conn:
            waiting = await queries.WAITING.rows(conn)
        done = 0
        for each in waiting:
            async with self.db.tenant([each["tenant_id"]]) as conn:
                row = await store.TAKE.row(conn, of_tenant=each["tenant_id"], id_=each["id"], now=self.clock())
            if row is not None:
                await self._survey(row)
                done += 1
        return done

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
            await self._end(row, SurveyState.READY, states=states, differing=differing, abilities=abilities)

    async def _bank(self, row: Row) -> Bank | None:
        if row["bank_id"] is None:
            return None
        async with self.db.tenant([row["tenant_id"]]) as conn:
            return await lockers.by_id(conn, row["tenant_id"], row["bank_id"])

    async def _compare(self, bank: Bank, states: tuple[BankState, ...]) -> list[Difference]:
        async with self.db.tenant([bank.tenant_id]) as conn:
            rows = await lockers.doors(conn, bank)
            words = await lockers.size_words(conn, bank)
        return differences((_door(row) for row in rows), states[0].units, words)

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
