"""What operators do with grants, and the decision that stands before every act of a carrier."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.kit.checks import text
from app.kit.db import Conn
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from tenants.audit.model import Entry
from tenants.carriers import events, queries, store
from tenants.carriers.model import (
    MOVES,
    PERMISSIONS,
    QUOTA_RULES,
    Ask,
    Decision,
    GrantState,
    Operation,
    Terms,
    Usage,
    Window,
    decide,
    has_quota,
)
from tenants.identity.queries import ORGANIZATION
from tenants.identity.store import tell_changed
from tenants.model import Actor, OrganizationKind
from tenants.policy import Permission, authorize
from tenants.scope import Scope, context_parameters
from tenants.work import Work

_EVERYTHING = Decision(allow=True)


@dataclass(frozen=True, slots=True)
class GrantCarrier:
    """`carrier_id`: as this operator knows it; `organization_id`: as it names itself, when the two first meet."""

    terms: Terms
    carrier_id: UUID | None = None
    organization_id: UUID | None = None


async def require(
    work: Work,
    operation: Operation,
    site_id: UUID,
    bank_id: UUID | None = None,
    size: str | None = None,
    *,
    hold: timedelta | None = None,
) -> Decision:
    """Stand before a carrier's act, in its transaction, after `work.enter` and before anything is taken.

    Others than carriers pass. Raises Denied with the rules that failed, Rejected when only a quota stands in the way.

    A quota is counted under a lock on its grant, held until commit; without a quota nothing is locked.
    """
    if not work.actor.is_carrier:
        return _EVERYTHING
    ask = Ask(operation, site_id, bank_id, size, hold)
    decision = await _decide(work.conn, work.actor, work.tenant, ask, lock=True)
    if decision.allow:
        return decision
    if all(rule.rule in QUOTA_RULES for rule in decision.failed):
        limit = decision.failed[0]
        raise Rejected(Reason.QUOTA_REACHED, f"The grant's quota is reached: {limit.rule} {limit.expected}.")
    raise Denied("No grant allows this.", permission=PERMISSIONS[operation], failed=decision.failed)


async def _decide(conn: Conn, actor: Actor, tenant: UUID, ask: Ask, *, lock: bool) -> Decision:
    rows = await queries.AT_SITE.rows(conn, of_tenant=tenant, of_carrier=actor.organization_id, site_id=ask.site)
    if not rows:
        raise NotFound("There is no such site.")
    zone, now = ZoneInfo(rows[0]["timezone"]), rows[0]["at"]
    grants = [queries.grant_of(row) for row in rows if row["id"] is not None]
    unlimited = [grant for grant in grants if not has_quota(grant, ask.operation)]
    decision = decide(unlimited, ask, now, zone, {})
    limited = [g.id for g in grants if has_quota(g, ask.operation) and decide([g], ask, now, zone, {}).allow]
    if decision.allow or not limited:
        return decision if decision.allow else decide(grants, ask, now, zone, {})
    given: dict[str, Any] = {"of_tenant": tenant, "ids": limited}
    if lock:
        grants = [queries.grant_of(row) for row in await queries.LOCK.rows(conn, **given)]
    else:
        grants = [grant for grant in grants if grant.id in limited]
    counted = await queries.USAGE.rows(conn, zone=zone.key, **given)
    usage = {UUID(int=row["id"].int): Usage(row["open_stays"], row["deposits_today"]) for row in counted}
    return decide(grants, ask, now, zone, usage)


async def still_allowed(work: Work, carrier_id: UUID, ask: Ask) -> bool:
    """Whether any grant of this carrier covers that, at whatever time of the week and whatever its quota is."""
    given = {"of_tenant": work.tenant, "of_carrier": carrier_id, "site_id": ask.site}
    rows = await queries.AT_SITE.rows(work.conn, **given)
    zone = ZoneInfo(rows[0]["timezone"]) if rows else ZoneInfo("UTC")
    for grant in (queries.grant_of(row) for row in rows if row["id"] is not None):
        decision = decide([grant], ask, rows[0]["at"], zone, {})
        if all(rule.rule == "window" for rule in decision.failed):
            return True
    return False


async def explain(conn: Conn, actor: Actor, compartment_id: UUID) -> Decision | None:
    """Whether the actor could open this compartment now, and which rules fail; None for what it may not see.

    Changes and locks nothing. `conn` stands behind the wall of the actor's tenants.
    """
    place = await _place(conn, actor, compartment_id)
    if place is None:
        return None
    tenant, site, bank, size = place
    try:
        authorize(actor, Permission.COMPARTMENT_OPEN, None if actor.is_carrier else site)
    except Denied as denied:
        return Decision(allow=False, failed=denied.failed)
    if not actor.is_carrier:
        return _EVERYTHING
    decision = await _decide(conn, actor, tenant, Ask(Operation.REOPEN_OWN, site, bank, size), lock=False)
    own = await queries.HAS_OWN_STAY.value(
        conn, of_tenant=tenant, of_carrier=actor.organization_id, compartment_id=compartment_id
    )
    if own is not None:
        return decision
    # The same words whether it is free or holds another carrier's parcel.
    return Decision(allow=False, failed=(*decision.failed, FailedRule("stay", "a stay of yours in it", "none")))


async def _place(conn: Conn, actor: Actor, compartment_id: UUID) -> tuple[UUID, UUID, UUID, str] | None:
    statement = queries.visible_compartment(Scope.of(actor))
    row = await statement.row(conn, compartment_id=compartment_id, **context_parameters(actor))
    return None if row is None else (row["tenant_id"], row["site_id"], row["bank_id"], row["size"])


async def organization_of(work: Work, carrier_id: UUID) -> UUID | None:
    """The organization behind a carrier as the operator of this act knows it; None for what it does not know."""
    found: UUID | None = await queries.KNOWN_CARRIER.value(work.conn, of_tenant=work.tenant, id_=carrier_id)
    return found


async def named(work: Work, carrier_id: UUID) -> UUID:
    """The same for the operator's own people, who are told that they know none such."""
    found = await organization_of(work, carrier_id)
    if found is None:
        raise NotFound("There is no such carrier.", path=("input", "carrierId"))
    return found


async def _whom(work: Work, ask: GrantCarrier) -> UUID:
    """The organization that is granted something. From its first grant on the operator knows it."""
    if ask.carrier_id is not None:
        return await named(work, ask.carrier_id)
    row = await ORGANIZATION.row(work.conn, organization_id=ask.organization_id)
    if row is None or row["kind"] != OrganizationKind.CARRIER:
        raise NotFound("There is no such carrier.", path=("input", "carrierId"))
    carrier: UUID = row["id"]
    await store.MEET.run(work.conn, tenant_id=work.tenant, id=new_id(), carrier_id=carrier, name=row["name"])
    return carrier


async def grant(work: Work, ask: GrantCarrier) -> UUID:
    """Allow a carrier something; in force from this commit on."""
    tenant, terms, id_ = work.enter(work.actor.organization_id), ask.terms, new_id()
    authorize(work.actor, Permission.GRANT_MANAGE)
    _check(terms)
    _check_reach(work.actor, terms)
    carrier = await _whom(work, ask)
    await _check_places(work, terms)
    await store.ADD.run(work.conn, tenant_id=tenant, id=id_, carrier_id=carrier, **_stored(terms))
    # A first grant gives the carrier's members an operator more.
    await tell_changed(work.conn, carrier)
    operations = sorted(terms.operations)
    work.emit(events.carrier_granted(id_, carrier, list(operations)))
    details = {"change": "granted", **{name: value for name, value in _stored(terms).items() if name != "state"}}
    work.audit(Entry(Permission.GRANT_MANAGE, "Grant", id_, carrier_id=carrier, details=details))
    work.answer = ("Grant", id_)
    return id_


async def change(work: Work, id_: UUID, how: str, reason: str) -> None:
    """`how` is suspend, resume or revoke. The carrier's next act and next live message obey it."""
    tenant = work.enter(work.actor.organization_id)
    row = await queries.FIND.row(work.conn, of_tenant=tenant, id_=id_)
    if row is None or not work.actor.can(Permission.GRANT_READ) or work.actor.is_carrier:
        raise NotFound("There is no such grant.", path=("input", "grantId"))
    authorize(work.actor, Permission.GRANT_MANAGE)
    _check_reach(work.actor, queries.grant_of(row).terms)
    reason = text("reason", reason, most=500)
    before, after = MOVES[how]
    moved = await store.MOVE.row(work.conn, of_tenant=tenant, id_=id_, before=list(before), after=after.value)
    if moved is None:
        raise Rejected(Reason.WRONG_STATE, f"The grant is {row['state']}.", path=("input", "grantId"))
    if after is GrantState.REVOKED:
        await tell_changed(work.conn, moved["carrier_id"])
    work.emit(events.grant_changed(how, id_, moved["carrier_id"], moved["version"]))
    details = {"change": how, "version": moved["version"]}
    carrier = moved["carrier_id"]
    work.audit(Entry(Permission.GRANT_MANAGE, "Grant", id_, carrier_id=carrier, reason=reason, details=details))
    work.answer = ("Grant", id_)


def _check(terms: Terms) -> None:
    def needs(holds: object, message: str, field: str) -> None:
        if not holds:
            raise Invalid(message, path=("input", field))

    needs(terms.operations, "A grant names at least one operation.", "operations")
    for some, field in ((terms.sites, "siteIds"), (terms.banks, "bankIds"), (terms.sizes, "sizes")):
        needs(some is None or some, "An empty selector grants nothing: name some, or say all.", field)
    needs(
        terms.valid_to is None or terms.valid_to > terms.valid_from, "The grant would end before it begins.", "validTo"
    )
    for window in terms.windows:
        needs(window.days and window.days <= set(range(1, 8)), "Days are numbers from 1 (Monday) to 7.", "windows")
    needs(len(terms.windows) <= 50, "At most 50 windows.", "windows")
    limits = ((terms.max_open_stays, "maxOpenStays"), (terms.max_deposits_per_day, "maxDepositsPerDay"))
    for limit, field in (*limits, (terms.max_hold_hours, "maxHoldHours")):
        needs(limit is None or 1 <= limit <= 1_000_000, "A limit is at least 1.", field)


def _check_reach(actor: Actor, terms: Terms) -> None:
    """Whoever manages some sites decides about these alone."""
    if not actor.all_sites and (terms.sites is None or not terms.sites <= set(actor.site_ids)):
        rule = FailedRule("sites", "a grant within the sites of your membership", "a grant that reaches further")
        raise Denied("This grant reaches beyond your sites.", permission=Permission.GRANT_MANAGE, failed=(rule,))


async def _check_places(work: Work, terms: Terms) -> None:
    def same(found: Iterable[Any], asked: frozenset[UUID]) -> bool:
        return {row["id"] for row in found} == asked

    if terms.sites:
        rows = await queries.KNOWN_SITES.rows(work.conn, of_tenant=work.tenant, ids=list(terms.sites))
        if not same(rows, terms.sites):
            raise NotFound("There is no such site.", path=("input", "siteIds"))
    if terms.banks:
        rows = await queries.KNOWN_BANKS.rows(work.conn, of_tenant=work.tenant, ids=list(terms.banks))
        if not same(rows, terms.banks):
            raise NotFound("There is no such bank.", path=("input", "bankIds"))


def _stored(terms: Terms) -> dict[str, Any]:
    return {
        "operations": sorted(terms.operations),
        "all_sites": terms.sites is None,
        "site_ids": sorted(terms.sites or ()),
        "all_banks": terms.banks is None,
        "bank_ids": sorted(terms.banks or ()),
        "all_sizes": terms.sizes is None,
        "sizes": sorted(terms.sizes or ()),
        "valid_from": terms.valid_from,
        "valid_to": terms.valid_to,
        "windows": [_stored_window(window) for window in terms.windows],
        "max_open_stays": terms.max_open_stays,
        "max_deposits_per_day": terms.max_deposits_per_day,
        "max_hold_hours": terms.max_hold_hours,
        "state": GrantState.ACTIVE.value,
    }


def _stored_window(window: Window) -> dict[str, object]:
    return {"days": sorted(window.days), "from": f"{window.start:%H:%M}", "to": f"{window.to:%H:%M}"}
