"""The people of the demo: couriers, residents, a duty manager, and bad luck. Told on standard input where to go."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

from app.demo_api import Doors, Member, Refusal, carried, opened
from app.kit.ids import global_id
from app.seed_people import PEOPLE, PersonPlan, recipients
from app.seed_places import HARBOR_EVENTS, connection_id
from app.seed_visits import person_id
from app.seed_world import OPERATORS, banks

log = logging.getLogger("lockyard.people")

# Residents leave a few parcels for tomorrow, so that the banks do not run empty.
LEFT_WAITING = 11
_BANKS = """{ banks(first: 100) { edges { node { id externalId vendor label unreachableSince
  site { name } occupancy { size state count } } } } }"""
_WAITING = """{ stays(filter: {state: [DEPOSITED]}, first: 100) { edges { node {
  id compartment { label } bank { externalId vendor } } } } }"""
_ALARMS = """{ alarms(filter: {acknowledged: false}, first: 100) { edges { node { id raisedAt condition } } } }"""


@dataclass(slots=True)
class Town:
    """What everybody shares. `pace` 1: a normal day in minutes; pauses are seconds at pace 1."""

    url: str
    pace: float
    doors: Doors
    client: httpx2.AsyncClient
    random: Random

    async def wait(self, low: float, high: float) -> None:
        await asyncio.sleep(self.random.uniform(low, high) / self.pace)

    def member(self, plan: PersonPlan) -> Member:
        return Member(self.url, plan, self.client)


async def courier(town: Town, plan: PersonPlan) -> None:
    """Reserve, open, put in, close, confirm."""
    me = town.member(plan)
    await town.wait(0, 12)
    while True:
        with_room = [edge["node"] for edge in (await me.ask(_BANKS))["banks"]["edges"] if _room(edge["node"])]
        if with_room:
            await _deliver(town, me, town.random.choice(with_room))
        await town.wait(6, 16)


def _room(bank: dict[str, Any]) -> list[str]:
    free = [one["size"] for one in bank["occupancy"] if one["state"] == "AVAILABLE" and one["count"] > 2]
    return [] if bank["unreachableSince"] else free


async def _deliver(town: Town, me: Member, bank: dict[str, Any]) -> None:
    tracking = f"{me.plan.organization[:2].upper()}{town.random.randrange(10**11):011d}"
    stay = await me.do(
        "reserveCompartment",
        "... on Stay { id compartment { id label } }",
        bankId=bank["id"],
        size=town.random.choice(_room(bank)),
        tracking=tracking,
        recipientId=_somebody(town, bank),
        # What is handed out for a tower's door keeps it from everybody else as long as it lives.
        holdMinutes=5 if bank["vendor"] == "harbor" else 60,
    )
    if bank["vendor"] == "harbor":
        await _with_phone(town, me, bank["externalId"], stay["id"], "DEPOSIT")
        return
    door = stay["compartment"] or await _placed(town, me, stay["id"])
    command = await me.do("openCompartment", "... on Command { id }", compartmentId=door["id"], reason="delivery")
    if not await opened(me, command["id"]):
        await me.do(
            "releaseStay", "... on Stay { id }", stayId=stay["id"], outcome="CANCELLED", reason="the door did not open"
        )
        return
    await town.wait(1, 3)
    await town.doors.act(bank["vendor"], bank["externalId"], door["label"], "put")
    await town.wait(1, 3)
    await town.doors.act(bank["vendor"], bank["externalId"], door["label"], "close")
    await town.wait(1.5, 3)
    await me.do("confirmDeposit", "... on Stay { id }", stayId=stay["id"])


async def _with_phone(town: Town, me: Member, bank: str, stay: str, kind: str) -> None:
    """Where phones open the doors. Some phones have no signal in the basement and tell of it a while later."""
    pair = await carried(me, stay, kind)
    if pair is None:
        raise Refusal("NO_PASS", "Nothing came to open the door with.")
    await town.wait(1, 3)
    how = "now" if town.random.random() < 0.8 else 40 / town.pace
    if await town.doors.show(bank, pair, how) is None:
        raise Refusal("STAYED_SHUT", "The tower did not take it.")


async def _placed(town: Town, me: Member, stay: str) -> dict[str, Any]:
    """Some banks say a moment later which door it is, or that there is none after all."""
    query = "query($id: ID!) { node(id: $id) { ... on Stay { state compartment { id label } } } }"
    while True:
        await town.wait(0.5, 1)
        found: dict[str, Any] = (await me.ask(query, id=stay))["node"]
        if found["compartment"]:
            place: dict[str, Any] = found["compartment"]
            return place
        if found["state"] != "HELD":
            raise Refusal("NO_DOOR", "The bank had no door after all.")


def _somebody(town: Town, bank: dict[str, Any]) -> str:
    operator = next(plan.site.operator for plan in banks() if plan.external_id == bank["externalId"])
    return global_id("Person", person_id(town.random.choice(recipients(operator))))


async def resident(town: Town, plan: PersonPlan) -> None:
    """Collect what waits; one in thirty walks off and leaves the door open."""
    me = town.member(plan)
    await town.wait(2, 60)
    while True:
        waiting = [edge["node"] for edge in (await me.ask(_WAITING))["stays"]["edges"]]
        if len(waiting) > LEFT_WAITING:
            await _collect(town, me, town.random.choice(waiting))
        await town.wait(20, 60)


async def _collect(town: Town, me: Member, stay: dict[str, Any]) -> None:
    if stay["bank"]["vendor"] == "harbor":
        if await carried(me, stay["id"], "PICKUP", seconds=1) is None:
            await me.do("collect", "... on Command { id }", stayId=stay["id"])
        await _with_phone(town, me, stay["bank"]["externalId"], stay["id"], "PICKUP")
        return
    command = await me.do("collect", "... on Command { id }", stayId=stay["id"])
    if not await opened(me, command["id"]):
        return
    place = (stay["bank"]["vendor"], stay["bank"]["externalId"], stay["compartment"]["label"])
    await town.wait(1, 3)
    await town.doors.act(*place, "take")
    forgetful = town.random.random() < 1 / 30
    await (asyncio.sleep(90) if forgetful else town.wait(1, 3))
    await town.doors.act(*place, "close")


async def burglar(town: Town) -> None:
    """Forces a door now and then, and shuts it again."""
    await town.wait(25, 50)
    doors = [(bank.external_id, door.label) for bank in banks("kerong_cu16") for door in bank.doors()]
    while True:
        bank, label = town.random.choice(doors)
        await town.doors.act("kerong_cu16", bank, label, "force")
        log.info("door %s of bank %s was forced", label, bank)
        await town.wait(15, 30)
        await town.doors.act("kerong_cu16", bank, label, "close")
        await town.wait(60, 150)


async def bad_line(town: Town) -> None:
    """A bank drops off the network and comes back."""
    await town.wait(60, 120)
    while True:
        bank = town.random.choice(banks("kerong_cu16"))
        await town.doors.reach(bank.vendor, bank.external_id, away=True)
        try:
            await town.wait(40, 80)
        finally:
            await town.doors.reach(bank.vendor, bank.external_id, away=False)
        await town.wait(120, 240)


async def duty_manager(town: Town, plan: PersonPlan) -> None:
    """Sees to alarms that nobody took for a while, so that the list stays one a person can read."""
    me = town.member(plan)
    while True:
        await town.wait(50, 90)
        found = [edge["node"] for edge in (await me.ask(_ALARMS))["alarms"]["edges"]]
        for alarm in found[8:]:
            if alarm["condition"] == "CLEARED":
                await me.do("acknowledgeAlarm", "... on Alarm { id }", alarmId=alarm["id"], comment="Seen to.")


async def forever(name: str, life: Callable[[], Awaitable[None]], town: Town) -> None:
    """People are not put off by a no, nor by a server that restarts."""
    while True:
        try:
            await life()
        except Refusal as refusal:
            log.info("%s: %s", name, refusal)
        except (httpx2.HTTPError, OSError) as error:
            log.info("%s cannot reach anybody: %s", name, type(error).__name__)
        await town.wait(3, 8)


def _lives(town: Town) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    lives: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("burglar", lambda: burglar(town)),
        ("line", lambda: bad_line(town)),
    ]
    for plan in PEOPLE:
        if plan.kind == "courier":
            lives.append((plan.email, lambda plan=plan: courier(town, plan)))  # type: ignore[misc]
        elif plan.kind == "manager" and plan.sites is None:
            lives.append((plan.email, lambda plan=plan: duty_manager(town, plan)))  # type: ignore[misc]
    residents = [plan for operator in OPERATORS for plan in recipients(operator)]
    lives += [(plan.email, lambda plan=plan: resident(town, plan)) for plan in residents]  # type: ignore[misc]
    return lives


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    asked = json.load(sys.stdin)
    limits = httpx2.Limits(max_connections=30, max_keepalive_connections=10)
    async with httpx2.AsyncClient(timeout=20, limits=limits) as client:
        doors = Doors(asked["controls"], client)
        town = Town(asked["url"], float(asked["pace"]), doors, client, Random())  # noqa: S311 - nobody guesses at these
        for bank in banks("harbor"):
            place = f"{asked['url']}/push/{connection_id(bank)}"
            await doors.post_events(bank.external_id, place, HARBOR_EVENTS)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        people = [asyncio.create_task(forever(name, life, town)) for name, life in _lives(town)]
        sys.stdout.write(json.dumps({"ready": "people", "count": len(people)}) + "\n")
        sys.stdout.flush()
        await stop.wait()
        for task in people:
            task.cancel()
        await asyncio.gather(*people, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main())
