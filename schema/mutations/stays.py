"""Mutations of stays: reserve, confirm a deposit, collect, extend, release."""

from datetime import timedelta

from app.access import service as access
from app.access.service import Collect
from app.contents import service as contents
from app.contents.service import Named
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import service
from app.stays.model import PickupCodes
from schema.mutations import Call, Mutations, Outcome


async def reserve_compartment(call: Call) -> Outcome:
    given = call.given
    ask = ReserveCompartment(
        bank_id=call.id("bank_id", "Bank"),
        size=given["size"],
        tracking=given["tracking"],
        secondary_tracking=given.get("secondary_tracking"),
        recipient_id=call.optional_id("recipient_id", "Person"),
        depositor_id=call.optional_id("depositor_id", "Person"),
        carrier_id=call.optional_id("carrier_id", "Carrier"),
        flow=given["flow"],
        accessible=given["accessible"],
        hold=timedelta(minutes=given["hold_minutes"]),
    )
    async with call.context.begin(call.key) as work:
        work.answer = ("Stay", await reserving.reserve(work, ask))
    return work.answer


async def confirm_deposit(call: Call) -> Outcome:
    stay_id, codes = call.id("stay_id", "Stay"), call.part("pickup_codes", PickupCodes)
    async with call.context.begin(call.key) as work:
        work.answer = ("Stay", await contents.confirm_deposit(work, stay_id, call.given.get("parcels"), codes))
    return work.answer


async def add_parcels(call: Call) -> Outcome:
    stay_id = call.id("stay_id", "Stay")
    given = [Named(each["tracking"], each.get("secondary_tracking")) for each in call.given["parcels"]]
    async with call.context.begin(call.key) as work:
        work.answer = ("Stay", await contents.add_parcels(work, stay_id, given))
    return work.answer


async def take_parcels(call: Call) -> Outcome:
    stay_id, given = call.id("stay_id", "Stay"), call.given
    async with call.context.begin(call.key) as work:
        taken = await contents.take_parcels(work, stay_id, given["parcels"], given["outcome"], given["reason"])
        work.answer = ("Stay", taken)
    return work.answer


async def collect(call: Call) -> Outcome:
    ask, codes = (
        Collect(call.id("stay_id", "Stay"), call.given.get("pickup_code"), call.given.get("personal_id")),
        call.part("pickup_codes", PickupCodes),
    )
    async with call.context.begin(call.key) as work:
        work.answer = ("Command", await access.collect(work, ask, codes))
    return work.answer


async def extend_stay(call: Call) -> Outcome:
    stay_id, by = call.id("stay_id", "Stay"), timedelta(minutes=call.given["minutes"])
    async with call.context.begin(call.key) as work:
        work.answer = ("Stay", await service.extend(work, stay_id, by, call.given.get("reason")))
    return work.answer


async def release_stay(call: Call) -> Outcome:
    stay_id = call.id("stay_id", "Stay")
    async with call.context.begin(call.key) as work:
        work.answer = ("Stay", await service.release(work, stay_id, call.given["outcome"], call.given["reason"]))
    return work.answer


MUTATIONS: Mutations = {
    "reserveCompartment": reserve_compartment,
    "confirmDeposit": confirm_deposit,
    "addParcels": add_parcels,
    "takeParcels": take_parcels,
    "collect": collect,
    "extendStay": extend_stay,
    "releaseStay": release_stay,
}
