"""Answers that the database took though it never said so."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from app.access import service as access
from app.access.service import OpenCompartment
from app.devices.port import Door, Order, OrderKind
from app.fleet.service import Keeper
from app.orders.jobs import Desk
from tenants.model import Role
from tenants.work import Work
from tests.app.scene import Scene

T = TypeVar("T")


class Forgetful(Desk):
    """Its next answer is written down, and the connection is lost before that is known."""

    loses = False

    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        done = await super().write(act)
        if self.loses:
            self.loses = False
            raise ConnectionResetError
        return done


async def keep(scene: Scene) -> Forgetful:
    await scene.drive.start()
    assert scene.drive.keeper is not None
    plain = scene.drive.keeper.desk
    desk = Forgetful(plain.bank, plain.adapter, plain.hands)
    scene.drive.keeper = Keeper(desk)
    await desk.adopt()

    def lose(order: Order) -> None:
        desk.loses = order.kind is OrderKind.OPEN

    scene.hardware.on_send = lose
    return desk


@pytest.mark.parametrize("fate", ["", "lost"])
async def test_an_answer_that_was_written_unheard_is_followed_to_its_end(scene: Scene, fate: str) -> None:
    await keep(scene)
    scene.hardware.fates = [fate]
    ask = OpenCompartment(scene.world.doors[0], "because")
    command = await scene.act(Role.OWNER, access.open_compartment, ask)
    await scene.drive.work()
    await scene.drive.work()
    assert await scene.command(command) == ("DOOR_OPENED", False)
    told = "SELECT count(*) FROM fact WHERE subject_id = $1 AND kind = 'DoorOpened'"
    assert await scene.of(told, scene.world.doors[0]) == 1
    scene.hardware.cells["001"].door = Door.CLOSED
    scene.now.pass_(1)
    await scene.drive.work()
    assert await scene.command(command) == ("DOOR_CLOSED", True)
    assert await scene.alarms() == {}
