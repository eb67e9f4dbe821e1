"""What can be read of stays, and by whom; and what recipients and carriers see of other things because of them."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, and_, any_, cast, false, func, or_, select

from app.devices.tables import commands
from app.kit.reading.fields import by_id, flag, id_of, late, number, one_of, text, time, when, word
from app.kit.reading.shape import Condition, Extension, Many, One, Shape, Sight, Sort, Value
from app.lockers.tables import banks, compartments
from app.parcels.tables import parcels
from app.people.tables import people
from app.sites.tables import sites
from app.stays.model import State
from app.stays.tables import stays
from tenants.carriers.shape import of_carrier
from tenants.carriers.tables import carriers
from tenants.policy import Permission
from tenants.scope import ACCOUNT, ORGANIZATION, TENANTS

RELEASED = State.RELEASED.value


def visible(scope: Any) -> Condition:
    """Members by role and site, carriers their own, recipients those meant for them."""
    if scope.is_recipient:
        return and_(scope.own_tenant(stays.c.tenant_id), _mine(scope, stays.c.tenant_id, stays.c.recipient_id))
    covered: Condition = scope.covers(Permission.STAY_READ, stays.c.tenant_id, stays.c.site_id)
    return and_(covered, stays.c.carrier_id == ORGANIZATION) if scope.is_carrier else covered


def _mine(scope: Any, tenant: ColumnElement[Any], person: ColumnElement[Any]) -> Condition:
    """The person signs in with the actor's account."""
    if Permission.STAY_READ not in scope.permissions:
        return false()
    p = people.alias()
    return select(1).where(p.c.tenant_id == tenant, p.c.id == person, p.c.account_id == ACCOUNT).exists()


def _received(column: str, tenant: ColumnElement[Any], value: ColumnElement[Any]) -> Any:
    """For recipients: a stay of their own stands there."""

    def condition(scope: Any) -> Condition:
        if not scope.is_recipient or Permission.STAY_READ not in scope.permissions:
            return false()
        s, p = stays.alias(), people.alias()
        mine = and_(p.c.tenant_id == s.c.tenant_id, p.c.id == s.c.recipient_id, p.c.account_id == ACCOUNT)
        here = and_(s.c.tenant_id == ORGANIZATION, s.c.tenant_id == tenant, s.c[column] == value)
        return select(1).select_from(s.join(p, mine)).where(here).exists()

    return condition


def _parcel_of_mine(scope: Any) -> Condition:
    if not scope.is_recipient:
        return false()
    direct = _mine(scope, parcels.c.tenant_id, parcels.c.person_id)
    by_stay = _received("id", parcels.c.tenant_id, parcels.c.stay_id)(scope)
    return and_(scope.own_tenant(parcels.c.tenant_id), or_(direct, by_stay))


def _person_served(scope: Any) -> Condition:
    """For carriers: the recipient of a stay of theirs."""
    if not scope.is_carrier or Permission.STAY_READ not in scope.permissions:
        return false()
    s = stays.alias()
    served = and_(
        s.c.tenant_id == people.c.tenant_id,
        s.c.recipient_id == people.c.id,
        s.c.carrier_id == ORGANIZATION,
        s.c.tenant_id == any_(TENANTS),
    )
    return and_(people.c.deleted_at.is_(None), select(1).where(served).exists())


def _carrier_of_mine(scope: Any) -> Condition:
    """For recipients: who brought a stay of theirs."""
    if not scope.is_recipient or Permission.STAY_READ not in scope.permissions:
        return false()
    s, p = stays.alias(), people.alias()
    mine = and_(p.c.tenant_id == s.c.tenant_id, p.c.id == s.c.recipient_id, p.c.account_id == ACCOUNT)
    brought = and_(s.c.tenant_id == carriers.c.tenant_id, s.c.carrier_id == carriers.c.carrier_id)
    return select(1).select_from(s.join(p, mine)).where(s.c.tenant_id == ORGANIZATION, brought).exists()


def _open_count(link: Any) -> Any:
    def counted(row: FromClause, sight: Sight) -> Value:
        s = stays.alias()
        found = select(func.count()).select_from(s)
        found = found.where(link(row, s), s.c.state != RELEASED, sight.visible("Stay", s))
        return found.correlate_except(s).scalar_subquery()

    return number(counted)


def _under_grant(grant: FromClause, stay: FromClause) -> Condition:
    return and_(
        stay.c.tenant_id == grant.c.tenant_id,
        stay.c.carrier_id == grant.c.carrier_id,
        or_(grant.c.all_sites, stay.c.site_id == any_(grant.c.site_ids)),
        or_(grant.c.all_banks, stay.c.bank_id == any_(grant.c.bank_ids)),
    )


def _brought_by(carrier: FromClause, stay: FromClause) -> Condition:
    return and_(stay.c.tenant_id == carrier.c.tenant_id, stay.c.carrier_id == carrier.c.carrier_id)


def _sealed_code(row: FromClause, _: Sight) -> Value:
    # The stay's id beside it: what is sealed for one stay cannot be opened for another.
    return cast(row.c.id, Text) + ":" + func.encode(row.c.pickup_sealed, "hex")


def _placed_in(stay: FromClause, compartment: FromClause) -> Condition:
    """A claim is no place: nobody is sent to a door that the vendor may give to another."""
    its = and_(compartment.c.tenant_id == stay.c.tenant_id, compartment.c.id == stay.c.compartment_id)
    return and_(its, stay.c.placed)


STAY = Shape(
    name="Stay",
    table=stays,
    fields={
        "id": id_of("Stay", stays.c.id),
        "state": word(stays.c.state),
        "flow": word(stays.c.flow),
        "outcome": word(stays.c.outcome),
        "evidence": word(stays.c.evidence),
        "createdAt": time(stays.c.created_at),
        "expiresAt": time(stays.c.expires_at),
        "depositedAt": time(stays.c.deposited_at),
        "depositExpiresAt": time(stays.c.deposit_expires_at),
        "releasedAt": time(stays.c.released_at),
        "placed": flag(stays.c.placed),
        "isOverdue": flag(lambda row, _: _overdue(row)),
        "note": text(stays.c.note),
        # The code opens the door: nobody but the recipient reads it here.
        "pickupCode": late("pickupCode", _sealed_code, shown=lambda scope: scope.is_recipient),
    },
    relations={
        "site": One("Site", "site_id"),
        "bank": One("Bank", "bank_id"),
        "compartment": One("Compartment", on=_placed_in, nullable=True, shared=True),
        "carrier": One("Carrier", "carrier_id", "carrier_id", nullable=True),
        "recipient": One("Person", "recipient_id", nullable=True),
        "parcels": Many("Parcel", "stay_id"),
        "commands": Many("Command", "stay_id"),
    },
    filters={
        "siteId": by_id("site_id", "Site"),
        "bankId": by_id("bank_id", "Bank"),
        "compartmentId": by_id("compartment_id", "Compartment"),
        "state": one_of("state"),
        "open": when(lambda row, _: row.c.state != RELEASED),
        "overdue": when(lambda row, _: _overdue(row)),
        "carrierId": of_carrier("carrier_id"),
        "recipientId": by_id("recipient_id", "Person"),
    },
    sorts={"CREATED_AT": Sort(("created_at",)), "EXPIRES_AT": Sort(("expires_at",))},
    order=Sort(("created_at",), descending=True),
    visible=visible,
)


def _overdue(row: FromClause) -> Condition:
    return and_(row.c.overdue_at.is_not(None), row.c.state != RELEASED)


def _current(compartment: FromClause, stay: FromClause) -> Condition:
    return and_(
        stay.c.tenant_id == compartment.c.tenant_id,
        stay.c.compartment_id == compartment.c.id,
        stay.c.state != RELEASED,
        stay.c.placed,
    )


EXTENSIONS = [
    Extension(
        "Compartment",
        relations={"currentStay": One("Stay", on=_current, nullable=True), "stays": Many("Stay", "compartment_id")},
        visible=_received("compartment_id", compartments.c.tenant_id, compartments.c.id),
    ),
    Extension("Bank", visible=_received("bank_id", banks.c.tenant_id, banks.c.id)),
    Extension("Site", visible=_received("site_id", sites.c.tenant_id, sites.c.id)),
    Extension(
        "Command",
        relations={"stay": One("Stay", "stay_id", nullable=True)},
        visible=_received("id", commands.c.tenant_id, commands.c.stay_id),
    ),
    Extension("Parcel", relations={"stay": One("Stay", "stay_id", nullable=True)}, visible=_parcel_of_mine),
    Extension("Person", visible=_person_served),
    Extension("Carrier", fields={"openStayCount": _open_count(_brought_by)}, visible=_carrier_of_mine),
    Extension("Grant", fields={"openStayCount": _open_count(_under_grant)}),
]
