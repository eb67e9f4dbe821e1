"""Mutations of carrier grants."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any

from app.kit.errors import Invalid
from app.kit.ids import parse_global_id
from schema.mutations import Call, Mutation, Mutations, Outcome, read_id
from tenants.carriers import service
from tenants.carriers.model import Operation, Terms, Window
from tenants.carriers.service import GrantCarrier

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


async def grant_carrier(call: Call) -> Outcome:
    given = call.given
    sites, banks, sizes = call.ids("site_ids", "Site"), call.ids("bank_ids", "Bank"), given["sizes"]
    if given["all_sites"] and sites:
        raise Invalid("Either all sites or a list of sites.", path=("input", "siteIds"))
    terms = Terms(
        operations=frozenset(Operation(word) for word in given["operations"]),
        sites=None if given["all_sites"] else frozenset(sites),
        # ALL is what these mean until some are named.
        banks=None if given["all_banks"] and not banks else frozenset(banks),
        sizes=None if given["all_sizes"] and not sizes else frozenset(str(size) for size in sizes),
        valid_from=given.get("valid_from") or call.clock(),
        valid_to=given.get("valid_to"),
        windows=tuple(_window(window) for window in given["windows"]),
        max_open_stays=given.get("max_open_stays"),
        max_deposits_per_day=given.get("max_deposits_per_day"),
        max_hold_hours=given.get("max_hold_hours"),
    )
    ask = _ask(given["carrier_id"], terms)
    async with call.context.begin(call.key) as work:
        id_ = await service.grant(work, ask)
        work.answer = ("Grant", id_)
    return work.answer


def _ask(carrier: str, terms: Terms) -> GrantCarrier:
    kind, _ = parse_global_id(carrier) or ("", None)
    if kind == "Organization":
        return GrantCarrier(terms, organization_id=read_id(carrier, kind, "carrier_id"))
    return GrantCarrier(terms, carrier_id=read_id(carrier, "Carrier", "carrier_id"))


def _window(given: Mapping[str, Any]) -> Window:
    return Window(frozenset(given["days"]), _clock(given["from"]), _clock(given["to"]))


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Invalid("A time of day is written like 08:00.", path=("input", "windows"))
    return time(int(found[1]), int(found[2]))


def _change(how: str) -> Mutation:
    async def change(call: Call) -> Outcome:
        id_ = call.id("grant_id", "Grant")
        async with call.context.begin(call.key) as work:
            await service.change(work, id_, how, call.given["reason"])
            work.answer = ("Grant", id_)
        return work.answer

    return change


MUTATIONS: Mutations = {
    "grantCarrier": grant_carrier,
    "suspendGrant": _change("suspend"),
    "resumeGrant": _change("resume"),
    "revokeGrant": _change("revoke"),
}
