"""Facts of alarms."""

from typing import Any

from app.kit.events import Fact


def of_alarm(kind: str, row: Any, **more: object) -> Fact:
    """AlarmRaised, AlarmRepeated, AlarmCleared, AlarmEscalated, AlarmAcknowledged, AlarmShelved, of a row of alarms."""
    payload = {
        "kind": row["kind"],
        "severity": row["severity"],
        "compartment_id": str(row["compartment_id"]) if row["compartment_id"] else None,
        **more,
    }
    return Fact(kind, "Alarm", row["id"], payload, row["site_id"], row["bank_id"])
