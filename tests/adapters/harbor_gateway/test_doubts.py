"""A change whose answer was lost is asked for again; what the repetition is told proves nothing of the first time."""

import pytest

from adapters.harbor_gateway.simulator.rig import start
from app.devices.port import Ambiguous, OrderKind
from tests.adapters.harbor_gateway.test_adapter import adapter, held, order, reserved

LOST = {"kind": "status_after", "status": 502}


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_reservation_that_is_refused_after_an_answer_was_lost_may_live_all_the_same(status: int) -> None:
    async with start() as bench:
        bench.world.faults.add({**LOST, "where": "create"})
        bench.world.faults.add({"kind": "status", "where": "create", "status": status})
        with pytest.raises(Ambiguous):
            await reserved(bench)

        assert await adapter(bench).find_placement(bench.bank, "r-1") in held(bench)


@pytest.mark.parametrize("status", [403, 404, 409])
async def test_a_service_state_that_is_refused_after_an_answer_was_lost_may_be_set(status: int) -> None:
    async with start() as bench:
        bench.world.faults.add({**LOST, "where": "service"})
        bench.world.faults.add({"kind": "status", "where": "service", "status": status})
        with pytest.raises(Ambiguous):
            await bench.adapter.send(order(bench, OrderKind.SET_SERVICE, in_service=False))

        assert (await bench.adapter.read_unit(bench.bank, bench.unit)).in_service is False


@pytest.mark.parametrize("status", [403, 409])
async def test_an_end_that_is_refused_after_an_answer_was_lost_may_have_come(status: int) -> None:
    async with start() as bench:
        await reserved(bench)
        bench.world.faults.add({**LOST, "where": "delete"})
        bench.world.faults.add({"kind": "status", "where": "delete", "status": status})
        with pytest.raises(Ambiguous):
            await bench.adapter.send(order(bench, OrderKind.RELEASE))

        assert await adapter(bench).find_placement(bench.bank, "r-1") is None


async def test_what_is_gone_is_gone_whichever_attempt_took_it_away() -> None:
    async with start() as bench:
        await reserved(bench)
        bench.world.faults.add({**LOST, "where": "delete"})
        assert (await bench.adapter.send(order(bench, OrderKind.RELEASE))).released is True


@pytest.mark.parametrize("fault", ["malformed", "huge"])
async def test_a_reservation_whose_answer_cannot_be_read_has_left_us(fault: str) -> None:
    async with start() as bench:
        bench.world.faults.add({"kind": fault, "where": "create"})
        with pytest.raises(Ambiguous):
            await reserved(bench)

        assert await adapter(bench).find_placement(bench.bank, "r-1") in held(bench)
