"""A bank of Harbor towers behind the real core: adapter and simulator on sockets, phones, and one clock for all."""

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from adapters.harbor.adapter import HarborAdapter, receive
from adapters.harbor.simulator import phone
from adapters.harbor.simulator.cloud import CLIENT, HEADER
from adapters.harbor.simulator.world import HarborWorld
from adapters.pacing import Quiet
from app.devices import jobs as devices_jobs
from app.devices.port import Connection
from app.handover import jobs as handover_jobs
from app.kit.db import Database
from app.kit.seal import Sealer
from app.passes.model import PARTS, Vault
from app.pushes import service as pushes
from app.stays import jobs
from tests.adapters.harbor.rig import TOWER, harbor_rig
from tests.app.drive import Drive
from tests.app.rig import SEALER, Now, make_world
from tests.app.scene import Scene

PHONES = {
    "ACCESSIBLE_UNITS": "WORKS", "PHONE_TOKENS": "WORKS", "PUSH_EVENTS": "WORKS", "READBACK": "WORKS",
    "VENDOR_RESERVATION": "WORKS",
}  # fmt: skip
# The vendor names the door with the link.
LINKS = {**PHONES, "VENDOR_RESERVATION": "ABSENT", "VENDOR_ASSIGNS_UNIT": "WORKS"}
SECRET = "shh-0123456789abcdef"


class Towers(Scene):
    """`unit` of a stay is the vendor's id of its locker."""

    hardware: Any
    vendor: HarborWorld

    @classmethod
    async def make(
        cls, app: Database, worker: Database, admin: Database, adapter: Any, vendor: HarborWorld,
        capabilities: dict[str, str] = PHONES,
    ) -> "Towers":  # fmt: skip
        world = await make_world(admin, capabilities=capabilities)
        secret = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "webhook_secret": SECRET}
        sealed = SEALER.seal(json.dumps(secret).encode(), world.connection.bytes)
        async with admin.plain() as conn:
            await conn.execute(
                "UPDATE vendor_connection SET vendor = 'harbor', base_url = 'http://127.0.0.1:1', secret_sealed = $2 "
                "WHERE id = $1",
                world.connection, sealed,
            )  # fmt: skip
            await conn.execute("UPDATE bank SET vendor = 'harbor', external_id = $2 WHERE id = $1", world.bank, TOWER)
            for number, door in enumerate(world.doors, 1001):
                await conn.execute("UPDATE compartment SET external_id = $2 WHERE id = $1", door, str(number))
        made = cls(app, admin, Drive(worker, world, adapter, Now()))
        made.vendor = vendor
        made.hardware._now = made.now
        made.hardware._client.quiet = Quiet(clock=made.now.monotonic)
        return made

    async def pass_time(self, seconds: float) -> None:
        """Time goes by for everybody, and whatever is due is done."""
        self.now.pass_(seconds)
        self.vendor.clock.advance(seconds)
        await jobs.expire(self.drive.worker, self.drive.system, self.now)
        for due in (handover_jobs.renew, handover_jobs.bury_dead, devices_jobs.bring_back):
            await due(self.drive.worker, self.drive.system, self.now)
        await self.settle()

    async def settle(self) -> None:
        """As many rounds as the keeper would need."""
        for _ in range(4):
            self.now.pass_(0.5)
            self.vendor.clock.advance(0.5)
            await self.drive.work()

    async def unit(self, stay: UUID) -> str:
        sql = "SELECT c.external_id FROM stay s JOIN compartment c ON c.id = s.compartment_id WHERE s.id = $1"
        return str(await self.of(sql, stay))

    async def book(self, stay: UUID) -> str:
        """What the vendor's books say."""
        return self.vendor.lockers[TOWER, await self.unit(stay)].status

    async def held(self, stay: UUID, kind: str = "DEPOSIT", sealer: Sealer = SEALER) -> dict[str, Any]:
        """What the holder of the latest pass has on the phone."""
        sql = "SELECT id, sealed FROM pass WHERE stay_id = $1 AND kind = $2 ORDER BY issued_at DESC, id DESC LIMIT 1"
        async with self.admin.plain() as conn:
            row = await conn.fetchrow(sql, stay, kind)
        vault = Vault(sealer)
        shown = {part: vault.show(row["id"], part, row["sealed"]) for part in PARTS}
        if shown["link"]:
            return {"link": shown["link"]}
        return {"payload": shown["payload"], "payload_auth": shown["payloadAuth"]}

    async def passes(self, stay: UUID) -> list[tuple[str, str]]:
        async with self.admin.plain() as conn:
            rows = await conn.fetch("SELECT kind, state FROM pass WHERE stay_id = $1 ORDER BY issued_at, id", stay)
        return [(row["kind"], row["state"]) for row in rows]

    def show(self, pair: dict[str, Any], **how: Any) -> dict[str, Any]:
        return phone.use(self.vendor, {"tower": TOWER, **pair, **how})

    def sync(self, **how: Any) -> None:
        phone.sync(self.vendor, {"tower": TOWER, **how})

    async def post(self) -> None:
        """The vendor's events arrive, all there ever were."""
        secret = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "webhook_secret": SECRET}
        account = Connection(self.world.connection, "harbor", "http://127.0.0.1:1", {}, secret)
        for each in self.vendor.history:
            body = json.dumps(each).encode()
            mark = hmac.digest(SECRET.encode(), body, "sha256").hex()
            pushed = receive(account, {HEADER.lower(): mark}, body)
            async with self.drive.system(self.world.tenant).begin() as work:
                work.enter(self.world.tenant)
                await pushes.receive(work, self.world.connection, pushed)

    async def only(self, unit: str) -> None:
        """All other doors are out of service: whoever reserves gets this one."""
        async with self.admin.plain() as conn:
            await conn.execute(
                "UPDATE compartment SET service_reason = NULL, service_until = NULL, "
                "service = CASE WHEN external_id = $2 THEN 'IN_SERVICE' ELSE 'OUT_OF_SERVICE' END WHERE tenant_id = $1",
                self.world.tenant, unit,
            )  # fmt: skip

    async def issued(self) -> UUID:
        """A stay whose courier has something to open the door with."""
        stay = await self.reserve()
        await self.settle()
        return stay

    async def brought(self, **how: Any) -> UUID:
        """The courier's phone has opened the door."""
        stay = await self.issued()
        assert self.show(await self.held(stay), **how)["way"] == "in"
        await self.settle()
        return stay

    async def openings(self, stay: UUID) -> int:
        return self.vendor.doors.at(TOWER, await self.unit(stay)).openings


@asynccontextmanager
async def towers(app: Database, worker: Database, admin: Database, **settings: Any) -> AsyncIterator[Towers]:
    async with harbor_rig(secret={"webhook_secret": SECRET}, **settings) as rig:
        assert isinstance(rig.adapter, HarborAdapter)
        capabilities = LINKS if settings.get("links") == "both" else PHONES
        yield await Towers.make(app, worker, admin, rig.adapter, rig.world, capabilities)
