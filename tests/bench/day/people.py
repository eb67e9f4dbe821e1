"""What people do at banks in a day: reserve, put in, take out, change their minds, forget."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from app.access import service as access
from app.kit.errors import LockyardError
from app.lockers.model import Size
from app.reserving import service as reserving
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.work import Work
from tests.app.rig import codes, context
from tests.bench.day.town import Town
from tests.bench.faults.place import Place

HOLD = timedelta(hours=2)


@dataclass(slots=True)
class People:
    """`rate`: reservations a bank and hour. Always the same day for the same seed."""

    town: Town
    luck: random.Random
    rate: float
    did: Counter[str] = field(default_factory=Counter)

    async def act(self, hours: float) -> set[UUID]:
        """What is done in a span of so many hours; at which banks."""
        touched: set[UUID] = set()
        for place in self.town.places:
            for bank in place.banks:
                if self.luck.random() < self.rate * hours:
                    await self._do(place, "reserved", partial(self._reserve, place=place, bank=bank))
                    touched.add(bank)
            for row in await self._open_stays(place):
                name = self._next(row["state"], row["waits"] / 3600, hours)
                if name:
                    step = partial(self._step, name=name, stay=row["id"], door=row["door"])
                    await self._do(place, name, step)
                    touched.add(row["bank_id"])
        return touched

    def _next(self, state: str, waits: float, hours: float) -> str | None:
        """Most put in within an hour and collect within six; some never come."""
        draw = self.luck.random()
        if state == "HELD":
            if draw < hours * 0.9:
                return "opened" if self.luck.random() < 0.5 else "deposited"
            return self.luck.choice(["cancelled", "extended"]) if draw > 1 - hours * 0.1 else None
        if state == "DEPOSITED":
            if draw < hours * (0.2 if waits < 6 else 0.6):
                return "collected"
            return "removed" if draw > 1 - hours * 0.02 else None
        return None

    async def _open_stays(self, place: Place) -> list[dict[str, Any]]:
        rows = await self.town.admin.pool.fetch(
            """SELECT s.id, s.state, s.bank_id, s.compartment_id AS door,
              extract(epoch FROM $2 - s.created_at)::float AS waits
            FROM stay s WHERE s.tenant_id = $1 AND s.state IN ('HELD', 'DEPOSITED') ORDER BY s.id""",
            place.owner.organization_id, self.town.now(),
        )  # fmt: skip
        return [dict(row) for row in rows]

    async def _do(self, place: Place, name: str, act: Callable[[Work], Awaitable[UUID]]) -> None:
        """What the product refuses is refused; people come again."""
        with suppress(LockyardError):
            async with context(self.town.app, place.owner, self.town.now).begin() as work:
                await act(work)
            self.did[name] += 1

    async def _reserve(self, work: Work, place: Place, bank: UUID) -> UUID:
        ask = reserving.ReserveCompartment(bank, Size.M, uuid4().hex, recipient_id=place.recipient, hold=HOLD)
        return await reserving.reserve(work, ask)

    async def _step(self, work: Work, name: str, stay: UUID, door: UUID) -> UUID:
        if name == "opened":
            return await access.open_compartment(work, access.OpenCompartment(door, "to put in"))
        if name == "deposited":
            return await stays.confirm_deposit(work, stay, None, codes())
        if name == "extended":
            return await stays.extend(work, stay, timedelta(hours=1), None)
        if name == "collected":
            return await access.collect(work, access.Collect(stay), codes())
        outcome = StayOutcome.CANCELLED if name == "cancelled" else StayOutcome.REMOVED_BY_STAFF
        return await stays.release(work, stay, outcome, "changed plans")

    def away(self) -> None:
        """Now and then a bank drops off the network, and comes back after an hour or so."""
        for place in self.town.places:
            faults = place.simulated.faults
            for bank in place.banks.values():
                if faults.away(bank):
                    if self.luck.random() < 0.1:
                        faults.come_back(bank)
                elif self.luck.random() < 0.0005:
                    faults.go_away(bank, "reset")
