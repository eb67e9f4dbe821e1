"""Alarms: raised and cleared by what happens, acknowledged and shelved by people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.alarms import events, queries, store
from app.alarms.model import KINDS, RISES, AlarmKind
from app.devices.model import Purpose
from app.devices.port import OrderKind
from app.kit import checks
from app.kit.db import Row
from app.kit.errors import NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.kit.streams import Sequenced
from app.lockers.model import Withheld
from app.stays import queries as stays
from tenants.audit.model import Entry
from tenants.policy import Permission, authorize
from tenants.work import Work

LONGEST_SHELF = timedelta(days=7)
FLAPPING = timedelta(minutes=30)
# Coming and going is the nature of these. A door that is forced twice was forced twice.
K = AlarmKind
FLAPS = frozenset({K.BANK_UNREACHABLE, K.CONTROLLER_FAULT, K.HELD_OPEN, K.OPEN_FAILED, K.UNMAPPED_STATUS})


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong, where, since when. `about` tells apart two conditions of one kind: equal means the same alarm."""

    kind: AlarmKind
    about: object
    detail: str
    at: datetime
    site_id: UUID
    bank_id: UUID | None = None
    compartment_id: UUID | None = None
    stay_id: UUID | None = None

    @property
    def cause(self) -> str:
        return f"{self.kind}:{self.about}"


async def raise_alarm(work: Work, condition: Condition) -> None:
    """A new alarm, or one more time for the one that stands. Safe to run twice for one happening."""
    severity, _ = KINDS[condition.kind]
    cause, at = condition.cause, condition.at
    row, flapping = None, False
    if condition.kind in FLAPS:
        marked = f"{condition.detail} (keeps coming and going)"
        row = await store.FLAP.row(
            work.conn,
            tenant_id=work.tenant,
            cause_=cause,
            at=at,
            since=at - FLAPPING,
            detail_=marked,
            severity_=severity.value,
        )
        flapping = row is not None
    row = row or await store.RAISE.row(
        work.conn, tenant_id=work.tenant, id=new_id(), site_id=condition.site_id, bank_id=condition.bank_id,
        compartment_id=condition.compartment_id, stay_id=condition.stay_id, kind=condition.kind.value,
        severity=severity.value, cause=cause, detail=condition.detail, at=at,
    )  # fmt: skip
    if row is None:
        return
    word = "AlarmRepeated" if row["repeats"] else "AlarmRaised"
    _tell(work, word, row, flapping=flapping)


async def clear_alarms(work: Work, at: datetime, *causes: str) -> None:
    """The conditions are over. What people wrote about them stays."""
    for row in await store.CLEAR.rows(work.conn, tenant_id=work.tenant, causes=list(causes), at=at):
        _tell(work, "AlarmCleared", row)


async def rise(work: Work, alarm_id: UUID, kind: AlarmKind) -> bool:
    """It has lasted: it is graver now, and whoever acknowledged it before is told again. Once each time it comes."""
    row = await store.RISE.row(work.conn, tenant_id=work.tenant, id_=alarm_id, after=RISES[kind].value, at=work.now)
    if row is not None:
        _tell(work, "AlarmEscalated", row)
    return row is not None


def _tell(work: Work, word: str, row: Row, **more: object) -> None:
    work.emit(events.of_alarm(word, row, **more))
    details = {"kind": row["kind"], "severity": row["severity"], **more}
    work.audit(
        Entry(f"alarm:{word.removeprefix('Alarm').lower()}", "Alarm", row["id"], row["site_id"], details=details)
    )


async def acknowledge(work: Work, alarm_id: UUID, comment: str | None) -> UUID:
    """Somebody has taken note: who, when and what they said. Only once; a later repeat does not wipe it."""
    row = await _find(work, alarm_id, Permission.ALARM_ACKNOWLEDGE)
    comment = checks.optional_text("comment", comment, most=1000) or None
    done = await store.ACKNOWLEDGE.row(
        work.conn, tenant_id=work.tenant, alarm_id=row["id"], acknowledged_at=work.now, comment=comment,
        acknowledged_by=work.actor.account_id, acknowledged_by_name=work.actor.label, risen_at=row["risen_at"],
    )  # fmt: skip
    if done is None:
        raise Rejected(Reason.ALREADY_ACKNOWLEDGED, "This alarm was acknowledged before.")
    work.emit(events.of_alarm("AlarmAcknowledged", row))
    details = {"kind": row["kind"]}
    work.audit(Entry(Permission.ALARM_ACKNOWLEDGE, "Alarm", row["id"], row["site_id"], reason=comment, details=details))
    return alarm_id


async def shelve(work: Work, alarm_id: UUID, by: timedelta, reason: str) -> UUID:
    """Out of sight for a while. Shelving again moves the end."""
    row = await _find(work, alarm_id, Permission.ALARM_SHELVE)
    checks.within("minutes", by / timedelta(minutes=1), 1, LONGEST_SHELF / timedelta(minutes=1))
    reason, until = checks.text("reason", reason, most=500), work.now + by
    await store.SHELVE.row(
        work.conn, tenant_id=work.tenant, alarm_id=row["id"], shelved_until=until, shelve_reason=reason,
        shelved_by=work.actor.account_id,
    )  # fmt: skip
    work.emit(events.of_alarm("AlarmShelved", row, until=until.isoformat()))
    details = {"kind": row["kind"], "until": until.isoformat()}
    work.audit(Entry(Permission.ALARM_SHELVE, "Alarm", row["id"], row["site_id"], reason=reason, details=details))
    return alarm_id


async def _find(work: Work, id: UUID, permission: Permission) -> Row:
    row = await queries.alarm(work.conn, work.actor, id)
    if row is None:
        raise NotFound("There is no such alarm.", path=("input", "alarmId"))
    work.enter(row["tenant_id"])
    authorize(work.actor, permission, row["site_id"])
    return row


# --- what happens becomes alarms: reactions to facts, safe to run twice ------------------------------------------


def _at_door(kind: AlarmKind, fact: Sequenced, detail: str, about: object = None) -> Condition | None:
    """`about`: what the condition is of, where it is not the compartment itself."""
    compartment_id = fact.uuid("compartment_id")
    if compartment_id is None or fact.site_id is None:
        return None
    return Condition(
        kind, about or compartment_id, detail, fact.occurred_at, fact.site_id, fact.bank_id, compartment_id,
        fact.uuid("stay_id"),
    )  # fmt: skip


async def _raise(work: Work, condition: Condition | None) -> None:
    if condition is not None:
        await raise_alarm(work, condition)


async def on_door(work: Work, fact: Sequenced) -> None:
    """DoorOpened, DoorClosed."""
    work.enter(fact.tenant_id)
    label = fact.payload.get("label", "?")
    if fact.kind == "DoorOpened" and fact.payload.get("command_id") is None and fact.payload.get("was_known"):
        await _raise(work, _at_door(AlarmKind.FORCED_OPEN, fact, f"Door {label} opened without a command."))
    elif fact.kind == "DoorClosed":
        over = (AlarmKind.FORCED_OPEN, AlarmKind.HELD_OPEN, AlarmKind.OPEN_AFTER_RELEASE)
        await clear_alarms(work, fact.occurred_at, *(f"{kind}:{fact.subject_id}" for kind in over))


async def on_command(work: Work, fact: Sequenced) -> None:
    """CommandAccepted, CommandDoorOpened, CommandFailed, CommandExpired, CommandUnconfirmed."""
    work.enter(fact.tenant_id)
    given, is_open = fact.payload, fact.payload.get("kind") == OrderKind.OPEN
    kind = AlarmKind.OPEN_FAILED if is_open else AlarmKind.CONTROLLER_FAULT
    if fact.kind == "CommandDoorOpened" or (fact.kind == "CommandAccepted" and given.get("final") is True):
        await clear_alarms(work, fact.occurred_at, f"{kind}:{fact.uuid('compartment_id')}")
        if fact.kind == "CommandDoorOpened":
            await _late(work, fact)
    elif fact.kind == "CommandFailed" and fact.source == "person":
        # Somebody went and looked: nothing is left to find out.
        await clear_alarms(work, fact.occurred_at, f"{kind}:{fact.uuid('compartment_id')}")
    elif fact.kind == "CommandFailed" and not given.get("withdrawn"):
        if is_open:
            await _raise(
                work,
                _at_door(AlarmKind.OPEN_FAILED, fact, f"The door did not open. {given.get('detail') or ''}".strip()),
            )
        elif not given.get("absent") and given.get("reason") != "NO_FREE_UNIT":
            refused = "" if given.get("undo") else f"The vendor refused: {given.get('kind')}. "
            words = f"{refused}{given.get('detail') or ''}".strip()
            await _raise(work, _at_door(AlarmKind.CONTROLLER_FAULT, fact, words))
    elif fact.kind == "CommandExpired" and not is_open:
        await _raise(
            work, _at_door(AlarmKind.CONTROLLER_FAULT, fact, f"The vendor was not told in time: {given.get('kind')}.")
        )
    elif fact.kind == "CommandUnconfirmed" and given.get("settled") is True:
        unknown = f"Nobody knows whether the vendor took this: {given.get('kind')}. Look, and say what you found."
        words = "Nobody knows whether the door opened: look." if is_open else unknown
        await _raise(work, _at_door(kind, fact, words))


async def _late(work: Work, fact: Sequenced) -> None:
    """A door that opened for a stay that had ended before: the stay stays ended, somebody must look."""
    stay_id = fact.uuid("stay_id")
    stay = await stays.standing(work.conn, fact.tenant_id, stay_id) if stay_id else None
    if stay is not None and stay.released_at is not None and stay.released_at < fact.occurred_at:
        await _raise(
            work, _at_door(AlarmKind.LATE_EVENT_AFTER_RELEASE, fact, "The door opened for a stay that had ended.")
        )


async def on_stay(work: Work, fact: Sequenced) -> None:
    """StayReleased with the door left open; StayDeposited through a way in thought closed; PickupCodeMissing;
    VendorUntold."""
    work.enter(fact.tenant_id)
    if fact.kind == "VendorUntold":
        words = f"The vendor loses what it is told: {fact.payload.get('what')}. It is told again from time to time."
        await _raise(work, _at_door(K.CONTROLLER_FAULT, fact, words))
    elif fact.kind == "PickupCodeMissing":
        words = "The vendor gave no pickup code for what was put in here: a person must give the parcel out."
        await _raise(work, _at_door(K.CONTROLLER_FAULT, fact, words, about=fact.subject_id))
    elif fact.kind == "StayReleased":
        await clear_alarms(work, fact.occurred_at, f"{K.CONTROLLER_FAULT}:{fact.subject_id}")
        await clear_alarms(work, fact.occurred_at, f"{K.CLOSED_WITHOUT_DEPOSIT}:{fact.uuid('compartment_id')}")
    if fact.kind == "StayReleased" and fact.payload.get("door") == "OPEN":
        await _raise(work, _at_door(AlarmKind.OPEN_AFTER_RELEASE, fact, "The stay has ended and the door stands open."))
    elif fact.kind == "StayDeposited" and fact.payload.get("late") is True and fact.payload.get("by_pass"):
        words = "What was handed out for a stay that was called off has been used: something is inside."
        await _raise(work, _at_door(AlarmKind.REVOKED_CREDENTIAL_USED, fact, words))
    elif fact.kind == "StayDeposited" and fact.payload.get("late") is True:
        words = "A cancelled stay's door was opened after all: something may be inside."
        await _raise(work, _at_door(AlarmKind.LATE_EVENT_AFTER_RELEASE, fact, words))
    elif fact.kind == "StayReleased" and fact.payload.get("outcome") == "UNKNOWN_RELEASE":
        await _raise(work, _at_door(AlarmKind.MISSING_PARCEL, fact, "Found free, and nobody said that it was emptied."))


async def on_filled(work: Work, fact: Sequenced) -> None:
    """FilledAfterRelease: the books tell of something inside for a stay that had ended, or for none."""
    work.enter(fact.tenant_id)
    label = fact.payload.get("label", "?")
    if not fact.payload.get("known"):
        kind, words = AlarmKind.GHOST_PARCEL, f"Door {label} holds something that was not put in for a stay of ours."
    elif fact.payload.get("called_off"):
        kind, words = AlarmKind.REVOKED_CREDENTIAL_USED, f"Door {label} was opened by what had been called off."
    else:
        kind, words = AlarmKind.LATE_EVENT_AFTER_RELEASE, f"Something was put behind door {label} after its stay ended."
    await _raise(work, _at_door(kind, fact, words))


async def on_inside(work: Work, fact: Sequenced) -> None:
    """UnitWithheld and UnitGivenBack: a sensor sees something where no stay is; ItemChanged, CommandDoorClosed: what
    it sees once a courier has shut the door. What a vendor's books tell of others is no alarm."""
    work.enter(fact.tenant_id)
    given, place = fact.payload, fact.uuid("compartment_id")
    ghost, unfilled = f"{K.GHOST_PARCEL}:{place}", f"{K.CLOSED_WITHOUT_DEPOSIT}:{place}"
    if fact.kind == "UnitWithheld" and given.get("why") == Withheld.TAKEN and given.get("by") == "SENSOR":
        words = f"The sensor behind door {given.get('label')} sees something, and no stay is there."
        await _raise(work, _at_door(K.GHOST_PARCEL, fact, words))
    elif fact.kind == "UnitGivenBack" and given.get("why") == Withheld.TAKEN:
        await clear_alarms(work, fact.occurred_at, ghost)
    elif given.get("inside") is True or given.get("present") is True:
        await clear_alarms(work, fact.occurred_at, unfilled)
    elif given.get("inside") is False and given.get("purpose") == Purpose.DEPOSIT:
        await _raise(work, _at_door(K.CLOSED_WITHOUT_DEPOSIT, fact, "The door was shut and the sensor sees nothing."))


async def on_bank(work: Work, fact: Sequenced) -> None:
    """BankUnreachable, BankReachable, BankDiffers, BankRecognised, StatusUnmapped, StatusUnderstood."""
    work.enter(fact.tenant_id)
    assert fact.site_id is not None, "a bank's facts name its site"
    given, bank = fact.payload, fact.subject_id
    if fact.kind == "BankRecognised":
        await clear_alarms(work, fact.occurred_at, f"{AlarmKind.CONTROLLER_FAULT}:{bank}:likeness")
        return
    if fact.kind == "BankDiffers":
        words = (
            f"The bank is not as it was taken over. {given.get('detail')} Survey it and compare: nothing opens before."
        )
        about = f"{bank}:likeness"
        await raise_alarm(work, Condition(K.CONTROLLER_FAULT, about, words, fact.occurred_at, fact.site_id, bank))
        return
    if fact.kind == "BankReachable":
        await clear_alarms(work, fact.occurred_at, f"{AlarmKind.BANK_UNREACHABLE}:{bank}")
        return
    if fact.kind == "StatusUnderstood":
        cause = f"{AlarmKind.UNMAPPED_STATUS}:{bank}:{given.get('unit')}:{given.get('what')}"
        await clear_alarms(work, fact.occurred_at, cause)
        return
    kind: AlarmKind = AlarmKind.BANK_UNREACHABLE
    about, detail = str(bank), f"The bank does not answer. {given.get('detail') or ''}".strip()
    if fact.kind == "StatusUnmapped":
        kind = AlarmKind.UNMAPPED_STATUS
        about, detail = (
            f"{bank}:{given.get('unit')}:{given.get('what')}",
            f"{given.get('what')}: {given.get('raw')}"[:500],
        )
    await raise_alarm(work, Condition(kind, about, detail, fact.occurred_at, fact.site_id, bank))
