"""Root fields no shape expresses: decisions, explained; and what the product knows without its database."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias

import orjson

from app.devices.port import Vendor
from app.kit.ids import parse_global_id
from schema.loaders import Reader
from schema.plain import Special
from tenants.carriers import service as carriers
from tenants.policy import Permission

Listed: TypeAlias = Callable[[Reader, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]


async def explain_open(reader: Reader, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Whether the caller could open this compartment now. None for what it may not see, existing or not."""
    found = parse_global_id(given["compartmentId"])
    if found is None or found[0] != "Compartment":
        return None
    decision = await carriers.explain(reader.conn, reader.view.actor, found[1])
    if decision is None:
        return None
    failed = [{"rule": each.rule, "expected": each.expected, "actual": each.actual} for each in decision.failed]
    return {"allowed": decision.allow, "rule": failed[0]["rule"] if failed else _held(reader), "failed": failed}


def _held(reader: Reader) -> str:
    """The rule that allowed it: a grant for carriers, the role for members."""
    return "grant" if reader.view.actor.is_carrier else "role"


def vendors_listed(known: Iterable[Vendor]) -> Listed:
    """Makes of hardware, for who may connect one. They are not in the database: the wiring hands them over."""
    told = [_vendor(each) for each in known]

    async def listed(reader: Reader, _: Mapping[str, Any]) -> list[dict[str, Any]]:
        return told if Permission.BANK_MANAGE in reader.view.actor.permissions else []

    return listed


def _vendor(vendor: Vendor) -> dict[str, Any]:
    settings = [
        {
            "name": each.name, "kind": each.kind, "help": each.help, "required": each.required, "secret": each.secret,
            "default": _plain(each.default),
        }
        for each in vendor.settings
    ]  # fmt: skip
    return {"name": vendor.name, "title": vendor.title, "addressHelp": vendor.address_help, "settings": settings}


def _plain(value: object) -> object:
    return orjson.loads(orjson.dumps(value, default=str)) if value is not None else None


SPECIAL: Special = {"explainOpen": explain_open, "vendors": vendors_listed(())}
