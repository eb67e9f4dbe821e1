"""A short day at one bank of each vendor; the whole one is `python -m tests.bench.day`."""

import pytest

from app.kit.embedded import Dsns
from tests.bench.day.run import Day
from tests.bench.faults.kinds import KINDS


@pytest.mark.slow
async def test_a_day_on_which_calls_fail_ends_without_a_difference(dsns: Dsns) -> None:
    outcome = await Day(banks=len(KINDS), hours=6, step=30, rate=1.0, failing=0.06, seed=3).live(dsns)

    assert outcome.verdict.differences == ()
    assert outcome.failed > 5
    assert {"reserved", "opened", "deposited", "collected", "brought", "fetched"} <= set(outcome.did)
    assert outcome.verdict.banks == dict.fromkeys(KINDS, 1)
