"""The three dialects that controllers speak: our own JSON, Home Assistant's lock schema, Tasmota's. No I/O."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from adapters.generic.mqtt.wire import Alive, Message, News, Output, Reacted, Result, State, Strange, json_of, shown
from app.devices.port import Door


class NativeJson:
    """`{prefix}/{bank}/availability`, `…/unit/{n}/state`, `…/unit/{n}/cmd`, `…/ack`. `bank` None: all there are."""

    acks = finds = True
    _doors: Mapping[str, Door] = {"open": Door.OPEN, "closed": Door.CLOSED, "unknown": Door.UNKNOWN}
    _results: Mapping[str, Result] = {result.value: result for result in Result}

    def __init__(self, prefix: str, bank: str | None, pulse_seconds: float) -> None:
        self._prefix, self._bank = prefix, bank
        self._pulse_ms = round(pulse_seconds * 1000)

    def topics(self) -> tuple[str, ...]:
        bank = f"{self._prefix}/{self._bank or '+'}"
        return f"{bank}/availability", f"{bank}/unit/+/state", f"{bank}/ack"

    def units(self) -> tuple[tuple[str, str], ...]:
        return ()

    def greet(self, units: Collection[str] | None = None) -> tuple[Message, ...]:  # noqa: ARG002 - all is retained
        return ()

    def read(self, topic: str, payload: str) -> tuple[News, ...]:
        match topic.removeprefix(f"{self._prefix}/").split("/"):
            case [bank, "availability"]:
                online = {"online": True, "offline": False}.get(payload)
                return (Strange(bank, None, "availability", payload) if online is None else Alive(bank, None, online),)
            case [bank, "unit", unit, "state"]:
                return self._state(bank, unit, payload)
            case [bank, "ack"]:
                said = json_of(payload) or {}
                order, result, reason = said.get("id"), self._results.get(_word(said, "result")), said.get("reason")
                if not isinstance(order, str) or result is None:
                    return (Strange(bank, None, "answer to an order", payload),)
                return (Reacted(bank, None, order, result, shown(str(reason or ""))),)
        return ()

    def order(self, bank: str, unit: str, order: UUID, expires: datetime) -> Message:
        ends = expires.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        words = {"id": str(order), "op": "open", "expires": ends, "pulse_ms": self._pulse_ms}
        return Message(f"{self._prefix}/{bank}/unit/{unit}/cmd", json.dumps(words))

    def after(self, unit: str) -> Message | None:  # noqa: ARG002 - the controller ends its pulse itself
        return None

    def tells_door(self, unit: str) -> bool:  # noqa: ARG002 - all of them do
        return True

    reacts = tells_door

    def _state(self, bank: str, unit: str, payload: str) -> tuple[News, ...]:
        said = json_of(payload)
        if said is None:
            # What it meant to say has replaced what was known.
            return (State(bank, unit, Door.UNKNOWN), Strange(bank, unit, "state", payload))
        door, item, seq = self._doors.get(_word(said, "door")), said.get("item"), said.get("seq")
        state = State(
            bank,
            unit,
            door or Door.UNKNOWN,
            item if isinstance(item, bool) else None,
            seq if isinstance(seq, int) and not isinstance(seq, bool) else None,
        )
        return (state,) if door else (state, Strange(bank, unit, "door", payload))


def _word(said: Mapping[str, object], name: str) -> str:
    """Whoever may publish there may put anything in a word's place, and most of it fits into no table."""
    found = said.get(name)
    return found if isinstance(found, str) else ""


class _Listed:
    """What dialects share whose units the settings list: topic -> who says what there."""

    acks = finds = False

    def __init__(self, bank: str, units: Iterable[str]) -> None:
        self._bank = bank
        self._listed = tuple(units)

    def units(self) -> tuple[tuple[str, str], ...]:
        return tuple((self._bank, unit) for unit in self._listed)

    def _door(self, unit: str, word: str, words: Mapping[str, Door], raw: str) -> tuple[News, ...]:
        door = words.get(word)
        state = State(self._bank, unit, door or Door.UNKNOWN)
        return (state,) if door else (state, Strange(self._bank, unit, "door", raw))


class HaLock(_Listed):
    """Home Assistant's lock schema: a command topic, and optionally the lock's state, a door contact, availability."""

    # What a lock says of itself -> whether it has done what OPEN asks.
    _LOCK: Mapping[str, Result | None] = {
        "LOCKED": None,
        "LOCKING": None,
        "UNLOCKED": Result.ACCEPTED,
        "UNLOCKING": Result.ACCEPTED,
        "OPEN": Result.ACCEPTED,
        "OPENING": Result.ACCEPTED,
        "JAMMED": Result.FAILED,
    }
    _AVAILABLE: Mapping[str, bool] = {"online": True, "offline": False}

    def __init__(
        self,
        bank: str,
        units: Mapping[str, Mapping[str, str]],
        *,
        availability: str | None,
        open_payload: str,
        lock_payload: str | None = None,
        turned: bool,
    ) -> None:
        """`lock_payload`: what ends an opening; None: the lock ends it itself."""
        super().__init__(bank, units)
        self._topics = units
        self._open, self._end = open_payload, lock_payload
        self._doors = {"ON": Door.CLOSED, "OFF": Door.OPEN} if turned else {"ON": Door.OPEN, "OFF": Door.CLOSED}
        # Many units may share an availability: that of their node.
        self._said: list[tuple[str, str | None, str]] = [(availability, None, "availability")] if availability else []
        for unit, topics in units.items():
            self._said += [(topic, unit, what) for what, topic in topics.items() if what != "command"]

    def topics(self) -> tuple[str, ...]:
        return tuple(sorted({topic for topic, _, _ in self._said}))

    def greet(self, units: Collection[str] | None = None) -> tuple[Message, ...]:
        """States are retained; an opening of ours may have been left to last."""
        ends = [self.after(unit) for unit in (self._listed if units is None else units)]
        return tuple(end for end in ends if end is not None)

    def read(self, topic: str, payload: str) -> tuple[News, ...]:
        found: list[News] = []
        for where, unit, what in self._said:
            if where == topic:
                found += self._one(unit, what, payload)
        return tuple(found)

    def order(self, bank: str, unit: str, order: UUID, expires: datetime) -> Message:  # noqa: ARG002 - no words for them
        return Message(self._topics[unit]["command"], self._open, once=True)

    def after(self, unit: str) -> Message | None:
        return None if self._end is None else Message(self._topics[unit]["command"], self._end)

    def tells_door(self, unit: str) -> bool:
        return "door" in self._topics[unit]

    def reacts(self, unit: str) -> bool:
        return "state" in self._topics[unit]

    def _one(self, unit: str | None, what: str, payload: str) -> tuple[News, ...]:
        if what == "availability":
            online = self._AVAILABLE.get(payload)
            return (Strange(self._bank, unit, what, payload) if online is None else Alive(self._bank, unit, online),)
        assert unit is not None, "only availability is shared"
        if what == "door":
            return self._door(unit, payload.upper(), self._doors, payload)
        if payload.upper() not in self._LOCK:
            return (Strange(self._bank, unit, "lock", payload),)
        result = self._LOCK[payload.upper()]
        found: list[News] = [Reacted(self._bank, unit, None, result, "the lock is jammed")] if result else []
        if self._end is not None and result is not Result.FAILED and payload.upper() != "LOCKING":
            found.append(Output(self._bank, unit, result is Result.ACCEPTED))
        return tuple(found)


class Tasmota(_Listed):
    """`cmnd/<device>/POWER<n>` drives a relay; `stat` and `tele` tell of relays, of switches at doors, of presence."""

    # Who says something of relays and switches -> where in it.
    _TELLS: Mapping[str, str] = {
        "RESULT": "", "STATUS10": "StatusSNS", "STATUS11": "StatusSTS", "SENSOR": "",
    }  # fmt: skip

    def __init__(
        self, bank: str, units: Mapping[str, tuple[str, int, int | None]], *, full_topic: str, turned: bool
    ) -> None:
        """`units`: unit -> device, relay, switch (None: no door contact)."""
        super().__init__(bank, units)
        self._places = units
        self._full = full_topic
        self._doors = {"ON": Door.CLOSED, "OFF": Door.OPEN} if turned else {"ON": Door.OPEN, "OFF": Door.CLOSED}
        self._devices = tuple(sorted({device for device, _, _ in units.values()}))

    def topics(self) -> tuple[str, ...]:
        stat = [self._topic("stat", device) + "+" for device in self._devices]
        tele = [self._topic("tele", device) + what for device in self._devices for what in ("LWT", "SENSOR")]
        return (*stat, *tele)

    def greet(self, units: Collection[str] | None = None) -> tuple[Message, ...]:
        """Off first: a pulse of ours may have been cut short with the connection. Then sensors (10) and relays (11)."""
        greeted = self._listed if units is None else tuple(units)
        devices = sorted({self._places[unit][0] for unit in greeted})
        off = [self.after(unit) for unit in greeted]
        asked = [Message(self._topic("cmnd", device) + "STATUS", what) for device in devices for what in ("10", "11")]
        return (*off, *asked)

    def read(self, topic: str, payload: str) -> tuple[News, ...]:
        found: list[News] = []
        for device in self._devices:
            for kind in ("stat", "tele"):
                head = self._topic(kind, device)
                if topic.startswith(head):
                    found += self._said(device, topic.removeprefix(head), payload)
        return tuple(found)

    def order(self, bank: str, unit: str, order: UUID, expires: datetime) -> Message:  # noqa: ARG002 - no words for them
        return Message(self._power(unit), "ON", once=True)

    def after(self, unit: str) -> Message:
        return Message(self._power(unit), "OFF")

    def tells_door(self, unit: str) -> bool:
        return self._places[unit][2] is not None

    def reacts(self, unit: str) -> bool:  # noqa: ARG002 - all of them do
        return True

    def _topic(self, kind: str, device: str) -> str:
        return self._full.replace("%prefix%", kind).replace("%topic%", device)

    def _power(self, unit: str) -> str:
        device, relay, _ = self._places[unit]
        return f"{self._topic('cmnd', device)}POWER{relay}"

    def _said(self, device: str, what: str, payload: str) -> list[News]:
        here = [(unit, relay, switch) for unit, (at, relay, switch) in self._places.items() if at == device]
        if what == "LWT":
            online = {"Online": True, "Offline": False}.get(payload)
            word = Strange(self._bank, None, "presence", payload)
            return [word if online is None else Alive(self._bank, unit, online) for unit, _, _ in here]
        if what not in self._TELLS:
            # POWER<n> says again, bare, what RESULT says.
            return []
        said = json_of(payload)
        if said is None:
            return [Strange(self._bank, None, what, payload)]
        inner = said.get(self._TELLS[what])
        words = inner if isinstance(inner, dict) else said
        found: list[News] = []
        for unit, relay, switch in here:
            # With one relay only it is called POWER without a number.
            names = {f"POWER{relay}"} | ({"POWER"} if relay == 1 else set())
            power = {words.get(name) for name in names if isinstance(words.get(name), str)}
            if power & {"ON", "OFF"}:
                found.append(Output(self._bank, unit, "ON" in power))
            if "ON" in power and what == "RESULT":
                found.append(Reacted(self._bank, unit, None, Result.ACCEPTED))
            told = words.get(f"Switch{switch}")
            if told is not None:
                state = told.get("Action") if isinstance(told, dict) else told
                found += self._door(unit, str(state), self._doors, payload)
        return found
