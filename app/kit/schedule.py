"""What time does: periodic jobs and long-running services, each kept alive apart from the others."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from app.kit import measures
from app.kit.bus import LOST
from app.kit.db import Row
from app.kit.logs import traced
from app.kit.pause import pause

log = logging.getLogger("lockyard.jobs")

_RESTART_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
_SETTLED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """Run `run` about every `every`. Rows are the queue: it finds by itself what is due, so that no harm is in a missed
    or doubled run."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Service:
    """Runs until the event is set; started again when it ends or fails before."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[object]]


async def each(rows: Iterable[Row], act: Callable[[Row], Awaitable[int]]) -> int:
    """What is due of many tenants, one after another; how much was done. One that fails keeps no other waiting: it is
    tried again with the next run, and the first fault is raised once all have had their turn."""
    done, faults = 0, list[Exception]()
    for row in rows:
        try:
            done += await act(row)
        except LOST:
            raise
        except Exception as error:
            log.exception("what is due of tenant %s failed", row["tenant_id"])
            faults.append(error)
    if faults:
        raise faults[0]
    return done


async def keep(jobs: Iterable[Job], services: Iterable[Service], stop: asyncio.Event) -> None:
    """Until `stop`, and until all of them have ended after it."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_repeat(job, stop), name=job.name)
        for service in services:
            group.create_task(_supervise(service, stop), name=service.name)


async def _repeat(job: Job, stop: asyncio.Event) -> None:
    every = job.every.total_seconds()
    # Spread, so that jobs of one period do not all ask at once.
    await pause(stop, random.uniform(0, min(every, 2.0)))  # noqa: S311 - no secret
    while not stop.is_set():
        await _run(job)
        await pause(stop, every * random.uniform(0.9, 1.1))  # noqa: S311 - no secret


async def _run(job: Job) -> None:
    began, outcome = time.monotonic(), "done"
    with traced(job=job.name):
        try:
            await job.run()
        except LOST as error:
            outcome = "interrupted"
            log.warning("job %s interrupted: %s", job.name, type(error).__name__)
        except Exception:  # one job's fault must not end the others
            outcome = "failed"
            log.exception("job %s failed", job.name)
    measures.JOB_RUNS.labels(job.name, outcome).inc()
    measures.JOB_SECONDS.labels(job.name).observe(time.monotonic() - began)


async def _supervise(service: Service, stop: asyncio.Event) -> None:
    failures = 0
    while not stop.is_set():
        began = time.monotonic()
        with traced(service=service.name):
            try:
                await service.run(stop)
                if not stop.is_set():
                    log.warning("service %s ended by itself", service.name)
            except LOST as error:
                log.warning("service %s interrupted: %s", service.name, type(error).__name__)
            except Exception:
                log.exception("service %s failed", service.name)
        failures = 0 if time.monotonic() - began > _SETTLED_SECONDS else failures
        await pause(stop, _RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)])
        failures += 1
