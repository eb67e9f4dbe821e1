"""`python -m tests.bench.full`: the database's disk runs full under load, and is given room again. Needs root: it mounts
a small disk of its own."""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx

from app.kit.db import Database
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.ids import global_id, new_id
from app.kit.pgtools import hand_over
from app.kit.settings import keep_secret_key
from migrations import run as migrations
from tenants.identity.model import hash_secret, new_secret
from tests.app.webs import webs
from tests.bench.faults.place import Place, place
from tests.bench.fresh import make
from tests.bench.polling import end, start_worker
from tests.e2e.world import act_text

ROOT = Path(__file__).resolve().parents[2] / "var" / "full"
DISK_MIB = 96
NAME = "on_small_disk"
CLIENTS, BANKS, DOORS = 8, 2, 32
# How long after there is room again the first write must have been taken.
BACK_SECONDS = 5.0
SEQUENCED_TRIES = 60


@dataclass(slots=True)
class Ledger:
    """What clients were promised, and what they were told instead. `kept`: tracking -> the stay, acknowledged."""

    url: str
    token: str
    banks: list[UUID]
    kept: dict[str, str] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)
    taken_at: list[float] = field(default_factory=list)
    read: Counter[int] = field(default_factory=Counter)
    over: bool = False

    async def client(self) -> None:
        """Reserve and release without a pause, each act with one key until it is answered for good."""
        async with httpx.AsyncClient(timeout=10, headers={"Authorization": f"Bearer {self.token}"}) as http:
            while not self.over:
                tracking, bank = uuid4().hex, global_id("Bank", random.choice(self.banks))
                asked = {"bankId": bank, "size": "M", "tracking": tracking}
                stay = await self._act(http, "reserveCompartment", "... on Stay { id }", asked)
                if stay is None:
                    continue
                self.kept[tracking] = stay
                given = {"stayId": stay, "outcome": "CANCELLED", "reason": "over"}
                if await self._act(http, "releaseStay", "... on Stay { id }", given):
                    self.released.add(tracking)

    async def _act(self, http: httpx.AsyncClient, mutation: str, selection: str, given: dict[str, str]) -> str | None:
        words = {
            "query": act_text(mutation, selection),
            "variables": {"input": {"idempotencyKey": uuid4().hex, **given}},
        }
        while not self.over:
            answer = await http.post(self.url, json=words)
            said = answer.json()
            if not said.get("errors"):
                found = said["data"][mutation]
                self.said[str(found.get("code") or "taken")] += 1
                if "id" in found:
                    self.taken_at.append(time.monotonic())
                    return str(found["id"])
                return None
            self.said[f"{answer.status_code} {said['errors'][0]['extensions']['code']}"] += 1
            await asyncio.sleep(0.05)
        return None

    async def reader(self) -> None:
        """Whoever only looks is answered all the time."""
        async with httpx.AsyncClient(timeout=10, headers={"Authorization": f"Bearer {self.token}"}) as http:
            while not self.over:
                said = (
                    await http.post(self.url, json={"query": "{ sites(first: 1) { edges { node { name } } } }"})
                ).json()
                self.read[len(said.get("errors", []))] += 1
                await asyncio.sleep(0.1)


async def measure(dsns: Dsns, disk: Path, seconds: float) -> dict[str, object]:
    admin = await Database.connect(dsns.admin, size=2)
    folder = Path(tempfile.mkdtemp(prefix="lockyard-full-"))
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(place("kerong_cu16", admin, BANKS, DOORS))
        token = await _owner(admin, here)
        ((web, url),) = stack.enter_context(webs(dsns.app, folder))
        worker = start_worker(dsns, folder, keep_secret_key(folder))
        stack.callback(end, worker)
        ledger = Ledger(f"{url}/graphql", token, list(here.banks))
        tasks = [asyncio.create_task(ledger.client()) for _ in range(CLIENTS)] + [asyncio.create_task(ledger.reader())]
        await asyncio.sleep(seconds)
        normal, ballast = ledger.said.copy(), disk / "ballast"
        await asyncio.to_thread(_fill, ballast)
        await asyncio.sleep(seconds)
        refused = ledger.said - normal
        ballast.unlink()
        room_at = time.monotonic()
        await asyncio.sleep(max(seconds, BACK_SECONDS))
        ledger.over = True
        await asyncio.gather(*tasks)
        back = min((at - room_at for at in ledger.taken_at if at > room_at), default=None)
        found = {
            "before": dict(normal),
            "while full": dict(refused),
            "reads refused": sum(count for errors, count in ledger.read.items() if errors),
            "reads": ledger.read.total(),
            "acknowledged": len(ledger.kept),
            "lost or doubled": await _broken(admin, ledger),
            "first write taken again after": back and round(back, 2),
            "not sequenced": await _unsequenced(admin),
            "ended by themselves": [process.args for process in (web, worker) if process.poll() is not None],
        }
    await admin.close()
    return found


async def _owner(admin: Database, here: Place) -> str:
    """A session of the operator's owner."""
    account, membership, secret, now = new_id(), new_id(), new_secret("lys_"), datetime.now(UTC)
    async with admin.plain() as conn:
        await conn.execute(
            "INSERT INTO account (id, email, name) VALUES ($1, $2, 'Olga')", account, f"{account}@example.com"
        )
        await conn.execute(
            "INSERT INTO membership (id, account_id, organization_id, role, all_sites) VALUES ($1, $2, $3, 'OWNER', true)",
            membership, account, here.owner.organization_id,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            new_id(), membership, hash_secret(secret), now, now + timedelta(hours=2),
        )  # fmt: skip
    return secret


def _fill(ballast: Path) -> None:
    """Until nothing fits any more, by single pages in the end."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


async def _broken(admin: Database, ledger: Ledger) -> int:
    rows = await admin.pool.fetch("SELECT p.tracking, s.state FROM parcel p JOIN stay s ON s.id = p.stay_id")
    count = Counter(row["tracking"] for row in rows)
    states = {row["tracking"]: row["state"] for row in rows}
    lost = [tracking for tracking in ledger.kept if count[tracking] != 1]
    unreleased = [tracking for tracking in ledger.released if states.get(tracking) != "RELEASED"]
    return len(lost) + len(unreleased)


_UNSEQUENCED = """SELECT (SELECT count(*) FROM outbox) + coalesce(sum(most - many), 0)
    FROM (SELECT max(sequence) AS most, count(*) AS many FROM fact GROUP BY tenant_id) AS of_tenant"""


async def _unsequenced(admin: Database) -> int:
    """Facts that still have no place, or gaps between those that have one."""
    left = 0
    for _ in range(SEQUENCED_TRIES):
        left = int(await admin.pool.fetchval(_UNSEQUENCED))
        if not left:
            return 0
        await asyncio.sleep(0.5)
    return left


async def _on_small_disk(dsns: Dsns, disk: Path) -> Dsns:
    """A database of its own there; the server's own files stay where there is room."""
    space, own = disk / "space", dsns.of(NAME)
    space.mkdir()
    hand_over(space)
    server = await asyncpg.connect(dsns.of("postgres").admin)
    await server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await server.execute("DROP TABLESPACE IF EXISTS small")
    await server.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
    await server.close()
    await make(dsns, NAME, template="lockyard", space="small")
    return own


async def _leave(dsns: Dsns) -> None:
    server = await asyncpg.connect(dsns.of("postgres").admin)
    await server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await server.execute("DROP TABLESPACE IF EXISTS small")
    await server.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.full", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each part: before, full, afterwards")
    given = parser.parse_args()
    mount = shutil.which("mount")
    if os.geteuid() or mount is None:
        parser.error("only root can mount a disk")
    server, disk = EmbeddedPostgres(ROOT), ROOT / "small"
    dsns = server.start()
    disk.mkdir(exist_ok=True)
    migrations.upgrade(dsns.owner)
    subprocess.run([mount, "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(disk)], check=True)
    try:
        own = asyncio.run(_on_small_disk(dsns, disk))
        found = asyncio.run(measure(own, disk, given.seconds))
        asyncio.run(_leave(dsns))
    finally:
        server.stop()
        subprocess.run(["umount", str(disk)], check=True)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    back = found["first write taken again after"]
    kept = not found["lost or doubled"] and not found["not sequenced"] and not found["ended by themselves"]
    return 0 if kept and isinstance(back, float) and back <= BACK_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
