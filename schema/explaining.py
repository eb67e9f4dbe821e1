"""Root fields no shape expresses: decisions, explained."""

from collections.abc import Mapping
from typing import Any

from app.kit.ids import parse_global_id
from schema.loaders import Reader
from schema.plain import Special
from tenants.carriers import service as carriers


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


SPECIAL: Special = {"explainOpen": explain_open}
