import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from adapters import registry
from adapters.conformance import Bench
from adapters.harbor_gateway.adapter import GatewayAdapter
from adapters.harbor_gateway.simulator.box import Box, Said
from adapters.harbor_gateway.simulator.cloud import KEY, GatewayCloud
from adapters.harbor_gateway.simulator.rig import start
from adapters.harbor_gateway.simulator.world import GatewayWorld, plain_banks
from adapters.simulation import control
from app.devices.port import (
    Ability,
    Ambiguous,
    Capability,
    Connection,
    Door,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Unreachable,
    Unsupported,
)


def adapter(bench: Bench) -> GatewayAdapter:
    assert isinstance(bench.adapter, GatewayAdapter)
    return bench.adapter


def order(bench: Bench, kind: OrderKind, **changes: Any) -> Order:
    plain = {"bank": bench.bank, "unit": bench.unit, "deadline": timedelta(seconds=5), "reference": "r-1"}
    return Order(uuid4(), kind, **{**plain, **changes})


async def reserved(bench: Bench, reference: str = "r-1", unit: str = "3") -> Receipt:
    return await bench.adapter.send(order(bench, OrderKind.RESERVE, reference=reference, unit=unit))


def held(bench: Bench) -> dict[str, str]:
    return {str(each.id): each.transaction for each in bench.world.of(bench.bank) if each.transaction}


@pytest.mark.parametrize("api", ["lan", "cloud"])
async def test_a_delivery_goes_from_a_given_locker_to_its_end(api: str) -> None:
    async with start(api=api) as bench:
        receipt = await reserved(bench)
        assert receipt.unit is not None
        assert held(bench) == {receipt.unit: "r-1"}
        assert bench.world.lockers[bench.bank, int(receipt.unit)].type == "small"

        opened = await bench.adapter.send(order(bench, OrderKind.OPEN, unit=receipt.unit))
        assert opened.outcome is Outcome.OPENED
        read = {unit.id: unit for unit in (await bench.adapter.read_bank(bench.bank)).units}[receipt.unit]
        assert (read.door, read.reserved, read.reference, read.in_service) == (Door.OPEN, True, "r-1", True)

        assert (await bench.adapter.send(order(bench, OrderKind.RELEASE))).released is True
        again = await bench.adapter.send(order(bench, OrderKind.RELEASE))
        assert (again.released, again.detail) == (True, "it was gone before")
        assert held(bench) == {}


async def test_a_reservation_that_exists_is_found_again_and_takes_no_second_locker() -> None:
    async with start() as bench:
        first, second = await reserved(bench), await reserved(bench)

        assert first.unit == second.unit
        assert len(held(bench)) == 1


async def test_a_locker_that_went_to_somebody_else_is_asked_for_again() -> None:
    async with start() as bench:
        bench.world.faults.add({"kind": "conflict", "times": 2})
        assert (await reserved(bench)).unit in held(bench)

        bench.world.faults.add({"kind": "conflict", "times": 4})
        with pytest.raises(Unreachable):
            await reserved(bench, "r-2")
        assert set(held(bench).values()) == {"r-1"}


async def test_a_conflict_after_an_answer_that_was_lost_is_no_proof_that_nothing_happened() -> None:
    async with start() as bench:
        bench.world.faults.add({"kind": "status_after", "where": "create", "status": 500})
        bench.world.faults.add({"kind": "status", "where": "create", "status": 429})
        with pytest.raises(Ambiguous):
            await reserved(bench)

        assert await adapter(bench).find_placement(bench.bank, "r-1") in held(bench)


async def test_when_no_locker_of_the_type_is_left_the_reservation_is_refused() -> None:
    async with start() as bench:
        while any(each.usable and each.type == "small" for each in bench.world.of(bench.bank)):
            bench.world.give_away(bench.bank, "small")
        with pytest.raises(Refused) as refused:
            await reserved(bench)

    assert refused.value.reason == "NO_FREE_UNIT"


async def test_nothing_is_opened_where_the_gateway_has_the_transaction_elsewhere() -> None:
    async with start() as bench:
        given = await reserved(bench)
        other = next(str(each.id) for each in bench.world.of(bench.bank) if str(each.id) != given.unit)
        for wrong in ({"unit": other}, {"unit": given.unit, "reference": "r-9"}):
            with pytest.raises(Refused) as refused:
                await bench.adapter.send(order(bench, OrderKind.OPEN, **wrong))
            assert refused.value.reason == "WRONG_UNIT"

        assert sum(bench.effects().values()) == 0


async def test_staff_open_a_locker_by_its_number() -> None:
    async with start() as bench:
        await bench.adapter.send(order(bench, OrderKind.OPEN, reference=None))

        assert (bench.here(), bench.elsewhere()) == (1, 0)


async def test_the_vendor_s_own_retries_are_waited_for_and_open_once() -> None:
    async with start() as bench:
        given = await reserved(bench)
        for kind in ("board_silent", "board_lost"):
            bench.world.faults.add({"kind": kind})
        receipt = await bench.adapter.send(order(bench, OrderKind.OPEN, unit=given.unit))

        door = bench.world.doors.at(bench.bank, given.unit)
        assert (receipt.outcome, door.openings, door.pulses) == (Outcome.OPENED, 1, 2)


async def test_the_deadline_is_longer_than_the_vendor_s_own_retries() -> None:
    async with start() as bench:
        assert bench.adapter.timing.deadline > timedelta(seconds=62)
        assert bench.adapter.timing.settle > timedelta(seconds=62)


@pytest.mark.parametrize("wait", [0, 15])
async def test_an_open_the_cloud_takes_its_time_over_is_followed_to_its_end(wait: int) -> None:
    async with start(api="cloud", keep=0.1, wait_seconds=wait) as bench:
        given = await reserved(bench)
        bench.world.faults.add({"kind": "board_silent", "times": 2})
        bench.world.faults.add({"kind": "reset", "where": "request"})
        receipt = await bench.adapter.send(order(bench, OrderKind.OPEN, unit=given.unit))

        assert receipt.outcome is Outcome.OPENED
        assert bench.world.doors.at(bench.bank, given.unit).openings == 1


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_an_open_whose_end_the_cloud_does_not_tell_is_ambiguous(status: int) -> None:
    async with start(api="cloud", wait_seconds=0) as bench:
        bench.world.faults.add({"kind": "board_silent"})
        bench.world.faults.add({"kind": "status", "where": "request", "status": status})
        wanted = order(bench, OrderKind.OPEN, reference=None)
        with pytest.raises(Ambiguous):
            await bench.adapter.send(wanted)
        with pytest.raises(Ambiguous):
            await bench.adapter.send(wanted)

        assert bench.here() == 1


async def test_the_cloud_answers_a_key_it_knows_from_memory() -> None:
    async with start(api="cloud") as bench, httpx2.AsyncClient(base_url=bench.connection.base_url) as web:
        path = f"/api/v1/locations/{bench.bank}/lockers/3/open"
        headers = {"X-API-Key": bench.connection.secret["api_key"], "Idempotency-Key": "k-1"}
        answers = [await web.post(path, headers=headers) for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert bench.world.doors.at(bench.bank, "3").pulses == 1


async def test_service_is_set_and_read_and_the_transaction_survives() -> None:
    async with start() as bench:
        given = await reserved(bench)
        await bench.adapter.send(order(bench, OrderKind.SET_SERVICE, unit=given.unit, in_service=False))
        assert given.unit is not None
        read = await bench.adapter.read_unit(bench.bank, given.unit)
        assert (read.in_service, read.flags["outOfService"]) == (False, True)
        assert held(bench) == {given.unit: "r-1"}

        await bench.adapter.send(order(bench, OrderKind.SET_SERVICE, unit=given.unit, in_service=True))
        assert (await bench.adapter.read_unit(bench.bank, given.unit)).in_service is True


@pytest.mark.parametrize("code", [None, "MAINTENANCE"])
async def test_why_a_locker_is_out_of_service_is_told_and_taken_back(code: str | None) -> None:
    async with start(reason_code=code) as bench:
        locker = bench.world.lockers[bench.bank, int(bench.unit)]
        await bench.adapter.send(order(bench, OrderKind.SET_SERVICE, in_service=False, reason="hinge " + "x" * 300))
        assert (locker.out_of_service, locker.reason_code) == (True, code)
        assert (locker.reason[:6], len(locker.reason)) == ("hinge ", 200)

        await bench.adapter.send(order(bench, OrderKind.SET_SERVICE, in_service=True, reason="mended"))
        assert (locker.out_of_service, locker.reason_code, locker.reason) == (False, None, None)


async def test_a_conflict_is_success_for_a_reservation_that_exists_and_for_nothing_else() -> None:
    async with start() as bench:
        given = await reserved(bench)
        for kind, where in ((OrderKind.RELEASE, "delete"), (OrderKind.SET_SERVICE, "service")):
            bench.world.faults.add({"kind": "status", "where": where, "status": 409})
            with pytest.raises(Refused) as refused:
                await bench.adapter.send(order(bench, kind, unit=given.unit, in_service=False))
            assert refused.value.reason == "WRONG_STATE"
        assert held(bench) == {given.unit: "r-1"}
        assert not bench.world.lockers[bench.bank, int(given.unit or 0)].out_of_service


@pytest.mark.parametrize("kind", [OrderKind.DEPOSIT, OrderKind.EXTEND, OrderKind.ISSUE_ACCESS])
async def test_what_the_gateway_knows_nothing_of_is_not_sent(kind: OrderKind) -> None:
    async with start() as bench:
        with pytest.raises(Unsupported):
            await bench.adapter.send(order(bench, kind))


@pytest.mark.parametrize("kind", [OrderKind.RESERVE, OrderKind.RELEASE])
async def test_a_reservation_without_our_id_is_refused_before_anything_is_sent(kind: OrderKind) -> None:
    async with start() as bench:
        with pytest.raises(Refused):
            await bench.adapter.send(order(bench, kind, reference=None))

        assert held(bench) == {}


@pytest.mark.parametrize(
    "where", ["", "/", "https://elsewhere.example/requests/1", "//elsewhere.example/x", "http://["]
)
async def test_a_pending_request_is_looked_for_on_the_same_host_only(where: str) -> None:
    async with start(api="cloud") as bench:
        with pytest.raises(Exception, match="202 names no place"):
            adapter(bench)._client._pending(httpx2.Headers({"Location": where}))


async def test_the_cloud_lists_its_banks_and_a_box_has_one() -> None:
    async with start(api="cloud") as bench:
        assert {bank.id: bank.name for bank in await bench.adapter.list_banks()} == {
            "HG-01": "Bank 1",
            "HG-02": "Bank 2",
        }
        assert bench.adapter.capabilities[Capability.IDEMPOTENT_OPEN] is Ability.WORKS
    async with start() as bench:
        assert [bank.id for bank in await bench.adapter.list_banks()] == ["HG-01"]
        assert bench.adapter.capabilities[Capability.IDEMPOTENT_OPEN] is Ability.ABSENT


async def test_what_a_key_may_not_do_is_refused_and_keeps_nobody_from_what_it_may() -> None:
    async with start(api="cloud") as bench:
        bench.world.faults.add({"kind": "status", "where": "service", "status": 403})
        with pytest.raises(Refused) as refused:
            await bench.adapter.send(order(bench, OrderKind.SET_SERVICE, in_service=False))
        assert refused.value.reason == "NOT_ALLOWED"
        assert (await bench.adapter.read_bank(bench.bank)).units


async def test_what_the_cloud_has_taken_on_is_followed_and_not_asked_for_again() -> None:
    """Its gateway is slow: nothing is put beside what waits for it already."""
    made: list[str] = []

    class Slow(Box):
        async def answer(self, method: str, path: str, body: bytes) -> Said:
            if method == "POST":
                made.append(path)
                await asyncio.sleep(9.0)
            return await super().answer(method, path, body)

    world = GatewayWorld(plain_banks(1, 4))
    cloud = GatewayCloud(world)
    cloud._boxes["HG-01"] = Slow(world, "HG-01")
    async with control.Server(cloud.app()) as server:
        connection = Connection(uuid4(), "harbor_gateway", server.url, {"api": "cloud"}, {"api_key": KEY})
        patient = registry.connect(connection)
        try:
            ask = Order(uuid4(), OrderKind.RESERVE, "HG-01", "1", timedelta(seconds=74), reference="r-1")
            receipt = await patient.send(ask)
        finally:
            await patient.close()
            await cloud.close()
    assert (receipt.outcome, len(made)) == (Outcome.ACCEPTED, 1)
