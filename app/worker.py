"""The background process: sequencer, reactions, due jobs, hardware. One works, others stand by."""

import asyncio
import json
import logging
import signal
import sys

import uvloop
from prometheus_client import start_http_server

from app import wiring
from app.kit import logs
from app.kit.bus import LOST
from app.kit.db import Conn
from app.kit.lease import lease
from app.kit.pause import first_of, pause
from app.kit.schedule import keep
from app.kit.settings import Settings

log = logging.getLogger("lockyard.worker")

GRACE_SECONDS = 5.0
_PROBE_SECONDS = 2.0


def main() -> None:
    """Until SIGTERM or SIGINT; ends within ten seconds of it. Says on standard output when it is at work."""
    given = wiring.settings()
    logs.configure(given.log_level, given.log_format)
    uvloop.run(_main(given))


async def _main(given: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if given.worker_metrics_port:
        start_http_server(given.worker_metrics_port, "127.0.0.1")
    building, stopped = asyncio.create_task(wiring.background(given)), asyncio.create_task(stop.wait())
    await asyncio.wait({building, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not building.done():
        building.cancel()
        return
    background = building.result()
    try:
        await serve(background, stop)
    finally:
        await background.close()


async def serve(background: wiring.Background, stop: asyncio.Event) -> None:
    """Stand by, lead, and stand by again when the lock is lost."""
    listening = asyncio.create_task(background.bus.run(stop))
    sys.stdout.write(json.dumps({"ready": "worker"}) + "\n")
    sys.stdout.flush()
    while not stop.is_set():
        try:
            async with lease(background.db, "worker", stop) as held:
                if held is not None:
                    await _lead(background, held, stop)
        except LOST as error:
            log.warning("the worker's lock is lost: %s", type(error).__name__)
            await pause(stop, 0.2)
    await background.last_words()
    await asyncio.wait([listening], timeout=1)
    log.info("ended")


async def _lead(background: wiring.Background, held: Conn, stop: asyncio.Event) -> None:
    """Work while the lock holds. What has begun is finished, within the grace."""
    log.info("leading")
    over = asyncio.Event()
    work = asyncio.create_task(keep(background.jobs, background.services, over))
    watch = asyncio.create_task(_watch(held, over))
    follow = asyncio.create_task(_follow(stop, over))
    await asyncio.wait({work, over_wait := asyncio.create_task(over.wait())}, return_when=asyncio.FIRST_COMPLETED)
    over.set()
    over_wait.cancel()
    _, late = await asyncio.wait({work}, timeout=GRACE_SECONDS)
    if late:
        log.warning("not everything ended in time")
        work.cancel()
    for task in (watch, follow):
        task.cancel()
    await asyncio.gather(work, watch, follow, return_exceptions=True)


async def _follow(stop: asyncio.Event, over: asyncio.Event) -> None:
    await stop.wait()
    over.set()


async def _watch(held: Conn, over: asyncio.Event) -> None:
    """The lock is gone the moment its connection is; another process may lead by then."""
    gone = asyncio.Event()
    held.add_termination_listener(lambda _: gone.set())
    while not over.is_set() and not gone.is_set():
        await first_of((over, gone), _PROBE_SECONDS)
        try:
            await held.fetchval("SELECT 1", timeout=_PROBE_SECONDS)
        except LOST:
            gone.set()
    over.set()
