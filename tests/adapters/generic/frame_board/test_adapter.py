import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.conformance import Bench
from adapters.generic.frame_board import wire
from adapters.generic.frame_board.adapter import VENDOR
from adapters.generic.frame_board.client import FrameClient, frame_client
from adapters.generic.frame_board.simulator import rig
from adapters.generic.frame_board.wire import PROFILES
from app.devices.port import Ability, Capability, Checkable, Connection, Door, Evidence, OrderKind, Outcome, Unsupported


async def open_doors(bench: Bench) -> list[str]:
    return [unit.id for unit in (await bench.adapter.read_bank(bench.bank)).units if unit.door is Door.OPEN]


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_family_opens_one_door_and_sees_it(profile: str) -> None:
    async with rig.start(profile=profile, locks=4) as bench:
        receipt = await bench.adapter.send(bench.order())

        assert receipt.outcome is Outcome.OPENED
        assert await open_doors(bench) == [bench.unit]
        assert (bench.here(), bench.elsewhere()) == (1, 0)


@pytest.mark.parametrize(("profile", "locks", "unit"), [("winnsen90", 16, "2-16"), ("xor5_8a80", 50, "2-50")])
async def test_a_door_is_watched_by_itself_where_a_board_tells_its_doors_one_by_one(
    profile: str, locks: int, unit: str
) -> None:
    """A question and its answer take 40 ms at 9600 baud: all locks together more than a door may be out of sight."""
    async with rig.start(profile=profile, locks=locks) as bench:
        for where in ("one", "all"):
            bench.world.faults.add({"kind": "delay", "where": where, "ms": 40, "times": -1})
        receipt = await bench.adapter.send(bench.order(unit=unit))

        assert receipt.outcome is Outcome.OPENED
        assert bench.world.doors.at(bench.bank, unit).pulses == 1


@pytest.mark.parametrize("profile", PROFILES)
async def test_switches_that_close_the_other_way_round_are_turned(profile: str) -> None:
    async with rig.start(profile=profile, locks=4, turned=True) as bench:
        bench.world.doors.act(bench.bank, bench.unit, "open")

        assert sorted(await open_doors(bench)) == sorted(set(bench.truth()) - {bench.unit})


async def test_locks_beyond_the_ones_that_one_answer_covers_are_asked_for_one_by_one() -> None:
    async with rig.start(profile="xor5_8a80", locks=26, boards=[{"board": 2, "locks": 26}]) as bench:
        for unit in ("2-24", "2-26"):
            bench.world.doors.act(bench.bank, unit, "open")

        assert await open_doors(bench) == ["2-24", "2-26"]


async def test_a_door_the_board_knows_nothing_of_is_unknown() -> None:
    async def board(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(64):
            states = bytes((0x01, 0xFF, 0x00))
            fields: dict[str, int | bytes] = {"count": 3, "doors*": states}
            writer.write(wire.spell(PROFILES["wkly"].told_all, board=1, result=0, **fields))

    server = await asyncio.start_server(board, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    adapter = VENDOR.connect(
        Connection(
            uuid4(),
            VENDOR.name,
            f"socket://{host}:{port}",
            {"bank": "B", "profile": "wkly", "boards": [{"board": 1, "locks": 4}]},
        )
    )
    state = await adapter.read_bank("B")
    await adapter.close()
    server.close()

    assert [unit.door for unit in state.units] == [Door.CLOSED, Door.UNKNOWN, Door.OPEN, Door.UNKNOWN]


async def test_a_door_that_was_unknown_and_rattles_stays_unknown() -> None:
    looks = iter([(0x01, 0xFF), (0x00, 0x01), (0x00, 0x00)])

    async def board(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(64):
            fields: dict[str, int | bytes] = {"count": 2, "doors*": bytes(next(looks))}
            writer.write(wire.spell(PROFILES["wkly"].told_all, board=1, result=0, **fields))

    server = await asyncio.start_server(board, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    settings = {"bank": "B", "profile": "wkly", "boards": [{"board": 1, "locks": 2}]}
    adapter = VENDOR.connect(Connection(uuid4(), VENDOR.name, f"socket://{host}:{port}", settings))
    doors = [[unit.door for unit in (await adapter.read_bank("B")).units] for _ in range(2)]
    await adapter.close()
    server.close()

    assert doors == [[Door.CLOSED, Door.UNKNOWN], [Door.OPEN, Door.UNKNOWN]]


async def test_a_push_comes_as_a_hint_at_once() -> None:
    async with rig.start() as bench:
        await bench.adapter.read_bank(bench.bank)
        hints = bench.adapter.hints()
        first = asyncio.ensure_future(anext(hints))
        await asyncio.sleep(0)
        bench.world.doors.act(bench.bank, bench.unit, "force")
        hint = await asyncio.wait_for(first, 1.0)

        assert (hint.bank, hint.unit, hint.door) == (bench.bank, bench.unit, Door.OPEN)
        assert bench.adapter.capabilities[Capability.PUSH_EVENTS] is Ability.WORKS
        await bench.adapter.close()
        assert [hint async for hint in hints] == []


def listening() -> FrameClient:
    nowhere = "socket://127.0.0.1:1"
    return frame_client(nowhere, PROFILES["wkly"], {1: 4}, turned=False, baudrate=9600, reply_seconds=0.1)


@pytest.mark.parametrize("babble", [b"\x00", b"\x57", bytes.fromhex("57 4B 4C 59 FF 01 85")], ids=bytes.hex)
async def test_a_line_that_babbles_between_questions_does_not_stop_everything_else(babble: bytes) -> None:
    """A solenoid on another line may wait for its off meanwhile."""
    client = frame_client(
        "socket://127.0.0.1:1", PROFILES["wkly"], {1: 4}, turned=False, baudrate=9600, reply_seconds=0.1
    )
    # As much as one look at a socket may bring.
    heard = (babble * (1 << 18))[: 1 << 18]
    began = time.monotonic()
    client._hear(heard)
    took = time.monotonic() - began
    await client.close()

    assert took < 0.5


async def test_a_push_behind_babble_is_heard() -> None:
    client = frame_client(
        "socket://127.0.0.1:1", PROFILES["wkly"], {1: 4}, turned=False, baudrate=9600, reply_seconds=0.1
    )
    first = asyncio.ensure_future(anext(client.pushes()))
    await asyncio.sleep(0)
    push = wire.spell(PROFILES["wkly"].pushed, board=1, lock=3, status=0)
    for part in (b"\x57" * 5000 + push[:4], push[4:]):
        client._hear(part)
    await asyncio.sleep(0)
    told = await first
    await client.close()

    assert told == (1, 3, False)


async def test_a_family_that_does_not_push_has_no_hints() -> None:
    async with rig.start(profile="xor5_8a80") as bench:
        assert [hint async for hint in bench.adapter.hints()] == []
        assert bench.adapter.capabilities[Capability.PUSH_EVENTS] is Ability.ABSENT
        assert bench.adapter.evidence_ceiling is Evidence.E3


async def test_a_check_says_how_the_doors_of_each_board_read() -> None:
    async with rig.start() as bench:
        bench.world.doors.act(bench.bank, bench.unit, "open")
        assert isinstance(bench.adapter, Checkable)
        checks = bench.adapter.checks(None)
        found = {check.name: await check.run() for check in checks if not check.writes}

        assert list(found) == ["board 1 tells its doors", "board 2 tells its doors"]
        assert await checks[-1].run() == "unit 1-1: opened, its door reads open; shut it again"
        assert (bench.here(), bench.elsewhere()) == (0, 1)
        assert "8 closed" in found["board 1 tells its doors"]
        assert "7 closed, 1 open" in found["board 2 tells its doors"]


async def test_a_board_only_opens_doors() -> None:
    async with rig.start() as bench:
        for kind in set(OrderKind) - {OrderKind.OPEN}:
            with pytest.raises(Unsupported):
                await bench.adapter.send(bench.order(kind, deadline=timedelta(seconds=1)))
