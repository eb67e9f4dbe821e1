"""What must come of every fault on a line of boards, whatever the boards speak: cells for the conformance matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.conformance import Act, Bench, Cell, End, Fault, Seen, Strike, Truth
from adapters.conformance.plays import Broken, check_reading
from adapters.conformance.strikes import FOR_EVER, act, away, every, fault, skew
from adapters.simulation.lines import LineWorld
from app.devices.port import Door


@dataclass(frozen=True, slots=True)
class Column:
    """`status` and `unlock`: the simulator's names of the question for a board's doors and of the order. `reports`: the
    boards tell of content. `settings`: of the rig's start; `how`: tells this column's cells from another's."""

    bank: str
    unit: str
    status: str
    unlock: str
    reports: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    how: str = ""

    def orders(self) -> tuple[Cell, ...]:
        asked, told, door, order = self._asked, self._told, self._door, self._order
        return (
            order(Fault.NOTHING_WRONG, End.OPENED, 1, None),
            order(Fault.OPEN_ALREADY, End.OPENED, 0, door("open")),
            order(Fault.JAMMED_DOOR, End.REFUSED, 1, door("jam")),
            # Three bounces: one at the look before the unlock, the rest after it.
            order(Fault.BOUNCING_SWITCH, End.REFUSED, 1, every(door("jam"), door("bounce", 3)), "jammed too"),
            order(Fault.HALF_OPEN, End.OPENED, 1, door("hold")),
            order(Fault.VENDOR_AWAY, End.UNREACHABLE, 0, away()),
            order(Fault.LINE_CUT, End.UNREACHABLE, 0, away("reset")),
            order(Fault.NO_ANSWER, End.UNREACHABLE, 0, asked("drop", times=FOR_EVER)),
            order(Fault.DROPPED_REPLY, End.OPENED, 1, asked("drop", times=2), "twice"),
            *self._replies(),
            order(Fault.RESET_BEFORE, End.OPENED, 1, asked("cut")),
            order(Fault.RESET_AFTER, End.OPENED, 1, told("cut")),
            order(Fault.LOST_COMMAND, End.REFUSED, 0, told("ignore")),
            order(Fault.ANSWER_LOST, End.OPENED, 1, told("busy", ms=500)),
            order(Fault.QUIET_SPELL, End.UNCONFIRMED, 1, told("busy", ms=5000)),
            order(Fault.QUIET_SPELL, End.OPENED, 1, told("hang"), "and hears on another connection"),
            order(Fault.EFFECT_LATE, End.REFUSED, 1, told("late", ms=2400), after=1.0),
            order(Fault.WRONG_DOOR, End.REFUSED, 0, told("neighbour"), elsewhere=1),
            order(Fault.CLOCK_SKEW, End.OPENED, 1, skew(2)),
            Cell(Fault.SAME_ORDER_TWICE, Act.TWICE, End.OPENED, 1, how=self.how, settings=self.settings),
            Cell(Fault.POWER_LOSS, Act.POWER, End.UNREACHABLE, 1, self._dark, how=self.how, settings=self.settings),
        )

    def _replies(self) -> tuple[Cell, ...]:
        """Orders while replies are late, torn, strange or another's."""
        asked, order = self._asked, self._order
        return (
            order(Fault.LATE_ANSWER, End.OPENED, 1, asked("delay", ms=130), "once"),
            order(Fault.LATE_ANSWER, End.UNREACHABLE, 0, asked("delay", ms=130, times=FOR_EVER), "for ever"),
            order(Fault.NOISE_BEFORE, End.OPENED, 1, asked("noise", times=FOR_EVER)),
            order(Fault.NOISE_AFTER, End.OPENED, 1, asked("semicolon", times=FOR_EVER)),
            order(Fault.SPLIT_FRAME, End.OPENED, 1, asked("split", ms=40, times=FOR_EVER)),
            order(Fault.SLOW_DRIP, End.UNREACHABLE, 0, asked("split", ms=400, times=FOR_EVER)),
            order(Fault.STALE_REPLY, End.OPENED, 1, asked("stale")),
            order(Fault.REPEATED_REPLY, End.OPENED, 1, asked("twice", times=FOR_EVER)),
            order(Fault.MALFORMED, End.OPENED, 1, asked("garbage"), "once"),
            order(Fault.MALFORMED, End.UNREACHABLE, 0, asked("garbage", times=FOR_EVER), "for ever"),
            order(Fault.TRUNCATED, End.OPENED, 1, asked("half"), "once"),
            order(Fault.TRUNCATED, End.UNREACHABLE, 0, asked("half", times=FOR_EVER), "for ever"),
            order(Fault.WRONG_SHAPE, End.UNREACHABLE, 0, asked("other_word", times=FOR_EVER)),
            order(Fault.HUGE, End.UNREACHABLE, 0, asked("flood", times=FOR_EVER)),
            order(Fault.BAD_CHECKSUM, End.OPENED, 1, asked("checksum"), "once"),
            order(Fault.BAD_CHECKSUM, End.UNREACHABLE, 0, asked("checksum", times=FOR_EVER), "for ever"),
            order(Fault.WRONG_ADDRESS, End.OPENED, 1, asked("address"), "once"),
            order(Fault.WRONG_ADDRESS, End.UNREACHABLE, 0, asked("address", times=FOR_EVER), "for ever"),
        )

    def reads(self) -> tuple[Cell, ...]:
        asked, read = self._asked, self._read
        return (
            read(Fault.VENDOR_AWAY, End.UNREACHABLE, away()),
            read(Fault.LINE_CUT, End.UNREACHABLE, away("reset")),
            read(Fault.DROPPED_REPLY, End.READ, asked("drop", times=2)),
            read(Fault.MALFORMED, End.READ, asked("garbage", times=2)),
            read(Fault.BAD_CHECKSUM, End.READ, asked("checksum", times=2), "twice"),
            read(Fault.BAD_CHECKSUM, End.UNREACHABLE, asked("checksum", times=FOR_EVER), "for ever"),
            read(Fault.WRONG_ADDRESS, End.READ, asked("address", times=2)),
            read(Fault.RESET_MID, End.READ, asked("cut", times=2)),
            read(Fault.QUIET_SPELL, End.READ, asked("hang"), "and hears on another connection"),
            read(Fault.NOISE_BEFORE, End.READ, asked("noise", times=FOR_EVER)),
            read(Fault.NOISE_AFTER, End.READ, asked("semicolon", times=FOR_EVER)),
            read(Fault.HALF_OPEN, End.READ, every(self._door("open"), self._door("hold"))),
            self._played(Fault.BOUNCING_SWITCH, bounces),
            self._played(Fault.FORCED_OPEN, forced),
        )

    def luck(self) -> tuple[Strike, ...]:
        kinds = ("drop", "noise", "split", "checksum", "address", "garbage", "cut", "delay")
        return tuple(fault(kind, where, ms=150) for where in (self.status, self.unlock) for kind in kinds)

    def _order(self, what: Fault, end: End, effects: int, strike: Strike | None, how: str = "", **more: Any) -> Cell:
        return Cell(what, Act.ORDER, end, effects, strike, self._named(how), settings=self.settings, **more)

    def _read(self, what: Fault, end: End, strike: Strike, how: str = "") -> Cell:
        return Cell(what, Act.READ, end, 0, strike, self._named(how), settings=self.settings)

    def _played(self, what: Fault, play: Any) -> Cell:
        return Cell(what, Act.READ, End.READ, how=self.how, settings=self.settings, play=play)

    def _dark(self, world: LineWorld) -> None:
        world.faults.go_away(how="power")
        world.lose_power(self.bank)

    def _named(self, how: str) -> str:
        return ", ".join(filter(None, (self.how, how)))

    def _asked(self, kind: str, **more: object) -> Strike:
        return fault(kind, self.status, **more)

    def _told(self, kind: str, **more: object) -> Strike:
        return fault(kind, self.unlock, **more)

    def _door(self, name: str, amount: float | None = None) -> Strike:
        return act(name, self.bank, self.unit, amount)


def truths(world: LineWorld, bank: str, *, items: bool = False) -> dict[str, Truth]:
    """Every unit of the bank as it is."""
    doors = {unit: world.doors.at(bank, unit) for at, unit in world.doors if at == bank}
    return {
        unit: Truth(Door.OPEN if door.is_open else Door.CLOSED, occupied=door.item if items else None)
        for unit, door in doors.items()
    }


async def bounces(bench: Bench) -> Seen:
    """What was seen before stands until the switch is of one mind."""
    await bench.adapter.read_bank(bench.bank)
    bench.world.doors.act(bench.bank, bench.unit, "bounce", 1)
    check_reading(bench, await bench.adapter.read_bank(bench.bank))
    return Seen(End.READ)


async def forced(bench: Bench) -> Seen:
    bench.world.doors.act(bench.bank, bench.unit, "force")
    unit = await bench.adapter.read_unit(bench.bank, bench.unit)
    if unit.door is not Door.OPEN:
        raise Broken(f"the door that was forced reads {unit.door}")
    return Seen(End.READ)
