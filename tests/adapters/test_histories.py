"""Histories of orders and bad luck that nobody thought of, and the shortest one that breaks a promise.

HISTORIES_RUNS and HISTORIES_ORDERS in the environment make it longer.
"""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.conformance import drawn
from adapters.conformance.kit import rigs
from adapters.conformance.rig import Rig

# How many histories are drawn for each vendor, and how many orders one has at most.
RUNS = int(os.environ.get("HISTORIES_RUNS", "5"))
ORDERS = int(os.environ.get("HISTORIES_ORDERS", "8"))
# A draw picks the unit, the order and the fault; the flag says whether the fault strikes before the order.
STEPS = st.lists(st.tuples(st.integers(0, 1 << 16), st.booleans()), min_size=1, max_size=ORDERS)
UNLUCKY = [rig for _, rig in sorted(rigs().items()) if rig.luck]


def test_every_vendor_has_bad_luck() -> None:
    assert {rig.vendor for rig in UNLUCKY} == set(rigs())


@pytest.mark.parametrize("rig", UNLUCKY, ids=lambda rig: rig.vendor)
@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_no_history_opens_twice_or_elsewhere_and_no_adapter_lies(rig: Rig, steps: list[tuple[int, bool]]) -> None:
    assert asyncio.run(drawn.history(rig, steps)) == []


def test_what_is_given_up_while_a_pass_is_out_is_no_lie_of_the_adapter() -> None:
    """A pass is issued for a locker, then the locker is given up: accepted, and said not to be over yet."""
    assert asyncio.run(drawn.history(rigs()["harbor"], [(5, False), (189, False)])) == []
