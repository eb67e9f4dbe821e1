import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from app.kit.db import Database
from app.kit.embedded import Dsns
from tests.app.life import Life

# Longer by hand: MACHINE_RUNS=10000 MACHINE_STEPS=50.
RUNS = int(os.environ.get("MACHINE_RUNS", "12"))
STEPS = int(os.environ.get("MACHINE_STEPS", "25"))
# In how many runs each seeded bug must be found.
SEARCH = int(os.environ.get("MACHINE_SEARCH", "150"))
# An invariant, a rule of the database behind it, or a failure that could not be repeated to the letter.
BROKEN = (AssertionError, asyncpg.PostgresError, Flaky)
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
# Others are found by short histories of their own.
BUGS = (
    "audit_buffered",
    "cancel_occupied",
    "clock_back_revives",
    "crash_resend",
    "event_twice",
    "free_on_timeout",
    "idem_ignored",
    "idem_other_params",
    "lost_update_on_crash",
    "no_lockout",
    "oos_allocated",
    "renumber_cached",
    "retry_on_timeout",
    "send_before_record",
    "stale_as_live",
)


@contextmanager
def machine(dsns: Dsns, bug: str = "") -> Iterator[type[Life]]:
    with asyncio.Runner() as runner:

        class Machine(Life):
            pass

        Machine.runner, Machine.bug = runner, bug
        dsn = (dsns.app, dsns.worker, dsns.admin)
        Machine.app, Machine.worker, Machine.admin = (runner.run(Database.connect(each)) for each in dsn)
        try:
            yield Machine
        finally:
            for database in (Machine.app, Machine.worker, Machine.admin):
                runner.run(database.close())


@pytest.mark.slow
def test_parcels_live_through_everything(dsns: Dsns) -> None:
    chosen = settings(
        max_examples=RUNS, stateful_step_count=STEPS, deadline=None, suppress_health_check=CHECKS, database=None
    )
    with machine(dsns) as life:
        run_state_machine_as_test(life, settings=chosen)


def search(life: type[Life], histories: int) -> None:
    """Ten at a time: from the eleventh on, most of what hypothesis tries is one of the former with a part repeated, and
    whoever waits for a bug that those do not lead to waits in vain. Drawn afresh, or every ten are the same ten."""
    chosen = settings(
        max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck),
        database=None, phases=[Phase.generate], report_multiple_bugs=False, derandomize=False,
    )  # fmt: skip
    for _ in range(0, histories, 10):
        run_state_machine_as_test(life, settings=chosen)


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_is_found(dsns: Dsns, bug: str) -> None:
    with machine(dsns, bug) as life, pytest.raises(BROKEN):
        search(life, SEARCH)
