"""Alarms of the past: most were seen to, a few still wait for somebody."""

from datetime import timedelta
from random import Random

from app.alarms.model import KINDS, AlarmKind
from app.seed_history import History
from app.seed_people import PEOPLE
from app.seed_visits import drawn_id
from app.seed_world import DoorPlan, banks, organization_id

_DOOR_KINDS = (
    AlarmKind.HELD_OPEN,
    AlarmKind.OPEN_FAILED,
    AlarmKind.HELD_OPEN,
    AlarmKind.FORCED_OPEN,
    AlarmKind.CLOSED_WITHOUT_DEPOSIT,
)
_DETAILS = {
    AlarmKind.HELD_OPEN: "Door {} stood open longer than 60 seconds.",
    AlarmKind.OPEN_FAILED: "Door {} did not open when told to.",
    AlarmKind.FORCED_OPEN: "Door {} opened without a command.",
    AlarmKind.CLOSED_WITHOUT_DEPOSIT: "Door {} was closed with nothing inside.",
}
_COMMENTS = (
    "Checked on site.",
    "Resident had left it open.",
    "Latch greased.",
    "Spoke to the courier.",
    "False contact, replaced.",
)


def past_alarms(history: History, days: int) -> None:
    """About three in two days; an alarm lasts minutes to hours and is acknowledged by a manager of its operator."""
    rng = Random(history.random.getrandbits(32))  # noqa: S311 - a past to look at, no secret
    doors = [door for bank in banks("kerong_cu16") for door in bank.doors()]
    for _ in range(days * 3 // 2):
        _alarm(history, rng, rng.choice(doors), days)


def _alarm(history: History, rng: Random, door: DoorPlan, days: int) -> None:
    kind = rng.choice(_DOOR_KINDS)
    raised = history.now - timedelta(days=rng.uniform(0.2, days))
    cleared = raised + timedelta(minutes=rng.uniform(1, 90))
    tenant, id = organization_id(door.bank.site.operator), drawn_id(rng)
    detail = _DETAILS[kind].format(door.label)
    history.rows["alarm"].append(
        (
            tenant,
            id,
            door.bank.site.id,
            door.bank.id,
            door.id,
            kind.value,
            KINDS[kind][0].value,
            "CLEARED",
            f"{kind.value}:{id}",
            detail,
            raised,
            cleared,
            cleared,
        )
    )
    manager = next(
        p for p in PEOPLE if p.kind == "manager" and p.organization == door.bank.site.operator and p.sites is None
    )
    seen = raised + timedelta(minutes=rng.uniform(0.5, 30))
    history.rows["alarm_handling"].append((tenant, id, seen, manager.account_id, manager.name, rng.choice(_COMMENTS)))
    history.audit(door.bank.site, seen, manager, "alarm:acknowledge", "Alarm", id, {"kind": kind.value})
    payload = {"compartment_id": str(door.id), "kind": kind.value}
    history.fact(door.bank, raised, "AlarmRaised", "Alarm", id, payload, None, None, None)
    history.fact(door.bank, cleared, "AlarmCleared", "Alarm", id, payload, None, None, None)
