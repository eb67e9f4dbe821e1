import asyncio
import time
from dataclasses import replace

import pytest

from adapters import registry
from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line
from app.devices.port import Ability, Capability, Door, OrderKind, Outcome, Refused, Unreachable, Unsupported
from tests.adapters.rigs import Rig, kerong_rig


async def test_doors_and_items_are_seen_where_they_are(kerong: Rig) -> None:
    kerong.world.doors.act(kerong.bank, "0-16", "force")
    kerong.world.doors.act(kerong.bank, "1-1", "put")
    state = await kerong.adapter.read_bank(kerong.bank)

    assert [unit.id for unit in state.units if unit.door is Door.OPEN] == ["0-16"]
    assert [unit.id for unit in state.units if unit.occupied] == ["1-1"]
    assert len(state.units) == 32


async def test_without_item_sensors_nothing_is_said_of_content() -> None:
    async with kerong_rig(item_sensors=False) as rig:
        state = await rig.adapter.read_bank(rig.bank)

        assert {unit.occupied for unit in state.units} == {None}
        assert rig.adapter.capabilities[Capability.ITEM_SENSOR] is Ability.ABSENT


async def test_labels_sizes_and_reach_come_from_the_settings() -> None:
    async with kerong_rig(labels={"0-1": "A1"}, sizes={"0-1": "XL"}, accessible=["0-1"]) as rig:
        first, second, *_ = (await rig.adapter.read_bank(rig.bank)).units

        assert (first.label, first.size, first.accessible) == ("A1", "XL", True)
        assert (second.label, second.size, second.accessible) == ("0-2", None, False)


async def test_a_silent_board_leaves_its_neighbours_readable(kerong: Rig) -> None:
    both = registry.connect(replace(kerong.connection, settings={**kerong.connection.settings, "boards": [0, 7]}))
    state = await both.read_bank(kerong.bank)
    started = time.monotonic()
    again = await both.read_bank(kerong.bank)
    await both.close()

    assert {unit.door for unit in state.units if unit.id.startswith("0-")} == {Door.CLOSED}
    assert {unit.door for unit in again.units if unit.id.startswith("7-")} == {Door.UNKNOWN}
    assert [each.what for each in again.unmapped] == ["board 7 is silent"]
    assert time.monotonic() - started < 2


async def test_a_dead_line_is_found_out_without_waiting_as_long_for_every_board(kerong: Rig) -> None:
    settings = {**kerong.connection.settings, "boards": [0, 1, 2, 3], "reply_seconds": 0.2}
    adapter = registry.connect(replace(kerong.connection, settings=settings))
    kerong.world.faults.go_away()
    started = time.monotonic()
    with pytest.raises(Unreachable):
        await adapter.read_bank(kerong.bank)
    took = time.monotonic() - started
    await adapter.close()

    # One board three times and the others once, each 0.35 s; all of them three times would be 4.2 s.
    assert took < 3.0


async def test_a_dead_board_is_soon_asked_only_now_and_then(kerong: Rig) -> None:
    both = registry.connect(replace(kerong.connection, settings={**kerong.connection.settings, "boards": [0, 7]}))
    for _ in range(2):
        await both.read_bank(kerong.bank)
    started = time.monotonic()
    await both.read_bank(kerong.bank)
    await both.close()

    assert time.monotonic() - started < 0.3


async def test_a_dead_board_whose_looks_are_given_up_is_left_alone_too(kerong: Rig) -> None:
    """Whoever reads a bank waits so long and no longer, and the board would be asked first for ever."""
    line = Line("KR-01", {1: 16})
    world = KerongWorld([line])
    async with LineServer(world, line) as server:
        settings = {"bank": "KR-01", "boards": [0, 1], "reply_seconds": 1.5}
        adapter = registry.connect(replace(kerong.connection, base_url=server.url, settings=settings))
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(adapter.read_bank("KR-01"), 2.5)
        state = await asyncio.wait_for(adapter.read_bank("KR-01"), 4)
        receipt = await adapter.send(kerong.order(unit="1-3"))
        await adapter.close()

    assert [each.what for each in state.unmapped] == ["board 0 is silent"]
    assert {unit.door for unit in state.units if unit.id.startswith("1-")} == {Door.CLOSED}
    assert receipt.outcome is Outcome.OPENED


async def test_a_look_that_is_given_up_at_once_says_nothing_of_the_board(kerong: Rig) -> None:
    kerong.world.faults.add({"kind": "drop", "where": "30", "times": 3})
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(kerong.adapter.read_bank(kerong.bank), 0.05)

    assert (await kerong.adapter.read_bank(kerong.bank)).units
    assert kerong.adapter.capabilities[Capability.REMOTE_OPEN] is Ability.WORKS


async def test_a_rattling_switch_is_no_open_door(kerong: Rig) -> None:
    await kerong.adapter.read_bank(kerong.bank)
    kerong.world.doors.act(kerong.bank, kerong.unit, "bounce")

    assert {unit.door for unit in (await kerong.adapter.read_bank(kerong.bank)).units} == {Door.CLOSED}


async def test_a_forced_door_is_seen_at_the_next_look(kerong: Rig) -> None:
    await kerong.adapter.read_bank(kerong.bank)
    kerong.world.doors.act(kerong.bank, kerong.unit, "force")
    unit = await kerong.adapter.read_unit(kerong.bank, kerong.unit)

    assert unit.door is Door.OPEN
    assert unit.flags["openings_seen"] == 1
    assert unit.openings is None


async def test_two_connections_share_one_line_without_disturbing_each_other(kerong: Rig) -> None:
    other = registry.connect(kerong.connection)
    orders = [kerong.order(unit=f"{board}-{lock}") for board in (0, 1) for lock in (1, 5, 9)]
    ends = await asyncio.gather(
        *((kerong.adapter if number % 2 else other).send(order) for number, order in enumerate(orders))
    )
    await other.close()

    assert {end.outcome for end in ends} == {Outcome.OPENED}
    assert sum(kerong.world.doors.at(*key).pulses for key in kerong.world.doors) == len(orders)
    assert all(kerong.pulses(order.unit) == 1 for order in orders)
    # The line is still there for the one who stayed.
    assert len((await kerong.adapter.read_bank(kerong.bank)).units) == 32


async def test_a_line_that_comes_back_is_used_again() -> None:
    line = Line("KR-01", {0: 16})
    world = KerongWorld([line])
    async with LineServer(world, line) as first:
        port = first.port
        async with kerong_rig() as rig:
            adapter = registry.connect(
                replace(rig.connection, base_url=first.url, settings={"bank": "KR-01", "reply_seconds": 0.1})
            )
            await adapter.read_bank("KR-01")
            await first.__aexit__(None, None, None)
            for _ in range(2):
                with pytest.raises(Unreachable):
                    await adapter.read_bank("KR-01")
            assert adapter.capabilities[Capability.REMOTE_OPEN] is Ability.FAILING
            async with LineServer(world, replace(line, port=port)):
                await asyncio.sleep(3.4)
                await adapter.read_bank("KR-01")
            assert adapter.capabilities[Capability.REMOTE_OPEN] is Ability.WORKS
            await adapter.close()


async def test_a_line_that_is_closed_while_it_is_read_stays_closed() -> None:
    """Of a converter that takes one connection only, whoever opens the line next would find it taken for ever."""
    line = Line("KR-01", {0: 16, 1: 16})
    world = KerongWorld([line])
    async with LineServer(world, line) as server, kerong_rig() as rig:
        settings = {"bank": "KR-01", "boards": [0, 1], "reply_seconds": 0.2}
        adapter = registry.connect(replace(rig.connection, base_url=server.url, settings=settings))
        await adapter.read_bank("KR-01")
        world.faults.add({"kind": "drop", "where": "30", "times": -1})
        reading = asyncio.create_task(adapter.read_bank("KR-01"))
        await asyncio.sleep(0.05)
        await adapter.close()
        with pytest.raises(Unreachable, match="closed"):
            await reading
        with pytest.raises(Unreachable, match="closed"):
            await adapter.read_unit("KR-01", "0-1")
        await asyncio.sleep(0.2)

        assert not server._masters


@pytest.mark.parametrize("kind", [kind for kind in OrderKind if kind is not OrderKind.OPEN])
async def test_a_board_only_opens_doors(kerong: Rig, kind: OrderKind) -> None:
    with pytest.raises(Unsupported):
        await kerong.adapter.send(kerong.order(kind))


@pytest.mark.parametrize(("bank", "unit"), [("KR-02", "0-1"), ("KR-01", "2-1"), ("KR-01", "0-17"), ("KR-01", "x")])
async def test_what_is_not_on_this_line_is_refused(kerong: Rig, bank: str, unit: str) -> None:
    with pytest.raises(Refused):
        await kerong.adapter.send(kerong.order(bank=bank, unit=unit))
    with pytest.raises(Refused):
        await kerong.adapter.read_unit(bank, unit)

    assert kerong.others() + kerong.pulses() == 0
