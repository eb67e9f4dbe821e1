"""Facts of passes. None of them holds what opens a door."""

from uuid import UUID

from app.kit.events import Fact
from app.passes.model import Pass


def of_pass(kind: str, which: Pass, site_id: UUID, bank_id: UUID, **more: object) -> Fact:
    """PassIssued, PassUsed, PassCalledOff, PassDied."""
    payload = {
        "compartment_id": str(which.compartment_id),
        "stay_id": str(which.stay_id),
        "kind": which.kind.value,
        "state": which.state.value,
        "expires_at": which.expires_at.isoformat(),
        **more,
    }
    return Fact(kind, "Pass", which.id, payload, site_id, bank_id, which.carrier_id)
