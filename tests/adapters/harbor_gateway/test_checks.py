"""What is tried when somebody asks whether an account works."""

import pytest

from adapters.harbor_gateway.simulator.rig import start
from app.devices.port import (
    Ambiguous,
    Refused,
)
from tests.adapters.harbor_gateway.test_adapter import adapter, held


@pytest.mark.parametrize("api", ["lan", "cloud"])
async def test_every_operation_can_be_checked_and_a_check_leaves_nothing_behind(api: str) -> None:
    async with start(api=api) as bench:
        tried = adapter(bench).checks(bench.bank)
        found = {check.name: await check.run() for check in tried}

        reading = {"health", "locations", "locker", "locker types", "lockers", "transaction"}
        writing = {"open", "service", "transactions"}
        assert set(found) == reading | writing
        assert {check.name for check in tried if check.writes} == writing
        assert found["health"] == "ok"
        assert "small" in found["locker types"]
        assert held(bench) == {}
        assert sum(bench.effects().values()) == 1
        assert not any(locker.out_of_service for locker in bench.world.of(bench.bank))


@pytest.mark.parametrize("check", ["transactions", "open"])
async def test_a_check_that_fails_half_way_gives_the_locker_back(check: str) -> None:
    async with start() as bench:
        tried = next(each for each in adapter(bench).checks(bench.bank) if each.name == check)
        bench.world.faults.add({"kind": "wrong_shape", "where": "create"})
        with pytest.raises(Ambiguous):
            await tried.run()
        assert held(bench) == {}


async def test_a_bank_without_lockers_fails_its_check_in_words() -> None:
    async with start(lockers=0) as bench:
        tried = next(each for each in adapter(bench).checks(bench.bank) if each.name == "locker")
        with pytest.raises(Refused, match="no lockers"):
            await tried.run()


async def test_without_a_bank_the_first_that_is_listed_is_tried() -> None:
    async with start(api="cloud") as bench:
        found = {check.name: await check.run() for check in adapter(bench).checks(None)}

        assert set(found) == {check.name for check in adapter(bench).checks(bench.bank)}
        assert sum(bench.world.doors.at("HG-01", str(each.id)).openings for each in bench.world.of("HG-01")) == 1
        assert held(bench) == {}


async def test_where_no_bank_is_listed_what_needs_one_says_so() -> None:
    async with start(api="cloud") as bench:
        bench.world.banks.clear()
        checks = {check.name: check for check in adapter(bench).checks(None)}
        assert await checks["locations"].run() == "0 locations"
        for name in checks.keys() - {"locations"}:
            with pytest.raises(Refused, match="name one"):
                await checks[name].run()
