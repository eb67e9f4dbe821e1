"""What follows when a vendor took a deposit and the pickup code it made for it never reached us."""

from app.devices import queries as devices
from app.devices.port import Capability, OrderKind
from app.kit.streams import Sequenced
from app.people import queries as people
from app.people.model import PersonKind
from app.stays import events, queries
from app.stays import service as stays
from app.stays.model import Flow, State, Stay
from tenants.audit.model import Entry
from tenants.model import AuditOutcome
from tenants.work import Work


async def on_deposit(work: Work, fact: Sequenced) -> None:
    """CommandAccepted of DEPOSIT. The code came with the answer, if it came: it cannot be read. The vendor
    documents the call as an update, so it is told once more; gives that no code either, a person must hand it out."""
    stay_id = fact.uuid("stay_id")
    if stay_id is None or fact.payload.get("kind") != OrderKind.DEPOSIT:
        return
    stay = await queries.standing(work.conn, fact.tenant_id, stay_id)
    if stay is None or stay.state is not State.DEPOSITED or stay.pickup_hash is not None:
        return
    door = await stays.door_of(work, stay)
    if not door.bank.has(Capability.VENDOR_PICKUP_CODE) or not await _for_a_code(work, stay):
        return
    work.enter(fact.tenant_id)
    asked = await devices.code_asked(work.conn, fact.tenant_id, stay.id)
    if asked is None:
        await stays.told(work, stay, door, OrderKind.DEPOSIT, for_code=True)
    elif asked <= fact.subject_id:
        # Ids grow with time: what was accepted is that command, or a later one.
        _lost(work, stay)


async def _for_a_code(work: Work, stay: Stay) -> bool:
    """Departments collect with their personal ids; what goes back is collected by its carrier."""
    if stay.flow is Flow.RETURN:
        return False
    of = stay.recipient_id
    return of is None or await people.kind(work.conn, stay.tenant_id, of) is not PersonKind.DEPARTMENT


def _lost(work: Work, stay: Stay) -> None:
    work.emit(events.of_stay("PickupCodeMissing", stay))
    work.audit(
        Entry("pickup_code:missing", "Stay", stay.id, stay.site_id, stay.carrier_id, AuditOutcome.FAILED, details={})
    )
