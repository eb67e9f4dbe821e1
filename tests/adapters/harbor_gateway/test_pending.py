"""What the cloud has taken on ends with what its gateway does not have, or with what the cloud itself has forgotten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.harbor_gateway.adapter import VENDOR, GatewayAdapter
from adapters.harbor_gateway.simulator.box import Box, Said
from adapters.harbor_gateway.simulator.cloud import BLOCKS, KEY, GatewayCloud, Taken
from adapters.harbor_gateway.simulator.world import GatewayWorld, plain_banks
from adapters.simulation import control
from app.devices.port import Ambiguous, Connection, ContractBroken, Order, OrderKind, Refused

BANK = "HG-01"


class Slow(Box):
    """Answers later than the cloud waits."""

    async def answer(self, method: str, path: str, body: bytes) -> Said:
        await asyncio.sleep(0.2)
        return await super().answer(method, path, body)


class Forgetful(dict[str, Taken]):
    """Requests that were taken on and are known no more when somebody asks."""

    def get(self, *_: object) -> None:  # type: ignore[override]
        return None


@pytest.fixture
async def slow() -> AsyncIterator[tuple[GatewayAdapter, GatewayCloud]]:
    world = GatewayWorld(plain_banks(1, 4))
    cloud = GatewayCloud(world, blocks=dict.fromkeys(BLOCKS, 0.05))
    cloud._boxes[BANK] = Slow(world, BANK)
    async with control.Server(cloud.app()) as server:
        adapter = VENDOR.connect(Connection(uuid4(), VENDOR.name, server.url, {"api": "cloud"}, {"api_key": KEY}))
        assert isinstance(adapter, GatewayAdapter)
        yield adapter, cloud
        await adapter.close()
        await cloud.close()


def order(kind: OrderKind, unit: str = "1", reference: str | None = "r-1") -> Order:
    return Order(uuid4(), kind, BANK, unit, timedelta(seconds=5), reference=reference)


def forget(cloud: GatewayCloud, status: int) -> None:
    """The cloud knows the request no more, or says something that is not its gateway's."""
    cloud._world.faults.add({"kind": "status", "where": "request", "status": status, "times": -1})


async def test_what_the_gateway_does_not_have_is_not_there_however_late_it_says_so(
    slow: tuple[GatewayAdapter, GatewayCloud],
) -> None:
    adapter, _ = slow
    assert await adapter.find_placement(BANK, "r-1") is None
    with pytest.raises(Refused) as refused:
        await adapter.read_unit(BANK, "99")
    assert refused.value.reason == "UNKNOWN_UNIT"
    gone = await adapter.send(order(OrderKind.RELEASE))
    assert (gone.released, gone.detail) == (True, "it was gone before")


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_the_cloud_itself_does_not_have_proves_nothing(
    slow: tuple[GatewayAdapter, GatewayCloud], status: int
) -> None:
    adapter, cloud = slow
    forget(cloud, status)
    with pytest.raises(ContractBroken):
        await adapter.find_placement(BANK, "r-1")
    with pytest.raises(Ambiguous):
        await adapter.send(order(OrderKind.RELEASE))


async def test_a_request_that_the_cloud_has_lost_is_not_a_transaction_that_is_gone(
    slow: tuple[GatewayAdapter, GatewayCloud],
) -> None:
    adapter, cloud = slow
    cloud._taken = Forgetful()
    with pytest.raises(ContractBroken, match="the cloud answered 404"):
        await adapter.find_placement(BANK, "r-1")
    with pytest.raises(Ambiguous):
        await adapter.send(order(OrderKind.RELEASE))


async def test_an_open_that_ends_with_404_is_for_somebody_to_look_at(
    slow: tuple[GatewayAdapter, GatewayCloud],
) -> None:
    adapter, _ = slow
    with pytest.raises(Ambiguous):
        await adapter.send(order(OrderKind.OPEN, "99", None))
