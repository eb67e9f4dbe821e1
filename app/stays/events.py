"""Facts of stays."""

from app.kit.events import Fact
from app.stays.model import State, Stay

# Which fact a move into a state is. Extending, overdue and refused codes are no moves.
OF_STATE = {
    State.HELD: "StayHeld",
    State.ACCESS_ISSUED: "StayAccessIssued",
    State.DEPOSITING: "StayDepositing",
    State.DEPOSITED: "StayDeposited",
    State.COLLECTING: "StayCollecting",
    State.REVOKING: "StayRevoking",
    State.RELEASED: "StayReleased",
}


def of_stay(kind: str, stay: Stay, **more: object) -> Fact:
    """StayExtended, StayExpiryTold, StayOverdue, StayPlaced, PickupCodeRefused, PickupCodeMissing, VendorUntold, or a
    word of OF_STATE."""
    payload = {
        "compartment_id": str(stay.compartment_id),
        "state": stay.state.value,
        "outcome": stay.outcome.value if stay.outcome else None,
        **more,
    }
    return Fact(kind, "Stay", stay.id, payload, stay.site_id, stay.bank_id, stay.carrier_id, evidence=stay.evidence)


def moved(stay: Stay, **more: object) -> Fact:
    """The fact of having come into the state the stay is in."""
    return of_stay(OF_STATE[stay.state], stay, **more)
