"""Simulated Tasmota devices: relays that stay as they were put, and switches at doors."""

import asyncio
import json

from adapters.generic.mqtt.simulator.agents import Agent, Door
from adapters.generic.mqtt.simulator.world import arrivals
from adapters.simulation.faults import Fault


class TasmotaAgent(Agent):
    """One device with as many relays as the bank has units; relay n drives unit n, switch n is its door."""

    # Of its switches it tells when they change, and when it is asked.
    repeats = False

    def presence(self, *, online: bool) -> tuple[str, str]:
        return f"tele/{self.bank.id}/LWT", "Online" if online else "Offline"

    def commands(self) -> tuple[str, ...]:
        return (f"cmnd/{self.bank.id}/+",)

    def tell(self, unit: str, door: Door, fault: Fault | None) -> None:
        if self.bank.sensors:
            word = {f"Switch{self._number(unit)}": {"Action": "OFF" if door.closed else "ON"}}
            self.say(f"stat/{self.bank.id}/RESULT", json.dumps(word), fault=fault)

    async def obey(self, topic: str, payload: str, qos: int) -> None:
        what = topic.rpartition("/")[2].upper()
        if what == "STATUS" and payload in {"10", "11"}:
            self._status(payload)
        elif what.startswith("POWER") and (what.removeprefix("POWER") or "1").isdigit():
            number = int(what.removeprefix("POWER") or "1")
            if number <= len(self.bank.units) and payload in {"ON", "OFF", ""}:
                fault = self.world.faults.take("cmd" if payload == "ON" else "off", self.bank.id) if payload else None
                for wait in arrivals(fault, qos):
                    await asyncio.sleep(wait)
                    self._power(self.bank.units[number - 1], number, payload, fault)

    def _power(self, unit: str, number: int, payload: str, fault: Fault | None) -> None:
        if fault and fault.kind == "refuse":
            return
        if payload == "ON" and fault and fault.kind in {"late", "neighbour"}:
            self.unlock(unit, fault)
        elif payload:
            self.world.outputs.switch(self.bank.id, unit, payload == "ON")
        if fault and fault.kind == "mute":
            self.mute(fault)
        word = payload or self._state(unit)
        self.say(f"stat/{self.bank.id}/RESULT", json.dumps({f"POWER{number}": word}), fault=fault)
        self.say(f"stat/{self.bank.id}/POWER{number}", word, fault=fault)

    def _status(self, number: str) -> None:
        closed = {unit: self.world.doors.switch(self.bank.id, unit) for unit in self.bank.units}
        switches = {f"Switch{self._number(unit)}": "OFF" if shut else "ON" for unit, shut in closed.items()}
        relays = {f"POWER{self._number(unit)}": self._state(unit) for unit in self.bank.units}
        name, words = ("StatusSTS", relays) if number == "11" else ("StatusSNS", switches if self.bank.sensors else {})
        self.say(f"stat/{self.bank.id}/STATUS{number}", json.dumps({name: {"Time": "2026-01-01T00:00:00", **words}}))

    def _state(self, unit: str) -> str:
        return "ON" if self.world.outputs.at(self.bank.id, unit).on_since is not None else "OFF"

    def _number(self, unit: str) -> int:
        return self.bank.units.index(unit) + 1
