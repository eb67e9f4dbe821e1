"""The kit as pytest functions. A package tests its own adapter with `from adapters.conformance.suite import *`.

Where the importing module has `VENDORS`, only these are run; otherwise every rig that is found.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from adapters import registry
from adapters.conformance import drawn
from adapters.conformance.cells import Cell
from adapters.conformance.kit import cells, gaps, rigs, run
from adapters.conformance.rig import Rig
from app.devices.port import Ability, Adapter, Capability, DeviceError, Evidence, Timing

__all__ = [
    "pytest_generate_tests",
    "test_a_bank_has_one_id_however_it_is_spelled",
    "test_a_cell_of_the_matrix_ends_as_it_must",
    "test_an_adapter_says_all_it_must",
    "test_drawn_orders_under_drawn_bad_luck_act_once_and_lie_never",
    "test_every_fault_is_tried_or_said_to_be_impossible",
]


def pytest_generate_tests(metafunc: Any) -> None:
    wanted = getattr(metafunc.module, "VENDORS", None)
    found = [rig for name, rig in sorted(rigs().items()) if wanted is None or name in wanted]
    if "cell" in metafunc.fixturenames:
        pairs = [(rig, cell) for rig in found for cell in cells(rig)]
        metafunc.parametrize(("rig", "cell"), pairs, ids=[f"{rig.vendor}-{cell}" for rig, cell in pairs])
    elif "seed" in metafunc.fixturenames:
        draws = [(rig, seed) for rig in found if rig.luck for seed in drawn.SEEDS]
        metafunc.parametrize(("rig", "seed"), draws, ids=[f"{rig.vendor}-{seed}" for rig, seed in draws])
    elif "rig" in metafunc.fixturenames:
        metafunc.parametrize("rig", found, ids=[rig.vendor for rig in found])


def test_every_fault_is_tried_or_said_to_be_impossible(rig: Rig) -> None:
    _none(gaps(rig))


def test_a_cell_of_the_matrix_ends_as_it_must(rig: Rig, cell: Cell) -> None:
    _none(asyncio.run(run(rig, cell)))


def test_an_adapter_says_all_it_must(rig: Rig) -> None:
    _none(asyncio.run(_spoken(rig)))


def test_drawn_orders_under_drawn_bad_luck_act_once_and_lie_never(rig: Rig, seed: int) -> None:
    _none(asyncio.run(drawn.play(rig, seed)))


def test_a_bank_has_one_id_however_it_is_spelled(rig: Rig) -> None:
    _none(asyncio.run(_spelled(rig)))


def _none(wrong: Sequence[str]) -> None:
    """Said here: of an assertion in a module that is imported pytest shows nothing but that it failed."""
    assert not wrong, "; ".join(wrong)


async def _spelled(rig: Rig) -> list[str]:
    """Spellings under which the adapter finds the same bank though they are kept as different ones; and banks that it
    lists by another id than they are kept by."""
    written = registry.vendor(rig.vendor).bank_id
    async with rig.start() as bench:
        bank, found = bench.bank, []
        listed = [state.id for state in await bench.adapter.list_banks()]
        wrong = [id_ for id_ in {bank, *listed} if written(id_) != id_]
        for spelling in {bank.upper(), bank.lower(), f" {bank}", f"{bank} ", f"0{bank}", bank.lstrip("0")} - {bank, ""}:
            try:
                await bench.adapter.read_bank(spelling)
                found += [] if written(spelling) == bank else [spelling]
            except DeviceError:
                continue
        return [*wrong, *found]


async def _spoken(rig: Rig) -> list[str]:
    async with rig.start() as bench:
        adapter = bench.adapter
        said = {
            "is an Adapter": isinstance(adapter, Adapter),
            "is called as its vendor": adapter.vendor == rig.vendor == bench.connection.vendor,
            "is in the registry": rig.vendor in registry.vendors(),
            "speaks of every capability": set(adapter.capabilities) == set(Capability),
            "in one of three words": set(adapter.capabilities.values()) <= set(Ability),
            "knows how far its word goes": isinstance(adapter.evidence_ceiling, Evidence),
            "knows its times": isinstance(adapter.timing, Timing),
            "knows what to keep out of logs": all(isinstance(word, str) for word in adapter.redact),
            "takes its own settings": registry.problems(bench.connection) == (),
        }
        return [what for what, so in said.items() if not so]
