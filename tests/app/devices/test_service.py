import pytest

from app.devices import service
from app.devices.service import SetServiceState
from app.kit.errors import Reason, Rejected
from app.lockers.model import Service
from tenants.model import Role
from tests.app.scene import Scene


async def test_what_is_out_of_service_is_not_given_out(scene: Scene) -> None:
    for door in scene.world.doors:
        ask = SetServiceState(door, Service.OUT_OF_SERVICE, "broken")
        await scene.act(Role.MANAGER, service.set_service_state, ask)
    with pytest.raises(Rejected) as refused:
        await scene.reserve()
    assert refused.value.reason is Reason.NO_FREE_COMPARTMENT
