"""Every fault at every vendor, as data: what must come of it, and how often the lock may have moved."""

import asyncio
from dataclasses import dataclass, field

import pytest

from app.devices.port import (
    Ambiguous,
    AuthFailed,
    ContractBroken,
    DeviceError,
    Outcome,
    Refused,
    Unreachable,
)
from tests.adapters.rigs import RIGS, Rig, nowhere

FOR_EVER = -1
PASSING = ("drop", "garbage", "checksum", "address", "cut")
HARMLESS = ("noise", "semicolon", "stale")


End = Outcome | type[DeviceError]


@dataclass(frozen=True)
class Case:
    """`end`: an outcome, or the error that must be raised. `pulses`: what the lock must have got."""

    vendor: str
    name: str
    end: End
    pulses: int = 1
    faults: tuple[dict[str, object], ...] = ()
    acts: tuple[str, ...] = ()
    away: str | None = None
    settings: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.vendor}-{self.name}"


def fault(kind: str, where: str, **more: object) -> tuple[dict[str, object], ...]:
    return ({"kind": kind, "where": where, **more},)


def pitney(name: str, end: End, pulses: int, *kind: str, where: str = "open", **more: object) -> Case:
    return Case("pitney", name, end, pulses, fault(kind[0] if kind else name, where, **more))


def kerong(name: str, end: End, pulses: int, *kind: str, where: str = "30", **more: object) -> Case:
    return Case("kerong_cu16", name, end, pulses, fault(kind[0] if kind else name, where, **more))


OPENS = (
    Case("pitney", "nothing wrong", Outcome.ACCEPTED),
    Case("pitney", "jammed door", Outcome.ACCEPTED, acts=("jam",)),
    Case("pitney", "cloud silent", Unreachable, 0, away="silent"),
    pitney("hang", Ambiguous, 0),
    pitney("lost", Ambiguous, 1),
    pitney("reset", Ambiguous, 0),
    pitney("reset_after", Ambiguous, 1),
    pitney("reset_mid", Ambiguous, 1),
    pitney("malformed", Ambiguous, 1),
    pitney("wrong_shape", Ambiguous, 1),
    pitney("huge", Ambiguous, 1),
    pitney("500 before", Ambiguous, 0, "status", status=500),
    pitney("500 after", Ambiguous, 1, "status_after", status=500),
    pitney("503 after", Ambiguous, 1, "status_after", status=503),
    pitney("307", Ambiguous, 0, "status", status=307),
    pitney("400", Refused, 0, "status", status=400),
    pitney("404", Refused, 0, "status", status=404),
    pitney("429", Unreachable, 0, "status", status=429),
    pitney("slow", Outcome.ACCEPTED, 1, "latency", ms=200),
    pitney("401 once", Outcome.ACCEPTED, 1, "reject_token"),
    pitney("401 twice", AuthFailed, 0, "reject_token", times=2),
    pitney("no token: hang", Unreachable, 0, "hang", where="token"),
    pitney("no token: 500", Unreachable, 0, "status", where="token", status=500),
    pitney("no token: 401", AuthFailed, 0, "status", where="token", status=401),
    pitney("no token: malformed", Unreachable, 0, "malformed", where="token"),
    pitney("no token: wrong shape", Unreachable, 0, "wrong_shape", where="token"),
    pitney("no token: huge", Unreachable, 0, "huge", where="token"),
    pitney("no token: reset", Unreachable, 0, "reset_mid", where="token"),
    Case("kerong_cu16", "nothing wrong", Outcome.OPENED),
    Case("kerong_cu16", "acknowledging firmware", Outcome.OPENED, settings={"acknowledges": True}),
    Case("kerong_cu16", "already open", Outcome.OPENED, 0, acts=("open",)),
    Case("kerong_cu16", "jammed door", Refused, 1, acts=("jam",)),
    Case("kerong_cu16", "jammed door that rattles", Refused, 1, acts=("jam", "bounce")),
    Case("kerong_cu16", "held open by somebody", Outcome.OPENED, 1, acts=("hold",)),
    Case("kerong_cu16", "line silent", Unreachable, 0, away="silent"),
    Case("kerong_cu16", "line cut", Unreachable, 0, away="reset"),
    kerong("drop once", Outcome.OPENED, 1, "drop"),
    kerong("drop twice", Outcome.OPENED, 1, "drop", times=2),
    kerong("drop for ever", Unreachable, 0, "drop", times=FOR_EVER),
    kerong("delay", Outcome.OPENED, 1, ms=130),
    kerong("delay for ever", Unreachable, 0, "delay", ms=130, times=FOR_EVER),
    kerong("noise", Outcome.OPENED, 1, times=FOR_EVER),
    kerong("semicolon", Outcome.OPENED, 1, times=FOR_EVER),
    kerong("split", Outcome.OPENED, 1, ms=40, times=FOR_EVER),
    kerong("stale", Outcome.OPENED, 1, times=3),
    kerong("garbage once", Outcome.OPENED, 1, "garbage"),
    kerong("garbage for ever", Unreachable, 0, "garbage", times=FOR_EVER),
    kerong("checksum once", Outcome.OPENED, 1, "checksum"),
    kerong("checksum for ever", Unreachable, 0, "checksum", times=FOR_EVER),
    kerong("address once", Outcome.OPENED, 1, "address"),
    kerong("address for ever", Unreachable, 0, "address", times=FOR_EVER),
    kerong("cut while asked", Outcome.OPENED, 1, "cut"),
    kerong("cut at the unlock", Outcome.OPENED, 1, "cut", where="31"),
    kerong("unlock lost on the line", Refused, 0, "ignore", where="31"),
    kerong("quiet for a while", Outcome.OPENED, 1, "busy", where="31", ms=500),
    kerong("quiet for long", Ambiguous, 1, "busy", where="31", ms=5000),
)

READS = (
    Case("pitney", "nothing wrong", Outcome.ACCEPTED, 0),
    Case("pitney", "cloud silent", Unreachable, 0, away="silent"),
    pitney("500 once", Outcome.ACCEPTED, 0, "status", where="bank"),
    pitney("500 for ever", Unreachable, 0, "status", where="bank", times=FOR_EVER),
    pitney("429", Unreachable, 0, "status", where="bank", status=429),
    pitney("404", Refused, 0, "status", where="bank", status=404),
    pitney("reset once", Outcome.ACCEPTED, 0, "reset", where="bank"),
    pitney("reset_mid once", Outcome.ACCEPTED, 0, "reset_mid", where="bank"),
    pitney("reset for ever", Unreachable, 0, "reset", where="bank", times=FOR_EVER),
    pitney("hang", Unreachable, 0, where="bank"),
    pitney("malformed", ContractBroken, 0, where="bank"),
    pitney("wrong_shape", ContractBroken, 0, where="bank"),
    pitney("huge", ContractBroken, 0, where="bank"),
    pitney("401 once", Outcome.ACCEPTED, 0, "reject_token", where="bank"),
    pitney("401 twice", AuthFailed, 0, "reject_token", where="bank", times=2),
    Case("kerong_cu16", "nothing wrong", Outcome.ACCEPTED, 0),
    Case("kerong_cu16", "line silent", Unreachable, 0, away="silent"),
    Case("kerong_cu16", "line cut", Unreachable, 0, away="reset"),
    *(kerong(f"{kind} twice", Outcome.ACCEPTED, 0, kind, times=2) for kind in PASSING),
    *(kerong(f"{kind} for ever", Outcome.ACCEPTED, 0, kind, times=FOR_EVER) for kind in HARMLESS),
    kerong("checksum for ever", Unreachable, 0, "checksum", times=FOR_EVER),
)


LATE = {
    "kerong_cu16": {"kind": "late", "where": "31", "ms": 2300},
    "pitney": {"kind": "latency", "where": "open", "ms": 1000},
}


def prepare(rig: Rig, case: Case) -> None:
    for each in case.faults:
        rig.world.faults.add(each)
    for act in case.acts:
        # Three bounces: one at the look before the unlock, the rest after it.
        rig.world.doors.act(rig.bank, rig.unit, act, 3 if act == "bounce" else None)
    if case.away:
        rig.world.faults.go_away(how=case.away)


@pytest.mark.parametrize("case", OPENS, ids=str)
async def test_an_open_ends_as_it_must_and_moves_no_lock_twice(case: Case) -> None:
    async with RIGS[case.vendor](**case.settings) as rig:
        prepare(rig, case)
        order = rig.order()

        if isinstance(case.end, Outcome):
            assert (await rig.adapter.send(order)).outcome is case.end
        else:
            with pytest.raises(case.end):
                await rig.adapter.send(order)

        assert (rig.pulses(), rig.others()) == (case.pulses, 0)
        if case.end is Ambiguous:
            # Whoever asks again with the same order moves nothing more.
            with pytest.raises(Ambiguous):
                await rig.adapter.send(order)
            assert (rig.pulses(), rig.others()) == (case.pulses, 0)


@pytest.mark.parametrize("case", READS, ids=str)
async def test_a_read_ends_as_it_must_and_moves_nothing(case: Case) -> None:
    async with RIGS[case.vendor](**case.settings) as rig:
        prepare(rig, case)

        if isinstance(case.end, Outcome):
            state = await rig.adapter.read_bank(rig.bank)
            assert {unit.id for unit in state.units} == {unit for bank, unit in rig.world.doors if bank == rig.bank}
        else:
            with pytest.raises(case.end):
                await rig.adapter.read_bank(rig.bank)

        assert (rig.pulses(), rig.others()) == (0, 0)


@pytest.mark.parametrize("vendor", RIGS)
async def test_an_effect_that_comes_late_comes_once(vendor: str) -> None:
    async with RIGS[vendor]() as rig:
        rig.world.faults.add(LATE[vendor])

        with pytest.raises((Ambiguous, Refused)):
            await rig.adapter.send(rig.order())
        assert rig.pulses() == 0
        await asyncio.sleep(1.0)

        assert (rig.pulses(), rig.others()) == (1, 0)


@pytest.mark.parametrize("vendor", RIGS)
async def test_an_address_where_nobody_listens_is_unreachable(vendor: str) -> None:
    async with RIGS[vendor]() as rig:
        lost = nowhere(rig)
        with pytest.raises(Unreachable):
            await lost.send(rig.order())
        with pytest.raises(Unreachable):
            await lost.read_bank(rig.bank)
        await lost.close()

        assert rig.pulses() == 0
