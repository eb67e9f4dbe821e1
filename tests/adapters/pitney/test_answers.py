"""Answers that are about something else, say what nobody knows, or hold what is nobody's business."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from adapters import registry
from adapters.payload import WrongShape
from adapters.pitney import answers, wire
from adapters.pitney.settings import SIZES
from adapters.pitney.simulator.world import PitneyWorld
from app.devices.port import Ambiguous, ContractBroken, FindsReservations, Order, OrderKind, ParcelRef, Unreachable
from tests.adapters.rigs import Rig

SECRETS = {"contactEmail": "ada@example.org", "pickupCode": "ABC234", "recipient": {"name": "Ada"}}


def bank(*units: dict[str, Any]) -> wire.BankObject:
    return wire.bank({"lockerBankId": "B", "units": [{"size": "small", **unit} for unit in units]})


def order(kind: OrderKind = OrderKind.DEPOSIT) -> Order:
    return Order(uuid4(), kind, "B", "3", timedelta(seconds=1), contact_kind="recipient")


async def reserve(rig: Rig) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    parcels = (ParcelRef("T1"),)
    await rig.adapter.send(rig.order(OrderKind.RESERVE, parcels=parcels, contact="c-1", expires_at=until))


@pytest.mark.parametrize("word", ["lockerBankId", "lockerUnitId"])
def test_a_pickup_code_of_another_unit_is_nobody_s(word: str) -> None:
    told = {"lockerBankId": "B", "lockerUnitId": "3", "pickupCode": "ABC234"}
    assert answers.receipt(order(), told).pickup_code == "ABC234"
    with pytest.raises(WrongShape):
        answers.receipt(order(), {**told, word: "4"})


async def test_a_deposit_answered_by_another_bank_s_unit_is_unknown_and_brings_no_code(pitney: Rig) -> None:
    await reserve(pitney)
    pitney.world.faults.add({"kind": "swap", "where": "deposit", "word": "lockerBankId"})
    asked = pitney.order(OrderKind.DEPOSIT, parcels=(ParcelRef("T1"),), contact_kind="recipient")
    with pytest.raises(Ambiguous):
        await pitney.adapter.send(asked)


async def test_a_parcel_is_not_looked_for_in_another_bank_s_unit_of_the_same_number(pitney: Rig) -> None:
    await reserve(pitney)
    assert isinstance(pitney.adapter, FindsReservations)
    pitney.world.faults.add({"kind": "swap", "where": "reserved", "word": "lockerBankId", "times": 2})
    with pytest.raises(ContractBroken):
        await pitney.adapter.find_reservation(pitney.bank, "T1")
    with pytest.raises(Unreachable):
        await pitney.adapter.send(pitney.order(OrderKind.RELEASE, parcels=(ParcelRef("T1"),)))
    assert isinstance(pitney.world, PitneyWorld)
    assert pitney.world.units[pitney.bank, pitney.unit].reserved == {"T1": None}


@pytest.mark.parametrize(
    ("deposited", "told", "full"),
    [
        (False, {"parcelsDeposited": [{"trackingNumber": "T1"}]}, True),
        (True, {"parcelsDeposited": [{"trackingNumber": "T1"}]}, False),
        (None, {"parcelsDeposited": [{"trackingNumber": "T1"}]}, False),
        (False, {"parcelsDeposited": [{"trackingNumber": "KIOSK-1"}], "unitOccupied": True}, False),
        (False, {"unitOccupied": True}, True),
        (False, {"unitOccupied": False}, False),
        (False, {}, False),
    ],
)
def test_a_unit_is_full_against_our_knowledge_where_ours_or_nobody_knows_whose_is_in_it(
    deposited: bool | None, told: dict[str, Any], full: bool
) -> None:
    asked = replace(order(OrderKind.RELEASE), parcels=(ParcelRef("T1"),), deposited=deposited)
    (unit,) = answers.reserved("B", {"lockerUnitId": "3", **told}, SIZES)
    assert answers.filled(asked, unit) is full


def test_a_field_more_is_told_once_for_a_bank_and_without_what_it_holds() -> None:
    read = bank(*({"lockerUnitId": str(number), **SECRETS} for number in range(40)))
    told = answers.state(read, SIZES).unmapped
    assert [(each.what, each.raw) for each in told] == [
        ("contactEmail", "a text"),
        ("pickupCode", "a text"),
        ("recipient", "an object"),
    ]
    assert {each.unit for each in told} == {"0"}, "with no unit named one would seem to be unread"
    assert not any(secret in repr(read) for secret in ("ada@", "ABC234", "Ada"))


def test_a_field_whose_value_changes_at_every_look_says_nothing_new() -> None:
    told = {answers.state(bank({"lockerUnitId": "1", "lastSeen": number}), SIZES).unmapped for number in range(3)}
    assert len(told) == 1


def test_a_unit_that_cannot_be_read_is_told_of_without_who_has_it() -> None:
    (raw,) = bank({"lockerUnitId": "2", "contactName": "Ada", "unitInService": "perhaps", "parcelsReserved": []}).broken
    assert "Ada" not in raw
    assert '"lockerUnitId": "2"' in raw
    assert '"perhaps"' in raw


def test_a_unit_that_is_listed_twice_or_is_another_bank_s_is_not_believed() -> None:
    free, full = {"lockerUnitId": "1", "unitOccupied": False}, {"lockerUnitId": "1", "unitOccupied": True}
    read = bank(free, full, {"lockerUnitId": "2"}, {"lockerUnitId": "3", "lockerBankId": "another"})
    assert [each.unit for each in read.units] == ["2"]
    assert len(read.broken) == 2


@pytest.mark.parametrize("mapped", [True, False])
async def test_a_size_that_the_connection_explains_is_no_riddle(pitney: Rig, mapped: bool) -> None:
    assert isinstance(pitney.world, PitneyWorld)
    pitney.world.set_unit(pitney.bank, "2", {"size": "gigantic"})
    words = {"sizes": {"gigantic": "XL"}} if mapped else {}
    connection = replace(pitney.connection, settings={**pitney.connection.settings, **words})
    adapter = registry.connect(connection)
    state = await adapter.read_bank(pitney.bank)
    await adapter.close()
    assert (state.units[1].size, len(state.unmapped)) == (("XL", 0) if mapped else (None, 1))
