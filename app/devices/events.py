"""Facts of commands."""

from datetime import datetime

from app.devices.model import Command
from app.kit.events import Fact


def of_command(
    kind: str,
    command: Command,
    *,
    evidence: str | None = None,
    occurred_at: datetime | None = None,
    source: str = "lockyard",
    **more: object,
) -> Fact:
    """CommandRequested, Sent, Accepted, DoorOpened, DoorClosed, Failed, Expired, Unconfirmed."""
    payload = {
        "kind": command.kind.value,
        "purpose": command.purpose.value,
        "compartment_id": str(command.compartment_id),
        "stay_id": str(command.stay_id) if command.stay_id else None,
        **more,
    }
    return Fact(
        kind, "Command", command.id, payload, command.site_id, command.bank_id, command.carrier_id,
        evidence=evidence, source=source, occurred_at=occurred_at,
    )  # fmt: skip
