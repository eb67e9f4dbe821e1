"""`python -m tests.bench.polling`: what one background process takes of a core, and of memory, to poll many banks."""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import orjson

from app.kit.db import Database
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.seal import Sealer
from app.kit.settings import decode_key, keep_secret_key
from tests.bench.day.town import spread
from tests.bench.faults.kinds import KINDS
from tests.bench.faults.place import place
from tests.bench.fresh import fresh

ROOT = Path(__file__).resolve().parents[2] / "var" / "polling"
WARM_SECONDS = 30.0
# As they are usually read: clouds and boxes every 5 s, controllers that push every 2, boards every second.
POLL_SECONDS = {"harbor": 5, "harbor_gateway": 5, "mqtt": 2, "pitney": 5}
UNITS = 32


@dataclass(frozen=True, slots=True)
class Sample:
    """Of one process: seconds of processor time so far, MiB in memory now."""

    cpu: float
    memory: float

    @classmethod
    def of(cls, pid: int) -> "Sample":
        # User and system time are the 12th and 13th field after the name, which is in brackets.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return cls(ticks / os.sysconf("SC_CLK_TCK"), int(resident[1]) / 1024 if resident else 0.0)


async def measure(dsns: Dsns, banks: int, seconds: float, slices: int = 4) -> list[Sample]:
    """The banks in equal parts at every vendor, polled at their usual pace; samples before and after each slice."""
    admin = await Database.connect(dsns.admin, size=2)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(admin.close)
        for vendor, part in spread(banks).items():
            await stack.enter_async_context(place(vendor, admin, part, UNITS))
        for vendor, pace in POLL_SECONDS.items():
            await admin.pool.execute("UPDATE bank SET poll_seconds = $2 WHERE vendor = $1", vendor, pace)
        process = await worker_of(dsns, admin, stack)
        silent = await admin.pool.fetchval("SELECT count(*) FROM bank WHERE last_contact_at IS NULL")
        assert not silent, f"{silent} banks were not read"
        samples = [Sample.of(process.pid)]
        for _ in range(slices):
            await asyncio.sleep(seconds / slices)
            samples.append(Sample.of(process.pid))
        late = "SELECT max(extract(epoch FROM now() - last_contact_at))::float FROM bank"
        assert await admin.pool.fetchval(late) < 15, "a bank was forgotten"
        return samples


async def seal_secrets(admin: Database, key: str) -> None:
    """The secrets of accounts, as the process will find them."""
    sealer = Sealer.of(decode_key(key))
    rows = await admin.pool.fetch("SELECT id, vendor FROM vendor_connection")
    await admin.pool.executemany(
        "UPDATE vendor_connection SET secret_sealed = $2 WHERE id = $1",
        [
            (row["id"], sealer.seal(orjson.dumps(dict(secret)), row["id"].bytes))
            for row in rows
            if (secret := KINDS[row["vendor"]].secret)
        ],
    )


async def worker_of(dsns: Dsns, admin: Database, stack: AsyncExitStack) -> "subprocess.Popen[bytes]":
    """A worker that has had its time to find all banks; ended with `stack`."""
    folder = Path(tempfile.mkdtemp(prefix="lockyard-bench-"))
    key = keep_secret_key(folder)
    await seal_secrets(admin, key)
    process = start_worker(dsns, folder, key)
    stack.callback(end, process)
    await asyncio.sleep(WARM_SECONDS)
    return process


def start_worker(dsns: Dsns, folder: Path, key: str) -> "subprocess.Popen[bytes]":
    env = os.environ | {
        "LOCKYARD_DATA_DIR": str(folder),
        "LOCKYARD_WORKER_DATABASE_URL": dsns.worker,
        "LOCKYARD_DATABASE_URL": dsns.app,
        "LOCKYARD_SECRET_KEY": key,
    }
    with (folder / "log").open("w") as log:
        return subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], env=env, stdout=log, stderr=log)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(20)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.polling", description=__doc__)
    parser.add_argument("--banks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    server = EmbeddedPostgres(ROOT, durable=False)
    running = server.start()
    try:
        dsns = fresh(running, "polling")
        began = time.monotonic()
        samples = asyncio.run(measure(dsns, given.banks, given.seconds))
    finally:
        server.stop()
    core = (samples[-1].cpu - samples[0].cpu) / given.seconds
    memory = [round(sample.memory, 1) for sample in samples]
    row = {"banks": given.banks, "core": round(core, 3), "memory_mib": memory, "took": round(time.monotonic() - began)}
    sys.stdout.write(json.dumps(row) + "\n")
    return 0 if core < 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
