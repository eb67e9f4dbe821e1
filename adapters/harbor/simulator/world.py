"""What Harbor's cloud has in its books, what each call does to it, and how late it hears of the towers."""

import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from adapters.harbor import wire
from adapters.harbor.simulator.books import (
    AVAILABLE,
    DECLINED,
    OCCUPIED,
    RENTED,
    RESERVED,
    Locker,
    NotDone,
    whole,
)
from adapters.harbor.simulator.tower import OUT, PICKUP, Event, Mint, Tower
from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import Faults
from adapters.simulation.http import KINDS

# What the control interface may set of a locker as it is.
_FORCED = {"low", "owner", "reservation", "status", "type"}


class HarborWorld:
    """The cloud and its towers. Requests are handled without a pause in between, which makes each of them atomic.

    `names_pairs`: whether a pair comes with an id of its own, which no documentation promises.
    """

    def __init__(self, towers: Iterable[Mapping[str, Any]], *, close_after: float | None = None) -> None:
        self.clock = Clock()
        self.doors = Doors(self.clock, close_after)
        self.faults = Faults(KINDS)
        self.mint = Mint()
        self.banks: dict[str, Mapping[str, Any]] = {}
        self.towers: dict[str, Tower] = {}
        self.lockers: dict[tuple[str, str], Locker] = {}
        self.known: dict[str, int] = {}
        self.issued: dict[str, int] = {}
        self.makers: dict[str, str] = {}
        # Links by the id of their request; `token`: the pair behind one, whose id no answer tells.
        self.requests: dict[str, dict[str, Any]] = {}
        self.pairs: dict[tuple[str, str], int] = {}
        self.names_pairs = True
        self.given_up: list[dict[str, Any]] = []
        self.late: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        # The latest that were ever to be posted, whether or not anybody took them.
        self.history: deque[dict[str, Any]] = deque(maxlen=500)
        for tower in towers:
            id_ = tower["id"]
            self.banks[id_] = tower
            self.towers[id_] = Tower(id_, self.mint, self.doors)
            for each in tower["units"]:
                row = {name: each[name] for name in ("type", "low") if name in each}
                locker = Locker(id_, str(each["id"]), each.get("name", str(each["id"])), **row)
                self.lockers[id_, locker.id] = locker
                self.doors.add(id_, locker.id)

    def of(self, tower: str) -> list[Locker]:
        if tower not in self.banks:
            raise NotDone(404, "Tower not found")
        return [self.lockers[tower, str(unit["id"])] for unit in self.banks[tower]["units"]]

    def locker(self, tower: str, id_: str) -> Locker:
        try:
            return self.lockers[tower, id_]
        except KeyError:
            raise NotDone(404, "Locker not found") from None

    def sweep(self) -> None:
        """Time: reservations and rents run out, and phones that were to synchronise later do so now."""
        now = self.clock.now()
        for each in [row for row in self.late if _time(row["at"]) <= now]:
            self.late.remove(each)
            self.sync(each["tower"], times=each["times"], backwards=each["backwards"])
        for locker in self.lockers.values():
            if locker.status in {RESERVED, RENTED} and locker.until and _time(locker.until) <= now:
                locker.free()

    # --- what the calls do ---------------------------------------------------------------------------------------

    def reserve(self, tower: str, id_: str, ask: Mapping[str, Any], owner: str) -> dict[str, Any]:
        locker, seconds = self.locker(tower, id_), whole(ask, "duration")
        if locker.status != AVAILABLE:
            raise NotDone(409, f"Locker is {locker.status}")
        locker.status, locker.owner, locker.reservation = RESERVED, owner, secrets.token_hex(6)
        locker.until = self._in(seconds)
        return {"id": locker.reservation, "locker": locker.shown(), "expiresAt": locker.until}

    def cancel(self, tower: str, id_: str, reservation: str, owner: str) -> dict[str, Any]:
        locker = self.locker(tower, id_)
        if locker.status != RESERVED or locker.reservation != reservation or locker.owner != owner:
            raise NotDone(409, "Reservation is not active")
        locker.free()
        return locker.shown()

    def issue(self, tower: str, id_: str, kind: str, ask: Mapping[str, Any], owner: str) -> dict[str, Any]:
        locker, seconds = self.locker(tower, id_), whole(ask, "duration")
        allowed = {OCCUPIED} if kind == PICKUP else {AVAILABLE, RESERVED, RENTED, OCCUPIED}
        if locker.status not in allowed:
            raise NotDone(400 if kind == PICKUP else 409, "Locker is not occupied" if kind == PICKUP else locker.status)
        if locker.owner not in {None, owner}:
            raise NotDone(400, "Locker is not assigned to you")
        token, now = secrets.token_hex(6), self.clock.now()
        if locker.status != OCCUPIED:
            until = self._in(seconds)
            longest = max(until, locker.until or until) if locker.status == RENTED else until
            locker.status, locker.until = RENTED, longest
        locker.owner = owner
        locker.tokens.append(token)
        self.makers[token] = owner
        self.issued[tower] = self.issued.get(tower, 0) + 1
        self.pairs[tower, id_] = self.pairs.get((tower, id_), 0) + 1
        said = {"tower": tower, "locker": id_, "kind": kind, "token": token}
        payload, auth = self.mint.pair({**said, "from": now.isoformat(), "until": self._in(seconds)})
        self._tell("LOCKER_OPERATION", "LOCKER_TOKEN_CREATED", locker, now, token, str(ask.get("client_info") or ""))
        return {"id": token, "payload": payload, "payload_auth": auth}

    def link(self, kind: str, locker: Locker, ask: Mapping[str, Any], owner: str) -> dict[str, Any]:
        """A link is a pair that its page shows to the tower; whoever has it has the pair."""
        info = {"duration": 300, "client_info": str(ask.get("clientInfo") or "")}
        pair, request = self.issue(locker.tower, locker.id, kind, info, owner), secrets.token_hex(6)
        code = f"{secrets.randbelow(10**6):06}" if ask.get("keypadIntent") else None
        address = f"https://open.simulated/{kind}?token={pair['payload']}.{pair['payload_auth']}"
        told = {"id": request, "locker_id": int(locker.id), "towerId": locker.tower, "linkToken": address}
        echo = ask.get("payload") or None
        self.requests[request] = {"token": pair["id"], "told": told, "echo": echo, "owner": owner}
        self._tell("LOCKER_ASSIGNED", "LOCKER_OPEN_LINK_CREATED", locker, self.clock.now(), None, info["client_info"],
                   link=(request, echo, code))  # fmt: skip
        return told

    def request(self, id_: str, owner: str) -> dict[str, Any]:
        found = self.requests.get(id_)
        if found is None or found["owner"] != owner:
            raise NotDone(404, "Locker open request not found")
        return dict(found["told"])

    def release(self, tower: str, id_: str, owner: str) -> dict[str, Any]:
        locker = self.locker(tower, id_)
        if locker.status not in {RENTED, OCCUPIED, DECLINED} or locker.owner != owner:
            raise NotDone(409, f"Locker is {locker.status}")
        if locker.status == RENTED:
            locker.status = DECLINED
        else:
            # The tower hears of it with the next phone; until then what was handed out opens its door.
            self.given_up.append({"tower": tower, "locker": id_, "tokens": list(locker.tokens)})
            locker.free()
        return locker.shown()

    # --- what comes from the towers ------------------------------------------------------------------------------

    def sync_later(self, tower: str, seconds: float, times: int = 1, *, backwards: bool = False) -> None:
        self.late.append({"tower": tower, "at": self._in(seconds), "times": times, "backwards": backwards})

    def sync(self, tower: str, *, times: int = 1, backwards: bool = False) -> int:
        """A phone beside the tower is online: the log goes up, releases go down. How many lines were new."""
        machine = self.towers[tower]
        if machine.offline:
            return 0
        machine.settle()
        fresh = [event for event in machine.log if event.number > self.known.get(tower, 0)]
        # A door that still stands open holds back its own line and all after it.
        held = next((place for place, event in enumerate(fresh) if not event.done), len(fresh))
        fresh = fresh[:held]
        told: list[dict[str, Any]] = []
        for event in fresh:
            self.known[tower] = event.number
            told.append(self._heard(self.lockers[tower, event.locker], event))
        for order in [each for each in self.given_up if each["tower"] == tower]:
            self.given_up.remove(order)
            machine.dead.update(order["tokens"])
            if self.lockers[tower, order["locker"]].status != OCCUPIED:
                machine.full.discard(order["locker"])
        for locker in self.of(tower):
            if locker.status == DECLINED:
                # The release is set at the tower: what was handed out opens nothing any more.
                machine.dead.update(locker.tokens)
                locker.free()
        for _ in range(times):
            self._publish(list(reversed(told)) if backwards else told)
        return len(fresh)

    def _heard(self, locker: Locker, event: Event) -> dict[str, Any]:
        if event.way == OUT:
            locker.free()
        else:
            # Whoever made the token has the locker now, even where its time in the books was over.
            locker.status, locker.until, locker.owner = OCCUPIED, None, self.makers.get(event.token)
        links = [(id_, each["echo"], None) for id_, each in self.requests.items() if each["token"] == event.token]
        link = links[0] if links else None
        return self._event("LOCKER_OPERATION", "LOCKER_TOKEN_USED", locker, _time(event.at), event.token, link=link)

    def _tell(self, name: str, source: str, locker: Locker, at: datetime, *about: Any, **more: Any) -> None:
        self._publish([self._event(name, source, locker, at, *about, **more)])

    def _publish(self, events: list[dict[str, Any]]) -> None:
        self.events += events
        self.history.extend(events)

    def _event(
        self, name: str, source: str, locker: Locker, at: datetime, token: str | None, info: str = "",
        *, link: tuple[str, Any, str | None] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """As it is posted: the outer time has no zone, the inner one has. Ids are filled in only partly: that a pair
        was made is told without the link that it was made for."""
        request, echo, code = link or (None, None, None)
        return {
            "timestamp": self.clock.now().replace(tzinfo=None).isoformat(),
            "event": name,
            "data": {
                "timestamp": at.isoformat(),
                "locker_id": int(locker.id),
                "locker_status": locker.status,
                "tower_id": locker.tower.upper(),
                "source": source,
                "reservation_id": locker.reservation,
                "open_locker_token_id": token,
                "keypad_code": code,
                "client_info": info or None,
                "locker_open_request_id": request,
                "locker_open_request_payload": echo,
            },
        }

    # --- for the control interface -------------------------------------------------------------------------------

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        locker = self.lockers[bank, unit]
        if strange := changes.keys() - {"free", "full", *_FORCED}:
            raise ValueError(f"no such words: {', '.join(sorted(strange))}")
        if changes.get("free"):
            locker.free()
        for name in changes.keys() & _FORCED:
            setattr(locker, name, changes[name])
        if "full" in changes:
            (self.towers[bank].full.add if changes["full"] else self.towers[bank].full.discard)(unit)

    def rename(self, bank: str, unit: str) -> None:
        """The books take this locker for one of another tower."""
        other = next(id_ for id_ in self.towers if id_ != bank)
        self.lockers[bank, unit].tower = other

    def told(self, bank: str | None) -> dict[str, Any]:
        """Tokens issued and used, pairs refused, and what the towers and the books say."""
        chosen = {id_: tower for id_, tower in self.towers.items() if bank in {None, id_}}
        return {
            "tokens": {
                id_: {"issued": self.issued.get(id_, 0), "used": sum(map(len, tower.used.values()))}
                | {"refused": tower.refused, "unsynced": len(tower.log) - self.known.get(id_, 0)}
                for id_, tower in chosen.items()
            },
            "books": [
                {"bank": each.tower, "unit": each.id, "status": each.status, "full": each.id in chosen[each.tower].full}
                for each in self.lockers.values()
                if each.tower in chosen
            ],
        }

    def dump(self) -> dict[str, Any]:
        return {
            "key": self.mint.key.hex(),
            "doors": self.doors.dump(),
            "towers": [tower.dump() for tower in self.towers.values()],
            "lockers": [asdict(locker) for locker in self.lockers.values()],
            "known": self.known,
            "issued": self.issued,
            "makers": self.makers,
            "requests": self.requests,
            "late": self.late,
            "given_up": self.given_up,
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        self.doors.load(kept["doors"])
        self.mint = Mint(bytes.fromhex(kept["key"]))
        for row in kept["towers"]:
            if tower := self.towers.get(row["id"]):
                tower.mint = self.mint
                tower.load(row)
        for row in kept["lockers"]:
            if (row["tower"], row["id"]) in self.lockers:
                self.lockers[row["tower"], row["id"]] = Locker(**row)
        self.known, self.issued, self.makers = dict(kept["known"]), dict(kept["issued"]), dict(kept["makers"])
        self.requests = dict(kept.get("requests", {}))
        self.late, self.given_up = list(kept["late"]), list(kept["given_up"])

    def _in(self, seconds: float) -> str:
        return (self.clock.now() + timedelta(seconds=seconds)).isoformat()


def _time(text: str) -> datetime:
    return wire.zoned(text)
