"""Having doors opened: by staff, couriers and recipients; and what becomes of a stay when its door moves."""

from dataclasses import dataclass
from uuid import UUID

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import MAY_HAVE_OPENED, Command, Purpose
from app.devices.port import AccessKind, Capability, OrderKind
from app.devices.service import Cause
from app.issuing import service as issuing
from app.kit import checks
from app.kit.errors import Denied, FailedRule, NotFound, Reason, Rejected
from app.kit.streams import Sequenced
from app.lockers import queries as lockers
from app.lockers.model import Compartment, Service
from app.passes import service as passes
from app.passes.model import Holder
from app.people import queries as people
from app.stays import events, queries, store
from app.stays import service as stays
from app.stays.model import (
    OPEN_BEFORE_DEPOSIT,
    WAIT_AFTER_DEPOSIT,
    Flow,
    PickupCodes,
    State,
    Stay,
    StayOutcome,
    collected,
)
from tenants.audit.model import Entry
from tenants.carriers import service as carriers
from tenants.carriers.model import Operation
from tenants.model import AuditOutcome
from tenants.policy import Permission, authorize
from tenants.work import Work


@dataclass(frozen=True, slots=True)
class OpenCompartment:
    compartment_id: UUID
    reason: str


async def open_compartment(work: Work, ask: OpenCompartment) -> UUID:
    """A command to open a door. A carrier's couriers open what holds a stay of theirs, within their grant."""
    door = await lockers.compartment(work.conn, work.actor, ask.compartment_id)
    if door is None:
        raise NotFound("There is no such compartment.", path=("input", "compartmentId"))
    work.enter(door.bank.tenant_id)
    authorize(work.actor, Permission.COMPARTMENT_OPEN, None if work.actor.is_carrier else door.bank.site_id)
    reason = checks.text("reason", ask.reason, most=500)
    stay = await queries.open_in(work.conn, door.bank.tenant_id, door.id)
    if work.actor.is_carrier:
        return (await _open_as_carrier(work, door, stay, reason)).id
    if stay is None:
        return (await hardware.request_alone(work, door, Cause(Purpose.NONE, reason))).id
    return (await hardware.request_open(work, door, Cause(Purpose.OVERRIDE, reason, stay.id, stay.carrier_id))).id


async def _open_as_carrier(work: Work, door: Compartment, stay: Stay | None, reason: str) -> Command:
    """To deposit while the stay is held; again afterwards only with the right to reopen."""
    own = stay is not None and stay.carrier_id == work.actor.organization_id
    before = stay is not None and stay.state in OPEN_BEFORE_DEPOSIT | {State.DEPOSITING}
    operation = Operation.DEPOSIT if own and before else Operation.REOPEN_OWN
    if operation is Operation.REOPEN_OWN:
        await carriers.require(work, operation, door.bank.site_id, door.bank.id, door.size.value)
    if stay is None or not own:
        # The same words whether it is free or holds another carrier's parcel.
        rule = FailedRule("stay", "a stay of yours in it", "none")
        raise Denied("No stay of yours is there.", permission=Permission.COMPARTMENT_OPEN, failed=(rule,))
    if before:
        await carriers.require(work, operation, door.bank.site_id, door.bank.id, door.size.value)
        _still_good(work, door, stay)
        cause = Cause(Purpose.DEPOSIT, reason, stay.id, stay.carrier_id, operation)
        return await hardware.request_open(work, door, cause)
    if stay.state is State.REVOKING:
        raise Rejected(Reason.WRONG_STATE, "This stay is being called off.")
    cause = Cause(Purpose.OVERRIDE, reason, stay.id, stay.carrier_id, operation)
    return await hardware.request_open(work, door, cause)


def _still_good(work: Work, door: Compartment, stay: Stay) -> None:
    if stay.state in OPEN_BEFORE_DEPOSIT and stay.expires_at <= work.now:
        raise Rejected(Reason.STAY_EXPIRED, "The reservation has run out.")
    if door.service is not Service.IN_SERVICE:
        raise Rejected(Reason.OUT_OF_SERVICE, f"Door {door.label} is out of service: reserve another.")


@dataclass(frozen=True, slots=True)
class Collect:
    stay_id: UUID
    pickup_code: str | None = None
    personal_id: str | None = None


async def collect(work: Work, ask: Collect, codes: PickupCodes) -> UUID:
    """Open the door of a deposited stay to take the parcel out: its recipient, staff, or its carrier in the end. Where
    phones open, whoever asks is handed a pass."""
    stay = await stays.find(work, ask.stay_id)
    at_site = None if work.actor.is_outside else stay.site_id
    authorize(work.actor, Permission.STAY_COLLECT, at_site)
    purpose, operation = Purpose.COLLECTION if work.actor.is_carrier else Purpose.PICKUP, None
    if work.actor.is_carrier:
        operation = Operation.COLLECT_RETURN if stay.flow is Flow.RETURN else Operation.COLLECT_EXPIRED
        await carriers.require(work, operation, stay.site_id, stay.bank_id)
    if stay.state is State.RELEASED:
        raise Rejected(Reason.STAY_NOT_OPEN, "This stay has ended.")
    if stay.state not in {State.DEPOSITED, State.COLLECTING}:
        raise Rejected(Reason.WRONG_STATE, f"This stay is {stay.state}.")
    if work.actor.is_carrier and stay.waits_for_recipient(work.now):
        raise Rejected(Reason.WRONG_STATE, "Its recipient may still collect this parcel.")
    if ask.pickup_code is not None:
        await _check(work, stay, codes, "pickupCode", fits=codes.fits(stay, ask.pickup_code.strip()))
    if ask.personal_id is not None:
        fits = await people.collects_for(work.conn, stay.tenant_id, stay.recipient_id, ask.personal_id.strip())
        await _check(work, stay, codes, "personalId", fits=fits)
    door = await stays.door_of(work, stay)
    if door.bank.has(Capability.PHONE_TOKENS):
        command = await issuing.hand_out(work, stay, AccessKind.PICKUP, _carried_by(work, stay))
    else:
        cause = Cause(purpose, "collect", stay.id, stay.carrier_id, operation)
        command = await hardware.request_open(work, door, cause)
    work.audit(
        Entry(
            Permission.STAY_COLLECT, "Stay", stay.id, stay.site_id, stay.carrier_id,
            details={"command": str(command.id), "purpose": purpose.value, "code": ask.pickup_code is not None},
        )
    )  # fmt: skip
    return command.id


def _carried_by(work: Work, stay: Stay) -> Holder:
    """Whoever asks gets it: a carrier for its couriers, a recipient, or staff for themselves."""
    if work.actor.is_carrier:
        return Holder(carrier_id=work.actor.organization_id)
    return Holder(person_id=stay.recipient_id) if work.actor.is_recipient else Holder()


async def _check(work: Work, stay: Stay, codes: PickupCodes, field: str, *, fits: bool) -> None:
    """A wrong code opens nothing and is remembered, though everything else of the act is undone."""
    source = work.actor.account_id
    locked = not await codes.admit(stay, source)
    if not locked and fits:
        await codes.forgive(stay, source)
        return

    async def remember(after: Work) -> None:
        after.enter(stay.tenant_id)
        changed = await store.run(store.WRONG_CODE, after.conn, stay, one=1)
        failures = changed.pickup_failures if changed else stay.pickup_failures
        after.emit(events.of_stay("PickupCodeRefused", changed or stay, failures=failures, locked=locked))
        entry = Entry(
            Permission.STAY_COLLECT, "Stay", stay.id, stay.site_id, stay.carrier_id, AuditOutcome.FAILED,
            "wrong pickup code", {"failures": failures, "locked": locked},
        )  # fmt: skip
        after.audit(entry)

    work.despite_refusal(remember)
    words = "Too many wrong codes: try again later." if locked else f"This is not the {_NAMES[field]}."
    raise Rejected(Reason.WRONG_PICKUP_CODE, words, path=("input", field))


_NAMES = {"personalId": "personal id of this department", "pickupCode": "pickup code"}


# --- what doors do to stays: reactions to facts, safe to run twice ---------------------------------------------------


async def on_opening(work: Work, fact: Sequenced) -> None:
    """CommandAccepted, DoorOpened, DoorClosed, Failed, Expired and Unconfirmed, of kind OPEN.

    Where there is no door sensor the vendor's word is the last there will be (`final`), and worth E1; where not even
    that came it is a person's, and worth E0.
    """
    stay_id = fact.uuid("stay_id")
    if stay_id is None or fact.payload.get("kind") != OrderKind.OPEN:
        return
    stay = await queries.standing(work.conn, fact.tenant_id, stay_id)
    if stay is None:
        return
    work.enter(fact.tenant_id)
    purpose, evidence = Purpose(str(fact.payload["purpose"])), fact.evidence or "E0"
    final = fact.kind in {"CommandAccepted", "CommandDoorOpened"} and fact.payload.get("final") is True
    if fact.kind == "CommandDoorOpened" or final:
        stay = await _opened(work, stay, purpose, evidence)
    if fact.kind == "CommandDoorClosed" or final:
        await _closed(work, stay, purpose, evidence, left=fact.payload.get("inside") is True)
    spent = fact.kind in {"CommandFailed", "CommandExpired"} or fact.payload.get("settled") is True
    if spent and stay.state is State.REVOKING:
        # Nothing can open the door for this stay any more.
        await stays.end(work, stay, stay.outcome or StayOutcome.CANCELLED, reason="called off")
    shut = fact.kind in {"CommandFailed", "CommandExpired"} and stay.state is State.RELEASED
    if shut and not MAY_HAVE_OPENED & await devices.openings(work.conn, work.tenant, stay.id):
        await passes.back_in_service(work, await stays.door_of(work, stay), passes.MAY_BE_FILLED)


async def _opened(work: Work, stay: Stay, purpose: Purpose, evidence: str) -> Stay:
    after: Stay | None = None
    if purpose is Purpose.DEPOSIT and stay.state in OPEN_BEFORE_DEPOSIT:
        after = await store.run(store.DEPOSITING, work.conn, stay, evidence=evidence)
    elif purpose is Purpose.DEPOSIT and stay.state is State.REVOKING:
        after = await store.run(
            store.LATE_DEPOSIT, work.conn, stay, now=work.now, deposit_expires_at=work.now + WAIT_AFTER_DEPOSIT,
            evidence=evidence, pickup_hash=None, pickup_sealed=None, trackings=None, parcel_ids=[],
        )  # fmt: skip
    elif purpose in {Purpose.PICKUP, Purpose.COLLECTION} and stay.state is State.DEPOSITED:
        after = await store.run(store.COLLECTING, work.conn, stay)
    if after is None:
        return stay
    late = stay.state is State.REVOKING
    work.emit(events.moved(after, late=late))
    work.audit(
        Entry(_ACTS[purpose], "Stay", stay.id, stay.site_id, stay.carrier_id, details={"state": after.state.value})
    )
    return after


_ACTS = {
    Purpose.DEPOSIT: Permission.STAY_DEPOSIT,
    Purpose.PICKUP: Permission.STAY_COLLECT,
    Purpose.COLLECTION: Permission.STAY_COLLECT,
}


async def _closed(work: Work, stay: Stay, purpose: Purpose, evidence: str, *, left: bool) -> None:
    """`left`: a sensor sees something behind the door still. Then whoever shut it took nothing, or not all: the stay
    goes on, and so does its code."""
    if purpose is Purpose.DEPOSIT and stay.state in {State.DEPOSITING, State.DEPOSITED}:
        # Confirmed before or after: the door has now been seen to open and close.
        await store.run(store.GRADE, work.conn, stay, state_=stay.state.value, evidence=evidence)
    elif purpose not in {Purpose.PICKUP, Purpose.COLLECTION} or stay.state is not State.COLLECTING:
        return
    elif left:
        after = await store.run(store.LEFT_INSIDE, work.conn, stay)
        assert after is not None, "the stay is locked in a state that allows it"
        issuing.moved(work, after, _ACTS[purpose], left=True)
    else:
        outcome = collected(stay.flow, by_carrier=purpose is Purpose.COLLECTION)
        await stays.end(work, stay, outcome, evidence=evidence)
