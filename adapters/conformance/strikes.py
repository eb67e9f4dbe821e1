"""Bad luck for simulators that are built from `adapters.simulation`: faults, acts at doors, falling off the network."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.conformance.cells import Strike
from adapters.conformance.rig import UnitKey

FOR_EVER = -1


def fault(kind: str, where: str, **more: object) -> Strike:
    """`kind` and `where` are the simulator's own words; see its README."""
    return lambda world: world.faults.add({"kind": kind, "where": where, **more})


def act(name: str, bank: str, unit: str, amount: float | None = None) -> Strike:
    return lambda world: world.doors.act(bank, unit, name, amount)


def away(how: str = "silent") -> Strike:
    """`how`: silent or reset."""
    return lambda world: world.faults.go_away(how=how)


def skew(hours: float) -> Strike:
    return lambda world: world.clock.advance(hours * 3600)


def every(*strikes: Strike) -> Strike:
    return lambda world: [strike(world) for strike in strikes]


def calm(world: Any) -> None:
    """Every waiting fault is gone and everything is back on the network."""
    world.faults.clear()
    world.faults.come_back()


def pulses(world: Any) -> Callable[[], Mapping[UnitKey, int]]:
    """Orders that reached each lock, by the simulator's own count."""
    return lambda: {key: world.doors.at(*key).pulses for key in world.doors}
