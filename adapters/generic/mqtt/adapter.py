"""Our words to MQTT controllers and back: what is known of doors, and what an order's silence means."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.generic.mqtt.answers import Watch
from adapters.generic.mqtt.checks import checks_of
from adapters.generic.mqtt.client import MqttClient
from adapters.generic.mqtt.knowing import BOUNCE_SECONDS
from adapters.generic.mqtt.pulses import Pulses
from adapters.generic.mqtt.settings import LONGEST_OWN_SECONDS, SETTINGS, asked, hardware, read
from adapters.generic.mqtt.wire import News
from adapters.once import Once
from app.devices.port import (
    Ability,
    Adapter,
    BankState,
    Capability,
    Check,
    Connection,
    Door,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Timing,
    Unit,
    Unmapped,
    Unreachable,
    Unsupported,
    Vendor,
)

NAME = "mqtt"
# Until a change that was told is believed.
BELIEF_SECONDS = BOUNCE_SECONDS * 1.5


class MqttAdapter:
    """One connection to one broker: the bank of the settings, or all that speak under a prefix."""

    vendor = NAME
    redact = frozenset({"password", "username"})

    def __init__(self, client: MqttClient, given: Mapping[str, Any]) -> None:
        self._client = client
        self._dialect = client.dialect
        self._given = given
        self._once = Once()
        self._pulses = Pulses(client, min(float(given["pulse_seconds"]), LONGEST_OWN_SECONDS))
        self._items = bool(given["item_sensors"]) and self._dialect.finds
        units = self._dialect.units()
        # Of units that are found by listening all tell their doors.
        self._sensors = all(self._dialect.tells_door(unit) for _, unit in units)
        has = {
            Capability.REMOTE_OPEN: True,
            Capability.PUSH_EVENTS: True,
            Capability.DOOR_SENSOR: self._sensors,
            Capability.READBACK: self._sensors,
            Capability.ITEM_SENSOR: self._items,
            Capability.IDEMPOTENT_OPEN: self._dialect.acks,
            Capability.ACCESSIBLE_UNITS: bool(given["accessible"]),
        }
        self._present = frozenset(capability for capability, present in has.items() if present)
        self.evidence_ceiling = Evidence.E4 if self._items else Evidence.E3 if self._sensors else Evidence.E1
        poll = timedelta(seconds=float(given["poll_seconds"]))
        watch = timedelta(seconds=float(given["watch_seconds"]))
        # Settle: an order may wait in a broker for a controller that comes back, until it runs out.
        self.timing = Timing(
            deadline=watch + timedelta(seconds=3),
            settle=watch + timedelta(seconds=3),
            poll=poll,
            poll_while_open=min(poll, timedelta(seconds=0.5)),
            # A controller's supply feeds few solenoids at a time.
            side_by_side=2,
        )

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        now = Ability.FAILING if self._client.failing else Ability.WORKS
        return {each: now if each in self._present else Ability.ABSENT for each in Capability}

    async def list_banks(self) -> tuple[BankState, ...]:
        """Those that can be read now."""
        await self._client.ready(self._given["read_seconds"])
        banks = {bank for bank, _ in (*self._client.known.alive, *self._client.known.heard, *self._dialect.units())}
        found = []
        for bank in sorted(banks):
            try:
                found.append(await self.read_bank(bank))
            except Unreachable:
                continue
        return tuple(found)

    async def read_bank(self, bank: str) -> BankState:
        await self._client.ready(self._given["read_seconds"])
        units = self._units(bank)
        away = [since for unit in units if (since := self._client.known.away(bank, unit))]
        if len(away) == len(units):
            raise Unreachable(f"the controllers of bank {bank} are offline since {_text(min(away))}")
        now = datetime.now(UTC)
        gone = [Unmapped(unit, "offline", str(at)) for unit in units if (at := self._client.known.away(bank, unit))]
        strange = [kept for said in self._client.known.strange.values() for at, kept in said if at == bank]
        return BankState(
            id=bank,
            name=self._given["name"],
            units=tuple(self._unit(bank, unit, now) for unit in units),
            observed_at=now,
            unmapped=(*gone, *strange),
        )

    async def read_unit(self, bank: str, unit: str) -> Unit:
        await self._client.ready(self._given["read_seconds"])
        self._check(bank, unit)
        if since := self._client.known.away(bank, unit):
            raise Unreachable(f"the controller of {unit} is offline since {_text(since)}")
        return self._unit(bank, unit, datetime.now(UTC))

    async def send(self, order: Order) -> Receipt:
        if order.kind is not OrderKind.OPEN:
            raise Unsupported("a lock controller only opens doors; reservations are kept by us")
        self._once.claim(order.id)
        try:
            unit = await self._before(order)
            if unit.door is Door.OPEN:
                self._once.release(order.id)
                return Receipt(Outcome.OPENED, "the door was open already; nothing was sent")
            async with self._client.watching() as news:
                await self._publish(order)
                return await self._became(order, news)
        except (Unreachable, Refused) as error:
            if isinstance(error, Unreachable) or error.reason != "OPEN_FAILED":
                self._once.release(order.id)
            raise

    async def hints(self) -> AsyncIterator[DoorHint]:
        async for hint in self._client.hints():
            yield hint

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        return checks_of(self, bank)

    async def close(self) -> None:
        await self._pulses.close()
        await self._client.close()

    async def _before(self, order: Order) -> Unit:
        try:
            async with asyncio.timeout(order.deadline.total_seconds()):
                await self._pulses.over(order.bank, order.unit)
                return await self.read_unit(order.bank, order.unit)
        except TimeoutError:
            raise Unreachable("the deadline passed before anything was sent") from None

    async def _publish(self, order: Order) -> None:
        seconds = order.deadline.total_seconds()
        expires = datetime.now(UTC) + order.deadline
        message = self._dialect.order(order.bank, order.unit, order.id, expires)
        self._pulses.begin(order.bank, order.unit)
        await self._client.publish(message, seconds, runs_out=order.deadline)

    async def _became(self, order: Order, news: asyncio.Queue[News]) -> Receipt:
        loop = asyncio.get_running_loop()
        longest, patience = float(self._given["watch_seconds"]), order.deadline.total_seconds()
        until, losses = loop.time() + min(longest, patience), self._client.losses
        sensor, taken = self._dialect.tells_door(order.unit), not self._dialect.reacts(order.unit)
        watch = Watch(order, sensor, taken, seen=longest <= patience)
        while not watch.over:
            try:
                async with asyncio.timeout_at(until):
                    heard = await news.get()
            except TimeoutError:
                break
            if watch.opens(heard):
                await asyncio.sleep(BELIEF_SECONDS)
                if self._door(order.bank, order.unit) is Door.OPEN:
                    return Receipt(Outcome.OPENED)
            if watch.hear(heard):
                return Receipt(Outcome.OPENED, "the controller says that its door opened")
        watch.seen &= losses == self._client.losses
        return watch.end(self._door(order.bank, order.unit))

    def _door(self, bank: str, unit: str) -> Door:
        heard = self._client.known.heard.get((bank, unit))
        return heard.state.door or Door.UNKNOWN if heard else Door.UNKNOWN

    def _units(self, bank: str) -> list[str]:
        listed = [unit for at, unit in self._dialect.units() if at == bank]
        if self._dialect.finds:
            listed = sorted((unit for at, unit in self._client.known.heard if at == bank), key=_natural)
        known = bank == self._given["bank"] or (bank, None) in self._client.known.alive
        if not listed and not known:
            raise Refused(f"no bank {bank} speaks here", reason="UNKNOWN_BANK")
        if not listed:
            since = self._client.known.offline_since(bank, None)
            words = f"is offline since {_text(since)}" if since else "has told of no unit yet"
            raise Unreachable(f"bank {bank} {words}")
        return listed

    def _check(self, bank: str, unit: str) -> None:
        if unit not in self._units(bank):
            raise Refused(f"no unit {unit} in bank {bank}", reason="UNKNOWN_UNIT")

    def _unit(self, bank: str, unit: str, now: datetime) -> Unit:
        heard = self._client.known.heard.get((bank, unit))
        gone = self._client.known.away(bank, unit)
        labels, sizes, accessible = self._given["labels"] or {}, self._given["sizes"] or {}, self._given["accessible"]
        return Unit(
            id=unit,
            door=Door.UNKNOWN if gone else self._door(bank, unit),
            # While controller and broker are there, a state holds until another is told.
            observed_at=gone or now,
            label=str(labels.get(unit, unit)),
            size=sizes.get(unit),
            accessible=None if accessible is None else unit in accessible,
            occupied=heard.state.item if heard and self._items and not gone else None,
            flags={"told_at": heard.at.isoformat()} if heard else {},
        )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _natural(unit: str) -> tuple[tuple[int, str], ...]:
    """2 before 10."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in unit.replace("-", " ").split())


def connect(connection: Connection) -> Adapter:
    given, broker, dialect = read(connection)
    return MqttAdapter(MqttClient(broker, dialect), given)


VENDOR = Vendor(
    name=NAME,
    title="Lock controllers on MQTT",
    address_help="mqtt://host:1883 or mqtts://host:8883 of the broker",
    connect=connect,
    read=asked,
    settings=SETTINGS,
    hardware=hardware,
)
