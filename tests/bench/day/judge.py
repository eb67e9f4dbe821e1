"""Our record beside the simulators' truth, door by door: what differs."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.harbor.simulator.books import AVAILABLE, OCCUPIED, RENTED, RESERVED
from adapters.harbor.simulator.world import HarborWorld
from adapters.harbor_gateway.simulator.world import GatewayWorld
from adapters.pitney.simulator.world import PitneyWorld
from app.kit.db import Database
from tests.bench.faults.place import Place

DONE = {"ACCEPTED", "DOOR_OPENED", "DOOR_CLOSED"}
INSIDE = {"DEPOSITED", "COLLECTING"}
Key = tuple[str, str]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`differences`: one sentence each. `asked`: orders that a person must look at. `banks`: how many of each vendor."""

    differences: tuple[str, ...]
    commands: int
    asked: int
    banks: Mapping[str, int]


async def judge(admin: Database, places: list[Place]) -> Verdict:
    differences: list[str] = []
    commands, asked = 0, 0
    for place in places:
        doors = await _doors(admin, place)
        orders = await _orders(admin, place)
        for key, door in doors.items():
            differences += [f"{place.vendor} {key}: {what}" for what in _door(place, key, door, orders.get(key, []))]
        differences += [f"{place.vendor}: {what}" for what in await _passes(admin, place)]
        commands += sum(map(len, orders.values()))
        asked += sum(order["state"] == "UNCONFIRMED" for each in orders.values() for order in each)
    return Verdict(tuple(differences), commands, asked, {place.vendor: len(place.banks) for place in places})


async def _doors(admin: Database, place: Place) -> dict[Key, Row]:
    rows = await admin.pool.fetch(
        """SELECT b.external_id AS bank, c.external_id AS unit, c.use, c.service, c.withheld, c.door, c.openings,
          s.state, s.id::text AS stay, (SELECT array_agg(p.tracking ORDER BY p.tracking) FROM parcel p
            WHERE p.stay_id = s.id AND p.state IN ('ALLOCATED', 'IN_LOCKER')) AS parcels
        FROM compartment c JOIN bank b ON b.id = c.bank_id
        LEFT JOIN stay s ON s.compartment_id = c.id AND s.state <> 'RELEASED' WHERE c.tenant_id = $1""",
        place.owner.organization_id,
    )
    return {(row["bank"], row["unit"]): row for row in rows}


async def _orders(admin: Database, place: Place) -> dict[Key, list[Row]]:
    rows = await admin.pool.fetch(
        """SELECT b.external_id AS bank, c.external_id AS unit, o.kind, o.state, o.settled, o.detail
        FROM command o JOIN compartment c ON c.id = o.compartment_id JOIN bank b ON b.id = c.bank_id
        WHERE o.tenant_id = $1""",
        place.owner.organization_id,
    )
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault((row["bank"], row["unit"]), []).append(row)
    return found


def _door(place: Place, key: Key, door: Row, orders: Sequence[Row]) -> list[str]:
    found = [what for look in LOOKS[place.vendor] for what in look(place, key, door)]
    opens = [order for order in orders if order["kind"] == "OPEN" and "open already" not in (order["detail"] or "")]
    ends = Counter(order["state"] for order in opens)
    done, unknown = sum(ends[state] for state in DONE), ends["UNCONFIRMED"]
    pulses = place.simulated.doors.at(*key).pulses
    # At a tower no order moves a door; what passes did there is told apart.
    if not isinstance(place.simulated, HarborWorld) and not done <= pulses <= done + unknown:
        found.append(f"{pulses} pulses for {done} done and {unknown} unknown orders")
    unsettled = [order["kind"] for order in orders if not order["settled"]]
    return found + [f"{kind} is not settled" for kind in unsettled]


def _cloud(place: Place, key: Key, door: Row) -> list[str]:
    assert isinstance(place.simulated, PitneyWorld)
    unit = place.simulated.units[key]
    theirs = sorted({*unit.reserved, *unit.deposited})
    found = []
    if (door["state"] is not None) != (unit.contact is not None):
        found.append(f"our stay {door['state']}, their unit {'taken' if unit.contact else 'free'}")
    elif list(door["parcels"] or []) != theirs:
        found.append(f"our parcels {door['parcels']}, theirs {theirs}")
    if (door["state"] in INSIDE) != bool(unit.deposited):
        found.append(f"our stay {door['state']}, their unit {'occupied' if unit.deposited else 'empty'}")
    return found


def _gateway(place: Place, key: Key, door: Row) -> list[str]:
    """The same stay in the same locker."""
    assert isinstance(place.simulated, GatewayWorld)
    theirs = place.simulated.lockers[key[0], int(key[1])].transaction
    return [] if door["stay"] == theirs else [f"our stay {door['stay']}, their transaction {theirs}"]


# A stay of ours -> what the books of a tower's cloud may say.
_WORDS: Mapping[str | None, frozenset[str]] = {
    None: frozenset({AVAILABLE}),
    "HELD": frozenset({RESERVED, RENTED}),
    "ACCESS_ISSUED": frozenset({RENTED}),
    "DEPOSITED": frozenset({OCCUPIED}),
    "COLLECTING": frozenset({OCCUPIED}),
}


def _tower(place: Place, key: Key, door: Row) -> list[str]:
    """Books and tower; who is being called off waits for both, and a door that nobody is given may hold anything."""
    assert isinstance(place.simulated, HarborWorld)
    status, full = place.simulated.lockers[key].status, key[1] in place.simulated.towers[key[0]].full
    state, kept_back = door["state"], door["service"] != "IN_SERVICE" or door["withheld"] is not None
    found = []
    if state != "REVOKING" and not (state is None and kept_back) and status not in _WORDS[state]:
        found.append(f"our stay {state}, their locker {status}")
    if full != (state in INSIDE) and not kept_back:
        found.append(f"our stay {state}, their locker {'full' if full else 'empty'}")
    return found


def _sensor(place: Place, key: Key, door: Row) -> list[str]:
    there = place.simulated.doors.at(*key)
    found = []
    if door["door"] != ("OPEN" if there.is_open else "CLOSED"):
        found.append(f"our door {door['door']}, theirs {'open' if there.is_open else 'closed'}")
    if door["openings"] != there.openings + there.forced:
        found.append(f"we saw {door['openings']} openings, there were {there.openings + there.forced}")
    return found


LOOKS: Mapping[str, tuple[Callable[[Place, Key, Row], list[str]], ...]] = {
    **dict.fromkeys(("frame_board", "kerong_cu16", "modbus_io", "mqtt"), (_sensor,)),
    "harbor": (_tower,),
    "harbor_gateway": (_gateway, _sensor),
    "pitney": (_cloud,),
}


async def _passes(admin: Database, place: Place) -> list[str]:
    """Each pass opened its door at most once each way, and nothing opened but passes that we were given."""
    if not isinstance(place.simulated, HarborWorld):
        return []
    sql = "SELECT p.reference, c.external_id AS unit FROM pass p JOIN compartment c ON c.id = p.compartment_id"
    rows = await admin.pool.fetch(f"{sql} WHERE p.tenant_id = $1", place.owner.organization_id)
    ours = {row["reference"]: row["unit"] for row in rows}
    events = [event for tower in place.simulated.towers.values() for event in tower.log]
    used = Counter((event.token, event.way) for event in events)
    return [
        *(f"pass {token} opened {times} times the same way" for (token, _), times in used.items() if times > 1),
        *(
            f"locker {each.locker} opened by a pass of another"
            for each in events
            if ours.get(each.token) != each.locker
        ),
    ]
