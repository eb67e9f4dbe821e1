"""Phones: they show pairs to towers, shut doors, and carry the towers' news to the cloud late, never or twice."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.harbor.simulator.tower import IN
from adapters.harbor.simulator.world import HarborWorld

# What a phone does with a tower's log when the door is shut; a number is seconds to wait.
NOW, NEVER, TWICE = "now", "never", "twice"


def use(world: HarborWorld, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Show a pair: `{tower, payload, payload_auth}`, or `{tower, link}`.

    `sync`: now, never, twice, or seconds. `shut` false leaves the door open. Says which locker opened, and why none.
    """
    tower, how = world.towers[ask["tower"].lower()], ask.get("sync", NOW)
    if not (how in {NOW, NEVER, TWICE} or isinstance(how, int | float)):
        raise ValueError("sync is now, never, twice or seconds")
    if tower.offline:
        return {"locker": None, "why": "the tower does not answer"}
    payload, auth = ask.get("payload"), ask.get("payload_auth")
    if "link" in ask:
        payload, _, auth = ask["link"].partition("token=")[2].partition(".")
    locker, why = tower.present(str(payload), str(auth))
    if locker is None:
        return {"locker": None, "why": why}
    way = tower.log[-1].way
    world.doors.act(tower.id, locker, "put" if way == IN else "take")
    if ask.get("shut", True):
        world.doors.act(tower.id, locker, "close")
        _carry(world, tower.id, how)
    return {"locker": locker, "why": "", "way": way}


def shut(world: HarborWorld, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Close a door that was left open, and synchronise as `sync` says."""
    tower = ask["tower"].lower()
    world.doors.act(tower, str(ask["locker"]), "close")
    _carry(world, tower, ask.get("sync", NOW))
    return {}


def sync(world: HarborWorld, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Any phone comes by: `{tower, times?, backwards?}`."""
    tower = ask["tower"].lower()
    fresh = world.sync(tower, times=int(ask.get("times", 1)), backwards=bool(ask.get("backwards")))
    return {"fresh": fresh}


def tamper(world: HarborWorld, ask: Mapping[str, Any]) -> dict[str, Any]:
    """What befalls a tower itself: `{tower, ahead?, offline?}`; `ahead` in seconds of its clock."""
    tower = world.towers[ask["tower"].lower()]
    tower.ahead = float(ask.get("ahead", tower.ahead))
    tower.offline = bool(ask.get("offline", tower.offline))
    return {"now": tower.now().isoformat(), "offline": tower.offline}


def _carry(world: HarborWorld, tower: str, how: str | float) -> None:
    if isinstance(how, int | float):
        world.sync_later(tower, float(how))
    elif how != NEVER:
        world.sync(tower, times=2 if how == TWICE else 1)


CONTROLS: Mapping[str, Callable[[HarborWorld, Mapping[str, Any]], dict[str, Any]]] = {
    "phone": use,
    "shut": shut,
    "sync": sync,
    "tower": tamper,
}
