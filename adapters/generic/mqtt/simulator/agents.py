"""Simulated controllers, one a bank, with their bad days: our own JSON and Home Assistant's schema."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from adapters.generic.mqtt.simulator.packets import Publish
from adapters.generic.mqtt.simulator.speaker import Speaker
from adapters.generic.mqtt.simulator.world import MqttBank, MqttWorld, arrivals
from adapters.simulation.faults import Fault

TICK_SECONDS = 0.02
LONGEST_PULSE_SECONDS = 2.0
PULSE_SECONDS = 0.3
# So long after its pulse a shut door says that the lock is jammed.
GIVE_UP_SECONDS = 0.5
PREFIX = "lk/v1/sim"


@dataclass(slots=True)
class Door:
    """What was last said of a door."""

    closed: bool
    item: bool
    repeat_at: float = 0.0


@dataclass
class Agent(ABC):
    """One controller. It comes back by itself, and hears and says nothing while its bank is away."""

    # States are told when it comes, and again and again.
    repeats: ClassVar[bool] = True

    world: MqttWorld
    bank: MqttBank
    speaker: Speaker | None = None
    said: dict[str, Door] = field(default_factory=dict)
    mute_until: float = 0.0
    works: set[asyncio.Task[None]] = field(default_factory=set)

    @abstractmethod
    def presence(self, *, online: bool) -> tuple[str, str]:
        """Topic and payload."""

    @abstractmethod
    def commands(self) -> tuple[str, ...]: ...

    @abstractmethod
    async def obey(self, topic: str, payload: str, qos: int) -> None: ...

    @abstractmethod
    def tell(self, unit: str, door: Door, fault: Fault | None) -> None: ...

    async def run(self, address: Callable[[], tuple[str, int]]) -> None:
        while True:
            if self.world.faults.away(self.bank.id) in {None, "silent"}:
                with suppress(OSError, ValueError):
                    await self._session(address())
            await asyncio.sleep(TICK_SECONDS * 2)

    async def _session(self, address: tuple[str, int]) -> None:
        topic, gone = self.presence(online=False)
        will = Publish(topic, gone.encode(), 1, retain=True)
        speaker = await Speaker.connect(address, f"sim-{self.bank.id}", will, self.commands())
        self.speaker, self.said = speaker, {}
        try:
            speaker.say(*self.presence(online=True), retain=True)
            ticking = asyncio.create_task(self._tick())
            try:
                async for heard in speaker.messages():
                    self._later(self._hear(*heard))
            finally:
                ticking.cancel()
        finally:
            speaker.cut()
            self.speaker = None

    async def _hear(self, topic: str, payload: str, qos: int) -> None:
        if not self.silent:
            await self.obey(topic, payload, qos)

    @property
    def silent(self) -> bool:
        mute = asyncio.get_running_loop().time() < self.mute_until
        return mute or self.world.faults.away(self.bank.id) is not None

    def say(self, topic: str, payload: str, *, retain: bool = False, fault: Fault | None = None) -> None:
        """`fault`: what becomes of these words."""
        kind = fault.kind if fault else ""
        if self.speaker is None or self.silent or kind == "drop":
            return
        words = {"half": payload[: len(payload) // 2], "malformed": "\ufffd{[", "unknown_word": "melted"}.get(
            kind, payload
        )
        if fault and kind == "delay":
            loop = asyncio.get_running_loop()
            loop.call_later(fault.ms / 1000, lambda: self.say(topic, payload, retain=retain))
            return
        for _ in range(2 if kind == "twice" else 1):
            self.speaker.say(topic, words, retain=retain)

    def mute(self, fault: Fault) -> None:
        self.mute_until = asyncio.get_running_loop().time() + fault.ms / 1000

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.works.add(task)
        task.add_done_callback(self.works.discard)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self.world.faults.away(self.bank.id) not in {None, "silent"} and self.speaker:
                # Without a goodbye: the broker does its last will.
                self.speaker.cut()
                return
            for unit in self.bank.units:
                now = Door(self.world.doors.switch(self.bank.id, unit), self.world.doors.at(self.bank.id, unit).item)
                before = self.said.get(unit)
                changed = before is not None and (before.closed, before.item) != (now.closed, now.item)
                due = before is None or before.repeat_at <= loop.time()
                if changed or due:
                    now.repeat_at = loop.time() + self.world.repeat_seconds
                    self.said[unit] = now
                if changed or (due and self.repeats):
                    self.tell(unit, now, self.world.faults.take("state", self.bank.id) if changed else None)
            await asyncio.sleep(TICK_SECONDS)

    def unlock(self, unit: str, fault: Fault | None) -> None:
        """The lock's pulse; or the neighbour's, or later."""
        kind = fault.kind if fault else ""
        if kind == "neighbour":
            at = self.bank.units.index(unit)
            unit = self.bank.units[(at + 1) % len(self.bank.units)]
        if kind == "late" and fault:
            loop = asyncio.get_running_loop()
            loop.call_later(fault.ms / 1000, self.world.doors.unlock, self.bank.id, unit)
        else:
            self.world.doors.unlock(self.bank.id, unit)


class NativeAgent(Agent):
    """Speaks JSON; an order that ran out or that it has answered before moves nothing."""

    seq = 0

    def presence(self, *, online: bool) -> tuple[str, str]:
        return f"{PREFIX}/{self.bank.id}/availability", "online" if online else "offline"

    def commands(self) -> tuple[str, ...]:
        return (f"{PREFIX}/{self.bank.id}/unit/+/cmd",)

    def tell(self, unit: str, door: Door, fault: Fault | None) -> None:
        self.seq += 1
        now = self.world.clock.now().isoformat().replace("+00:00", "Z")
        latch = "locked" if door.closed else "unlocked"
        words = {
            "door": "closed" if door.closed else "open",
            "latch": latch,
            "item": door.item,
            "seq": self.seq,
            "ts": now,
        }
        if fault and fault.kind == "unknown_word":
            words["door"], fault = "ajar", None
        topic = f"{PREFIX}/{self.bank.id}/unit/{unit}/state"
        self.say(topic, json.dumps(words), retain=True, fault=fault)
        if fault and fault.kind == "stale":
            older = {**words, "door": "open" if door.closed else "closed", "seq": self.seq - 1}
            self.say(topic, json.dumps(older), retain=True)

    async def obey(self, topic: str, payload: str, qos: int) -> None:
        fault = self.world.faults.take("cmd", self.bank.id)
        for wait in arrivals(fault, qos):
            await asyncio.sleep(wait)
            await self._order(topic.split("/")[-2], json.loads(payload), fault)

    async def _order(self, unit: str, order: Mapping[str, Any], fault: Fault | None) -> None:
        id, kind = order["id"], fault.kind if fault else ""
        if id in self.world.answered:
            self._answer(id, self.world.answered[id], fault)
        elif datetime.fromisoformat(order["expires"]) <= self.world.clock.now():
            self._answer(id, {"result": "expired"}, fault)
        elif kind == "refuse" or order["op"] != "open" or unit not in self.bank.units:
            self._answer(id, {"result": "failed", "reason": "not now"}, fault)
        else:
            self.world.answered[id] = {"result": "accepted"}
            self.unlock(unit, fault)
            if fault and kind == "mute":
                self.mute(fault)
            self._answer(id, self.world.answered[id], fault)
            self._later(self._look_after(id, unit, fault, min(order["pulse_ms"] / 1000, LONGEST_PULSE_SECONDS)))

    async def _look_after(self, id: str, unit: str, fault: Fault | None, pulse: float) -> None:
        opened = self.world.doors.at(self.bank.id, unit).is_open
        await asyncio.sleep(pulse + GIVE_UP_SECONDS)
        if not opened and not self.world.doors.at(self.bank.id, unit).is_open:
            self.world.answered[id] = {"result": "failed", "reason": "the door did not open"}
            self._answer(id, self.world.answered[id], fault)

    def _answer(self, id: str, answer: Mapping[str, Any], fault: Fault | None) -> None:
        name = "0" * 8 if fault and fault.kind == "other_order" else id
        self.say(f"{PREFIX}/{self.bank.id}/ack", json.dumps({"id": name, **answer}), fault=fault)


class HaAgent(Agent):
    """An ESP32 as Home Assistant's lock schema describes it."""

    def presence(self, *, online: bool) -> tuple[str, str]:
        return f"{self.bank.id}/status", "online" if online else "offline"

    def commands(self) -> tuple[str, ...]:
        return (f"{self.bank.id}/lock/+/command",)

    def tell(self, unit: str, door: Door, fault: Fault | None) -> None:
        if self.bank.sensors:
            word = "OFF" if door.closed else "ON"
            self.say(f"{self.bank.id}/door/{unit}/state", word, retain=True, fault=fault)

    async def obey(self, topic: str, payload: str, qos: int) -> None:
        unit = topic.split("/")[-2]
        if payload not in {"OPEN", "UNLOCK", "LOCK"} or unit not in self.bank.units:
            return
        fault = self.world.faults.take("off" if payload == "LOCK" else "cmd", self.bank.id)
        for wait in arrivals(fault, qos):
            await asyncio.sleep(wait)
            await (self._lock(unit) if payload == "LOCK" else self._open(unit, fault, lasts=payload == "UNLOCK"))

    async def _lock(self, unit: str) -> None:
        self.world.outputs.switch(self.bank.id, unit, on=False)
        self.say(f"{self.bank.id}/lock/{unit}/state", "LOCKED", retain=True)

    async def _open(self, unit: str, fault: Fault | None, *, lasts: bool) -> None:
        """`lasts`: until it is told to lock, as Home Assistant's schema has it."""
        state = f"{self.bank.id}/lock/{unit}/state"
        if fault and fault.kind == "refuse":
            self.say(state, "JAMMED", retain=True)
            return
        if lasts:
            self.world.outputs.switch(self.bank.id, unit, on=True)
        else:
            self.unlock(unit, fault)
        if fault and fault.kind == "mute":
            self.mute(fault)
        self.say(state, "UNLOCKED", retain=True, fault=fault)
        if not lasts:
            await asyncio.sleep(PULSE_SECONDS)
            self.say(state, "LOCKED", retain=True)
