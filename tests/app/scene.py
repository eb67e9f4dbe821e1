"""A world, its hardware, and people who act in it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from app.access import service as access
from app.access.service import OpenCompartment
from app.devices.port import Door
from app.kit.db import Database
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import service
from tenants.model import Role
from tests.app.drive import Drive
from tests.app.rig import Hardware, Now, actor, codes, context, make_world, value

Act = Callable[..., Awaitable[UUID]]


class Scene:
    def __init__(self, app: Database, admin: Database, drive: Drive) -> None:
        self.app, self.admin, self.drive, self.now, self.world = app, admin, drive, drive.now, drive.world
        self.hardware = drive.hardware

    async def act(self, role: Role, act: Act, *given: object) -> UUID:
        async with context(self.app, actor(self.world, role), self.now).begin() as work:
            return await act(work, *given)

    async def reserve(self) -> UUID:
        ask = ReserveCompartment(self.world.bank, Size.M, uuid4().hex, recipient_id=self.world.recipient)
        return await self.act(Role.COURIER, reserving.reserve, ask)

    async def open(self, role: Role, stay: UUID) -> UUID:
        door = await self.of("SELECT compartment_id FROM stay WHERE id = $1", stay)
        return await self.act(role, access.open_compartment, OpenCompartment(door, "because"))

    async def deposited(self) -> UUID:
        """A parcel brought by a courier, its door opened and closed."""
        stay = await self.reserve()
        await self.open(Role.COURIER, stay)
        await self.drive.work()
        self.close()
        await self.drive.work()
        await self.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
        await self.drive.work()
        return stay

    def close(self) -> None:
        for cell in self.hardware.cells.values():
            cell.door = Door.CLOSED

    async def of(self, sql: str, *given: object) -> Any:
        return await value(self.admin, sql, *given)

    async def stay(self, id: UUID) -> tuple[str, str, str | None]:
        async with self.admin.plain() as conn:
            row = await conn.fetchrow("SELECT state, evidence, outcome FROM stay WHERE id = $1", id)
        return row["state"], row["evidence"], row["outcome"]

    async def command(self, id: UUID) -> tuple[str, bool]:
        async with self.admin.plain() as conn:
            row = await conn.fetchrow("SELECT state, settled FROM command WHERE id = $1", id)
        return row["state"], row["settled"]

    async def alarms(self) -> dict[str, str]:
        async with self.admin.plain() as conn:
            rows = await conn.fetch("SELECT kind, condition FROM alarm WHERE tenant_id = $1", self.world.tenant)
        return {row["kind"]: row["condition"] for row in rows}


async def make_scene(app: Database, worker: Database, admin: Database, capabilities: dict[str, str]) -> Scene:
    world = await make_world(admin, capabilities=capabilities)
    return Scene(app, admin, Drive(worker, world, Hardware(3, capabilities), Now()))
