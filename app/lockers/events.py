"""Facts of banks and compartments."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from app.kit.events import Fact
from app.lockers.model import Bank


def of_bank(kind: str, bank: Bank, occurred_at: datetime | None = None, **payload: object) -> Fact:
    """BankCreated, BankChanged, BankDeleted, BankUnreachable, BankReachable, BankDiffers, BankRecognised,
    StatusUnmapped, StatusUnderstood."""
    return Fact(kind, "Bank", bank.id, payload, bank.site_id, bank.id, occurred_at=occurred_at)


def of_compartment(
    kind: str,
    bank: Bank,
    compartment_id: UUID,
    payload: Mapping[str, object],
    *,
    occurred_at: datetime | None = None,
    source: str = "lockyard",
    evidence: str | None = None,
) -> Fact:
    """DoorOpened, DoorClosed, ServiceChanged, ItemChanged, UnitFoundFree, ClaimMoved, …"""
    whole = {"compartment_id": str(compartment_id), **payload}
    return Fact(
        kind, "Compartment", compartment_id, whole, bank.site_id, bank.id,
        occurred_at=occurred_at, source=source, evidence=evidence,
    )  # fmt: skip
