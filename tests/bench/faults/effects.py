"""What the hardware did on an order, by its own counters; for each order that a vendor takes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from uuid import UUID

from adapters.harbor.simulator import phone
from adapters.harbor.simulator.world import HarborWorld
from adapters.harbor_gateway.simulator.world import GatewayWorld
from adapters.pitney.simulator.world import PitneyWorld
from app.kit.db import Database
from app.kit.seal import Sealer
from app.passes.model import Vault
from tests.bench.faults.place import Place

# A pass opens once to put in and, with this vendor, once to take out: what is shown so often must have been refused.
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One order: the vendor's names of bank and unit, and the stay it is for. Not `placed`: which unit the vendor has
    chosen is not known to us yet."""

    bank: str
    unit: str
    stay: UUID | None = None
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """`happened`: how often it did. `elsewhere`: how much of the like happened that nobody asked for."""

    happened: Callable[[Place, Asked], int]
    elsewhere: Callable[[Place, Iterable[Asked]], int]


def _others(place: Place, asked: Iterable[Asked]) -> list[Asked]:
    named = {(each.bank, each.unit) for each in asked}
    return [Asked(*key) for key in place.simulated.doors if key not in named]


def _opened(place: Place, asked: Asked) -> int:
    return place.simulated.doors.at(asked.bank, asked.unit).openings


def _written(place: Place, asked: Asked) -> int:
    """A cloud's books have somebody on that unit."""
    assert isinstance(place.simulated, PitneyWorld)
    return int(place.simulated.units[asked.bank, asked.unit].contact is not None)


def _given(place: Place, asked: Asked) -> int:
    """How many lockers the gateway gave to the stay."""
    assert isinstance(place.simulated, GatewayWorld)
    return sum(locker.transaction == str(asked.stay) for locker in place.simulated.of(asked.bank))


def _given_elsewhere(place: Place, asked: Iterable[Asked]) -> int:
    assert isinstance(place.simulated, GatewayWorld)
    ours = {(each.bank, str(each.stay)): each.unit if each.placed else None for each in asked}
    held = [locker for locker in place.simulated.lockers.values() if locker.transaction]
    return sum(ours.get((each.bank, each.transaction or ""), "none") not in {None, str(each.id)} for each in held)


def _shown(place: Place, asked: Asked) -> int:
    """How often the door sprang open the same way: to put in, or to take out."""
    assert isinstance(place.simulated, HarborWorld)
    log = place.simulated.towers[asked.bank].log
    return max(Counter(event.way for event in log if event.locker == asked.unit).values(), default=0)


def _nowhere_else(count: Callable[[Place, Asked], int]) -> Callable[[Place, Iterable[Asked]], int]:
    return lambda place, asked: sum(count(place, other) for other in _others(place, asked))


_OPENED = Effect(_opened, _nowhere_else(_opened))
EFFECTS: Mapping[tuple[str, str], Effect] = {
    ("frame_board", "OPEN"): _OPENED,
    ("harbor", "ISSUE_ACCESS"): Effect(_shown, _nowhere_else(_opened)),
    ("harbor_gateway", "OPEN"): _OPENED,
    ("harbor_gateway", "RESERVE"): Effect(_given, _given_elsewhere),
    ("kerong_cu16", "OPEN"): _OPENED,
    ("modbus_io", "OPEN"): _OPENED,
    ("mqtt", "OPEN"): _OPENED,
    ("pitney", "OPEN"): _OPENED,
    ("pitney", "RESERVE"): Effect(_written, _nowhere_else(_written)),
}
# Why a vendor has no cell for an order. Vendors whose doors open by order are tried with OPEN.
NO_BOOKS = "the hardware keeps no reservations"
NO_PHONES = "its doors open by order, to no phone"
IMPOSSIBLE: Mapping[tuple[str, str], str] = {
    **{(vendor, "RESERVE"): NO_BOOKS for vendor in ("frame_board", "kerong_cu16", "modbus_io", "mqtt")},
    **{
        (vendor, "ISSUE_ACCESS"): NO_PHONES
        for vendor in ("frame_board", "harbor_gateway", "kerong_cu16", "modbus_io", "mqtt", "pitney")
    },
    ("harbor", "OPEN"): "no call of the cloud opens a door: a phone does, with the pass that was issued",
    ("harbor", "RESERVE"): "on the way to every pass, and no door opens by it; tried by drawn histories",
}


async def show_passes(place: Place, admin: Database, sealer: Sealer) -> None:
    """Every holder holds the pass to its tower again and again, and to another tower: phones, and no news of it."""
    world = place.simulated
    if not isinstance(world, HarborWorld):
        return
    rows = await admin.pool.fetch(
        """SELECT p.id, p.sealed, b.external_id AS tower FROM pass p JOIN bank b ON b.id = p.bank_id
        WHERE p.tenant_id = $1 AND p.sealed IS NOT NULL""",
        place.owner.organization_id,
    )
    towers = list(world.towers)
    for row in rows:
        pair = {
            word: Vault(sealer).show(row["id"], part, row["sealed"])
            for word, part in (("payload", "payload"), ("payload_auth", "payloadAuth"))
        }
        beside = next(islice(cycle(towers), towers.index(row["tower"]) + 1, None))
        for tower in (*([beside] if beside != row["tower"] else []), *[row["tower"]] * SHOWN):
            phone.use(world, {"tower": tower, **pair, "sync": "never"})
