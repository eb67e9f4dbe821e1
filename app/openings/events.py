"""Facts of requests to open several doors."""

from collections.abc import Mapping
from typing import Any

from app.kit.events import Fact


def of_opening(kind: str, row: Mapping[str, Any], **payload: object) -> Fact:
    """OpeningAsked, OpeningApproved, OpeningRejected, OpeningExpired."""
    whole = {"doors": len(row["compartment_ids"]), **payload}
    return Fact(kind, "Opening", row["id"], whole, row["site_id"], row["bank_id"])
