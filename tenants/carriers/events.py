"""Facts of carrier grants."""

from uuid import UUID

from app.kit.events import Fact


def carrier_granted(id_: UUID, carrier_id: UUID, operations: list[str]) -> Fact:
    return Fact("CarrierGranted", "Grant", id_, {"operations": operations}, carrier_id=carrier_id)


# What became of a grant -> the fact.
CHANGED = {"suspend": "GrantSuspended", "resume": "GrantResumed", "revoke": "GrantRevoked"}


def grant_changed(change: str, id_: UUID, carrier_id: UUID, version: int) -> Fact:
    return Fact(CHANGED[change], "Grant", id_, {"version": version}, carrier_id=carrier_id)
