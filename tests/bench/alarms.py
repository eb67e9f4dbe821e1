"""From a simulated door that is forced to the subscriber who hears of it, on a demo of its own:
`python -m tests.bench.alarms [--doors 40]`."""

import argparse
import random
import statistics
import time

from tests.e2e.world import World, end_shared, shared

ALARM = """subscription { alarms { __typename ... on AlarmEvent { kind alarm { kind bank { id } compartment { label } } } } }"""
SHUT_SECONDS = 1.5


def measured(world: World, doors: int) -> list[float]:
    """Seconds from the control call that forces a door to the alarm, for doors at many banks in random order."""
    banks = world.banks("kerong_cu16")
    query = "query($id: ID!) { bank(id: $id) { compartments(first: 50) { edges { node { label door } } } } }"
    found: list[float] = []
    with world.watch(ALARM) as alarms:
        while len(found) < doors:
            bank = random.choice(banks)
            edges = world.ask(query, {"id": bank["id"]})["bank"]["compartments"]["edges"]
            label = random.choice([edge["node"]["label"] for edge in edges if edge["node"]["door"] == "CLOSED"])
            # At any moment between two looks.
            time.sleep(random.random())
            began = time.monotonic()
            world.door(bank, label, "force")
            alarms.until(lambda said, where=label, of=bank["id"]: _is(said, of, where), 10)  # type: ignore[misc]
            found.append(time.monotonic() - began)
            world.door(bank, label, "close")
            time.sleep(SHUT_SECONDS)
    return found


def _is(said: dict[str, object], bank: str, label: str) -> bool:
    alarm = said.get("alarm")
    if (
        not isinstance(alarm, dict)
        or alarm["kind"] != "FORCED_OPEN"
        or said["kind"] not in {"AlarmRaised", "AlarmRepeated"}
    ):
        return False
    return bool(alarm["bank"]["id"] == bank and alarm["compartment"]["label"] == label)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--doors", type=int, default=40, help="how many doors are forced, one after the other")
    try:
        found = sorted(measured(shared(), given.parse_args().doors))
    finally:
        end_shared()
    tail = found[min(len(found) - 1, int(len(found) * 0.99))]
    print(f"{len(found)} doors: median {statistics.median(found):.2f} s, p99 {tail:.2f} s, most {found[-1]:.2f} s")


if __name__ == "__main__":
    main()
