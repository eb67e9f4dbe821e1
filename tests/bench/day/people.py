"""What people do at banks in a day: reserve, put in, take out, change their minds, forget; at towers, with phones."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from adapters.harbor.simulator import phone
from adapters.harbor.simulator.world import HarborWorld
from app.access import service as access
from app.kit.errors import LockyardError
from app.lockers.model import Size
from app.passes.model import Vault
from app.reserving import service as reserving
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.work import Work
from tests.app.rig import SEALER, codes, context
from tests.bench.day.town import Town
from tests.bench.faults.place import Place

HOLD = timedelta(hours=2)
# What a phone does with a tower's news: now, twice, not at all, or so many seconds later.
NEWS: tuple[str | float, ...] = ("now", "now", "now", "twice", "never", 900.0)
# With phones: what is shown to the tower, and which pass.
PHONES = {"brought": "DEPOSIT", "fetched": "PICKUP"}


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
                phones = isinstance(place.simulated, HarborWorld)
                name = self._next(row["state"], row["waits"] / 3600, hours, phones=phones)
                if name:
                    await self._act(place, name, row)
                    touched.add(row["bank_id"])
        return touched

    async def _act(self, place: Place, name: str, row: dict[str, Any]) -> None:
        if name in PHONES and await self._showed(place, row["id"], PHONES[name]):
            self.did[name] += 1
        elif name != "brought":
            # Who has no pass to take out with asks for one, and comes again.
            name = "collected" if name == "fetched" else name
            await self._do(place, name, partial(self._step, name=name, stay=row["id"], door=row["door"]))

    def _next(self, state: str, waits: float, hours: float, *, phones: bool) -> str | None:
        """Most put in within an hour and collect within six; some never come. Where phones open, a pass comes first."""
        draw = self.luck.random()
        if state in {"HELD", "ACCESS_ISSUED"}:
            if draw < hours * 0.9 and (state == "ACCESS_ISSUED" or not phones):
                return "brought" if phones else "opened" if self.luck.random() < 0.5 else "deposited"
            return self.luck.choice(["cancelled", "extended"]) if draw > 1 - hours * 0.1 else None
        if state == "DEPOSITED":
            if draw < hours * (0.2 if waits < 6 else 0.6):
                return "fetched" if phones else "collected"
            return "removed" if draw > 1 - hours * 0.02 else None
        return None

    async def _showed(self, place: Place, stay: UUID, kind: str) -> bool:
        """Its holder shows the newest pass to the tower."""
        assert isinstance(place.simulated, HarborWorld)
        row = await self.town.admin.pool.fetchrow(
            """SELECT p.id, p.sealed, b.external_id AS tower FROM pass p JOIN bank b ON b.id = p.bank_id
            WHERE p.stay_id = $1 AND p.kind = $2 AND p.sealed IS NOT NULL ORDER BY p.issued_at DESC LIMIT 1""",
            stay, kind,
        )  # fmt: skip
        if row is None:
            return False
        vault = Vault(SEALER)
        pair = {
            "payload": vault.show(row["id"], "payload", row["sealed"]),
            "payload_auth": vault.show(row["id"], "payloadAuth", row["sealed"]),
        }
        said = phone.use(place.simulated, {"tower": row["tower"], **pair, "sync": self.luck.choice(NEWS)})
        return said["locker"] is not None

    async def _open_stays(self, place: Place) -> list[dict[str, Any]]:
        rows = await self.town.admin.pool.fetch(
            """SELECT s.id, s.state, s.bank_id, s.compartment_id AS door,
              extract(epoch FROM $2 - s.created_at)::float AS waits
            FROM stay s WHERE s.tenant_id = $1 AND s.state IN ('HELD', 'ACCESS_ISSUED', 'DEPOSITED') ORDER BY s.id""",
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
