import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.kit.embedded import EmbeddedPostgres
from tests.e2e.ledger import VENDOR, Ledger, broken_promises, in_threads, opened_too_often
from tests.e2e.world import World, wait_for

pytestmark = pytest.mark.slow
CLIENTS, BACK_SECONDS = 6, 60.0
# What is killed is started again, however often; these are enough to meet every part in the middle of something.
FAULTS = ("api", "worker", "postgres", "api", "postgres", "worker")


def _hurt(world: World, part: str) -> None:
    """SIGKILL for a process; for the database its immediate shutdown, which is a crash with an orderly name."""
    if part == "postgres":
        postmaster = EmbeddedPostgres(Path(world.said["data"]) / "postgres").pid()
        assert postmaster is not None
        os.kill(postmaster, signal.SIGQUIT)
        return
    before = world.pids()[part]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: world.pids()[part] != before, BACK_SECONDS)


def _ready(world: World) -> bool:
    try:
        return world.client.get(world.said["ready"]).status_code == 200
    except httpx.HTTPError:
        return False


def _faults(world: World, seed: int) -> None:
    chance = random.Random(seed)
    for part in FAULTS:
        time.sleep(chance.uniform(0.5, 2.0))
        _hurt(world, part)
        wait_for(partial(_ready, world), BACK_SECONDS)
    time.sleep(1)


async def test_nothing_is_lost_or_doubled_when_processes_and_the_database_are_killed_under_load(world: World) -> None:
    seed = int(os.environ.get("LOCKYARD_CRASH_SEED", time.time_ns() % 10_000))
    ledger, since = Ledger(world), datetime.now(UTC)
    before, (first, cursor) = world.openings(VENDOR), _head(world)
    works = [partial(ledger.client, seed + n) for n in range(CLIENTS)]
    in_threads(ledger, [*works, partial(ledger.follow, cursor)], partial(_faults, world, seed))
    wait_for(partial(_ready, world), BACK_SECONDS)
    broken = await _settled(ledger, since)
    told = f"seed {seed}, {len(ledger.stays)} stays, {len(ledger.commands)} openings, {ledger.refused}"
    assert not broken, f"{told}: {broken[:10]}"
    assert not await opened_too_often(ledger, before, since), told
    assert len(ledger.stays) > 20, told
    assert ledger.commands, told
    assert ledger.seen == list(range(first + 1, first + 1 + len(ledger.seen))), (
        f"{told}: the stream has gaps or repeats"
    )
    assert ledger.seen, told
    status, said = _verified(world)
    assert status == 0, said


def _verified(world: World) -> tuple[int, str]:
    words = [sys.executable, "-m", "app.cli", "audit", "verify"]
    done = subprocess.run(words, env=_settings(world), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _head(world: World) -> tuple[int, str]:
    """The newest fact: its place and its cursor."""
    (edge,) = world.ask("{ events(last: 1) { edges { node { sequence cursor } } } }")["events"]["edges"]
    return int(edge["node"]["sequence"]), edge["node"]["cursor"]


async def _settled(ledger: Ledger, since: datetime) -> list[str]:
    """What is broken still, once the worker has had its time."""
    deadline, broken = time.monotonic() + 40, ["not looked yet"]
    while broken and time.monotonic() < deadline:
        try:
            broken = await broken_promises(ledger, since)
        except (OSError, asyncpg.PostgresError) as error:
            broken = [repr(error)]
        await asyncio.sleep(0.5)
    return broken


def _settings(world: World) -> dict[str, str]:
    dsns = world.said["dsns"]
    return world.env | {
        "LOCKYARD_DATA_DIR": world.said["data"],
        "LOCKYARD_DATABASE_URL": dsns["app"],
        "LOCKYARD_WORKER_DATABASE_URL": dsns["worker"],
        "LOCKYARD_OWNER_DATABASE_URL": dsns["owner"],
        "LOCKYARD_SECRET_KEY": (Path(world.said["data"]) / "secret.key").read_text().strip(),
    }
