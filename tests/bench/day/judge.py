"""Our record beside the simulators' truth, door by door: what differs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.pitney.simulator.world import PitneyWorld
from app.kit.db import Database
from tests.bench.faults.place import Place

DONE = {"ACCEPTED", "DOOR_OPENED", "DOOR_CLOSED"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`differences`: one sentence each. `asked`: orders that a person must look at, and how often each kind."""

    differences: tuple[str, ...]
    commands: int
    asked: int


async def judge(admin: Database, places: list[Place]) -> Verdict:
    differences: list[str] = []
    commands, asked = 0, 0
    for place in places:
        doors = await _doors(admin, place)
        orders = await _orders(admin, place)
        for key, door in doors.items():
            differences += [f"{place.vendor} {key}: {what}" for what in _door(place, key, door, orders.get(key, []))]
        commands += sum(map(len, orders.values()))
        asked += sum(order["state"] == "UNCONFIRMED" for each in orders.values() for order in each)
    return Verdict(tuple(differences), commands, asked)


async def _doors(admin: Database, place: Place) -> dict[tuple[str, str], Mapping[str, Any]]:
    rows = await admin.pool.fetch(
        """SELECT b.external_id AS bank, c.external_id AS unit, c.use, c.door, c.openings, s.state,
          (SELECT array_agg(p.tracking ORDER BY p.tracking) FROM parcel p
            WHERE p.stay_id = s.id AND p.state IN ('ALLOCATED', 'IN_LOCKER')) AS parcels
        FROM compartment c JOIN bank b ON b.id = c.bank_id
        LEFT JOIN stay s ON s.compartment_id = c.id AND s.state <> 'RELEASED' WHERE c.tenant_id = $1""",
        place.owner.organization_id,
    )
    return {(row["bank"], row["unit"]): row for row in rows}


async def _orders(admin: Database, place: Place) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    rows = await admin.pool.fetch(
        """SELECT b.external_id AS bank, c.external_id AS unit, o.kind, o.state, o.settled, o.detail
        FROM command o JOIN compartment c ON c.id = o.compartment_id JOIN bank b ON b.id = c.bank_id
        WHERE o.tenant_id = $1""",
        place.owner.organization_id,
    )
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["bank"], row["unit"]), []).append(row)
    return found


def _door(place: Place, key: tuple[str, str], door: Mapping[str, Any], orders: list[Mapping[str, Any]]) -> list[str]:
    found = (
        _books(place.simulated, key, door) if isinstance(place.simulated, PitneyWorld) else _sensor(place, key, door)
    )
    opens = [order for order in orders if order["kind"] == "OPEN" and "open already" not in (order["detail"] or "")]
    ends = Counter(order["state"] for order in opens)
    done, unknown = sum(ends[state] for state in DONE), ends["UNCONFIRMED"]
    pulses = place.simulated.doors.at(*key).pulses
    if not done <= pulses <= done + unknown:
        found.append(f"{pulses} pulses for {done} done and {unknown} unknown orders")
    unsettled = [order["kind"] for order in orders if not order["settled"]]
    return found + [f"{kind} is not settled" for kind in unsettled]


def _books(world: PitneyWorld, key: tuple[str, str], door: Mapping[str, Any]) -> list[str]:
    unit = world.units[key]
    theirs = sorted({*unit.reserved, *unit.deposited})
    found = []
    if (door["state"] is not None) != (unit.contact is not None):
        found.append(f"our stay {door['state']}, their unit {'taken' if unit.contact else 'free'}")
    elif list(door["parcels"] or []) != theirs:
        found.append(f"our parcels {door['parcels']}, theirs {theirs}")
    if (door["state"] in {"DEPOSITED", "COLLECTING"}) != bool(unit.deposited):
        found.append(f"our stay {door['state']}, their unit {'occupied' if unit.deposited else 'empty'}")
    return found


def _sensor(place: Place, key: tuple[str, str], door: Mapping[str, Any]) -> list[str]:
    there = place.simulated.doors.at(*key)
    found = []
    if door["door"] != ("OPEN" if there.is_open else "CLOSED"):
        found.append(f"our door {door['door']}, theirs {'open' if there.is_open else 'closed'}")
    if door["openings"] != there.openings + there.forced:
        found.append(f"we saw {door['openings']} openings, there were {there.openings + there.forced}")
    return found
