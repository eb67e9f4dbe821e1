"""The kit finds out an adapter that tells less than its hardware knows."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from adapters.conformance import Act, Bench, Fault, Rig
from adapters.conformance.kit import cells, rigs, run
from app.devices.port import BankState


class Quiet:
    """An adapter that keeps part of what it read to itself."""

    def __init__(self, whole: Any, less: Callable[[BankState], BankState]) -> None:
        self._whole, self._less = whole, less

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    async def read_bank(self, bank: str) -> BankState:
        return self._less(await self._whole.read_bank(bank))


def quiet(rig: Rig, less: Callable[[BankState], BankState]) -> Rig:
    @asynccontextmanager
    async def start(**settings: object) -> AsyncIterator[Bench]:
        async with rig.start(**settings) as bench:
            yield replace(bench, adapter=Quiet(bench.adapter, less))

    return replace(rig, start=start)


def fewer(state: BankState) -> BankState:
    return replace(state, units=state.units[1:])


def dumb(state: BankState) -> BankState:
    return replace(state, units=tuple(replace(unit, occupied=None) for unit in state.units))


@pytest.mark.parametrize(
    ("less", "said"), [(fewer, "units that are not told of: ['1']"), (dumb, "occupied is told as None and is False")]
)
async def test_what_is_kept_back_with_nothing_wrong_is_found_out(
    less: Callable[[BankState], BankState], said: str
) -> None:
    rig = rigs()["pitney"]
    (cell,) = (each for each in cells(rig) if (each.fault, each.act) == (Fault.NOTHING_WRONG, Act.READ))
    assert await run(rig, cell) == ()
    (wrong,) = await run(quiet(rig, less), cell)
    assert said in wrong
