"""Mutations of banks and compartments: open a door, take it out of service, connect a bank."""

from collections.abc import Mapping
from typing import Any

from app.access import service as access
from app.access.service import OpenCompartment
from app.commissioning import service as commissioning
from app.commissioning.service import ConnectBank
from app.devices import service as devices
from app.devices.service import SetServiceState
from app.lockers import service as lockers
from app.lockers.model import Service
from app.lockers.service import NewCompartment
from app.openings import service as openings
from app.openings.service import AskOpening
from app.vendors.service import Vendors
from schema.mutations import Call, Mutations, Outcome, delete


async def open_compartment(call: Call) -> Outcome:
    ask = OpenCompartment(call.id("compartment_id", "Compartment"), call.given["reason"])
    async with call.context.begin(call.key) as work:
        work.answer = ("Command", await access.open_compartment(work, ask))
    return work.answer


async def set_service_state(call: Call) -> Outcome:
    given = call.given
    service = Service(given["service"])
    ask = SetServiceState(call.id("compartment_id", "Compartment"), service, given["reason"], given.get("until"))
    async with call.context.begin(call.key) as work:
        work.answer = ("Compartment", await devices.set_service_state(work, ask))
    return work.answer


async def set_bank_service_state(call: Call) -> Outcome:
    given, id_ = call.given, call.id("bank_id", "Bank")
    async with call.context.begin(call.key) as work:
        after = Service(given["service"])
        done = await commissioning.set_bank_service(work, id_, after, given["reason"], given.get("until"))
        work.answer = ("Bank", done)
    return work.answer


async def create_bank(call: Call) -> Outcome:
    given = call.given
    ask = ConnectBank(
        site_id=call.id("site_id", "Site"),
        label=given["label"],
        vendor=given["vendor"],
        external_id=given["external_id"],
        base_url=given["base_url"],
        settings=given["settings"],
        secret=given.get("secret"),
        compartments=tuple(_compartment(each) for each in given["compartments"]),
    )
    vendors = call.part("vendors", Vendors)
    async with call.context.begin(call.key) as work:
        work.answer = ("Bank", await commissioning.connect_bank(work, ask, vendors))
    return work.answer


def _compartment(given: Mapping[str, Any]) -> NewCompartment:
    names = ("label", "external_id", "size", "row", "column", "row_span", "accessible")
    return NewCompartment(**{name: given[name] for name in names})


async def update_bank(call: Call) -> Outcome:
    bank_id = call.id("bank_id", "Bank")
    async with call.context.begin(call.key) as work:
        await lockers.update_bank(
            work, bank_id, call.given.get("label"), call.given.get("poll_seconds"), call.given.get("blind_allocation")
        )
        work.answer = ("Bank", bank_id)
    return work.answer


async def delete_bank(call: Call) -> Outcome:
    return await delete(call, "Bank", commissioning.disconnect_bank)


async def ask_opening(call: Call) -> Outcome:
    chosen = call.ids("compartment_ids", "Compartment") if call.given.get("compartment_ids") is not None else None
    ask = AskOpening(call.id("bank_id", "Bank"), chosen, call.given["reason"])
    async with call.context.begin(call.key) as work:
        work.answer = ("Opening", await openings.ask(work, ask))
    return work.answer


async def approve_opening(call: Call) -> Outcome:
    return await _decide(call, approve=True)


async def reject_opening(call: Call) -> Outcome:
    return await _decide(call, approve=False)


async def _decide(call: Call, *, approve: bool) -> Outcome:
    id_ = call.id("opening_id", "Opening")
    async with call.context.begin(call.key) as work:
        work.answer = ("Opening", await openings.decide(work, id_, approve=approve, comment=call.given.get("comment")))
    return work.answer


MUTATIONS: Mutations = {
    "askOpening": ask_opening,
    "approveOpening": approve_opening,
    "rejectOpening": reject_opening,
    "openCompartment": open_compartment,
    "setServiceState": set_service_state,
    "setBankServiceState": set_bank_service_state,
    "createBank": create_bank,
    "updateBank": update_bank,
    "deleteBank": delete_bank,
}
