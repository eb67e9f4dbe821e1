"""Guarded writes of banks and compartments: one statement each. Two are parts that a stay's own statement builds on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BindParameter,
    Boolean,
    ColumnElement,
    Integer,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    literal_column,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.lockers.model import Bank, DoorState, Service, Use, Withheld
from app.lockers.tables import banks, compartments

_TENANT = bindparam("tenant_id", type_=Uuid)
_AND_TENANT = compartments.c.tenant_id == _TENANT

# The bank answers and tells of it, or its operator lets it be filled without; and it is the one that was taken over.
_OF_BANK = and_(banks.c.tenant_id == compartments.c.tenant_id, banks.c.id == compartments.c.bank_id)
_HEARD_OF = and_(banks.c.unreachable_since.is_(None), compartments.c.withheld.is_(None))
_REACHED = select(1).where(_OF_BANK, banks.c.differs_since.is_(None), or_(_HEARD_OF, banks.c.blind_allocation)).exists()
# By its own sensor, from the moment it says so. What books say of others is followed by whoever keeps the bank.
_SENSES = func.coalesce(banks.c.capabilities["ITEM_SENSOR"].astext, "ABSENT") != "ABSENT"
_EMPTY = or_(compartments.c.item_present.is_not(True), ~select(1).where(_OF_BANK, _SENSES).exists())
_NOT_TAKEN = or_(compartments.c.withheld.is_(None), compartments.c.withheld != Withheld.TAKEN.value)


def take_free(
    tenant: ColumnElement[Any], site: ColumnElement[Any], *, wait: bool, guards: Sequence[ColumnElement[bool]] = ()
) -> tuple[CTE, ColumnElement[bool]]:
    """A free compartment of a size in the bank `bank_id` becomes RESERVED. Row `taken`: id, label, size; or none. And
    whether there was one that is free, but in others' hands at this moment: true only where none was taken.

    Without `wait` rows that others hold are skipped, so a crowd spreads over what is free. With it one of them is
    waited for, the way to be sure that none is free when some of the others may yet roll back. One only: PostgreSQL
    keeps a row that was waited for in vain locked, and two who went from row to row could wait for each other.
    """
    c = compartments.c
    free = (
        c.tenant_id == tenant,
        c.site_id == site,
        c.bank_id == bindparam("bank_id", type_=Uuid),
        c.size == bindparam("size", type_=Text),
        c.use == Use.FREE.value,
        c.service == Service.IN_SERVICE.value,
        c.door != DoorState.OPEN.value,
        or_(not_(bindparam("accessible", type_=Boolean)), c.accessible),
        _NOT_TAKEN,
        _EMPTY,
        _REACHED,
        *guards,
    )
    # In no order: sorting by label would look at every free one, and wear out the first doors of each bank.
    one = select(c.id).where(*free).limit(1)
    if wait:
        one = select(c.id).where(c.tenant_id == tenant, c.id == one.scalar_subquery(), *free)
    # NO KEY: what merely refers to the compartment does not stand in the way.
    one = one.with_for_update(skip_locked=not wait, key_share=True)
    taken = _used("taken", Use.RESERVED, tenant, one.scalar_subquery(), c.use == Use.FREE.value)
    return taken, and_(~select(taken.c.id).exists(), select(c.id).where(*free).exists())


def _used(name: str, use: Use, tenant: Any, id_: Any, *guards: ColumnElement[bool]) -> CTE:
    this = update(compartments).where(compartments.c.tenant_id == tenant, compartments.c.id == id_, *guards)
    row = (compartments.c.id, compartments.c.label, compartments.c.size)
    return this.values(use=use.value).returning(*row).cte(name)


def take_named() -> CTE:
    """The compartment `named` becomes RESERVED, if it is free. Row `taken`: id; or none."""
    free = compartments.c.use == Use.FREE.value
    return _used("taken", Use.RESERVED, _TENANT, bindparam("named", type_=Uuid), free)


def free_again(moved: CTE) -> CTE:
    """The compartment `claimed` is free, now that a stay has `moved` out of it."""
    return _used("freed", Use.FREE, moved.c.tenant_id, bindparam("claimed", type_=Uuid))


def shade(moved: CTE, use: Use) -> CTE:
    """The compartments of the stays in `moved` get this use."""
    return _used("shaded", use, moved.c.tenant_id, moved.c.compartment_id)


def _bound(prefix: str, table: Table, *names: str) -> dict[str, BindParameter[Any]]:
    """Column -> the parameter `prefix_column` of its type."""
    return {name: bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names}


_THIS_DOOR = and_(_AND_TENANT, compartments.c.id == bindparam("id_", type_=Uuid))


def _this_door(*guards: ColumnElement[bool], **changes: object) -> Statement:
    return Statement(update(compartments).where(_THIS_DOOR, *guards).values(**changes).returning(compartments.c.id))


_BECAUSE, _REASON = bindparam("because", type_=Text), compartments.c.service_reason
_WAS_SO = compartments.c.service == bindparam("before", type_=Text)
SET_SERVICE = _this_door(
    _WAS_SO, or_(_BECAUSE.is_(None), _BECAUSE == _REASON),
    **_bound("new", compartments, "service", "service_reason", "service_until"),
)  # fmt: skip
_DUE: ColumnElement[bool] = compartments.c.service_until <= bindparam("now", type_=Time)
_OUT: ColumnElement[bool] = literal_column("compartment.service = 'OUT_OF_SERVICE'")
DUE_BACK = Statement(select(compartments.c.tenant_id, compartments.c.id).where(_OUT, _DUE))
# Guarded by the moment too: somebody may have given it more time meanwhile.
BRING_BACK = _this_door(
    _OUT, _DUE, service=Service.IN_SERVICE.value, service_reason=null(), service_until=null()
)  # fmt: skip
_LONGER = bindparam("until", type_=Time)
STAY_OUT = _this_door(
    _OUT, compartments.c.service_until < func.coalesce(_LONGER, literal_column("'infinity'")),
    service_reason=case((_LONGER.is_(None), bindparam("reason", type_=Text)), else_=_REASON), service_until=_LONGER,
)  # fmt: skip

_SEEN = (
    func.jsonb_to_recordset(bindparam("seen", type_=JSONB))
    .table_valued(
        column("id", Uuid), column("door", Text), column("openings", Integer), column("item", Boolean),
        column("at", Time), column("source", Text),
    )
    .render_derived(name="seen", with_types=True)
)  # fmt: skip
# What the poller saw change. An item sensor that says nothing must not wipe what one said before.
OBSERVE = Statement(
    update(compartments)
    .where(_AND_TENANT, compartments.c.id == _SEEN.c.id)
    .values(
        door=_SEEN.c.door, door_observed_at=_SEEN.c.at, door_source=_SEEN.c.source, openings=_SEEN.c.openings,
        item_present=func.coalesce(_SEEN.c.item, compartments.c.item_present),
        door_open_since=case(
            (_SEEN.c.door != DoorState.OPEN.value, None),
            (compartments.c.door == DoorState.OPEN.value, compartments.c.door_open_since), else_=_SEEN.c.at,
        ),
    )
)  # fmt: skip

_OF_THIS_BANK = and_(_AND_TENANT, compartments.c.bank_id == bindparam("bank_id", type_=Uuid))
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_WITHHELD = update(compartments).where(_OF_THIS_BANK, compartments.c.withheld == bindparam("before", type_=Text))
_BACK = _WITHHELD.where(compartments.c.id == any_(_IDS)).values(withheld=null(), withheld_since=null())
GIVE_BACK = Statement(_BACK.returning(compartments.c.id))


def withhold(why: Withheld, unexplained: Callable[..., ColumnElement[bool]] | None = None) -> Statement:
    """`ids` are given to nobody, `since` then each. A row for each that was not withheld so before. With `unexplained`,
    a condition on tenant, bank and compartment, only what is free and for which that holds."""
    c, told = compartments.c, func.unnest(_IDS, bindparam("since", type_=ARRAY(Time))).table_valued("id", "since")
    told = told.render_derived(name="told")
    guards = [c.use == Use.FREE.value, unexplained(c.tenant_id, c.bank_id, c.id)] if unexplained else []
    this = update(compartments).where(_OF_THIS_BANK, c.id == told.c.id, c.withheld.is_distinct_from(why.value), *guards)
    return Statement(this.values(withheld=why.value, withheld_since=told.c.since).returning(c.id))


_THIS_BANK = and_(banks.c.tenant_id == _TENANT, banks.c.id == bindparam("bank_id", type_=Uuid))
_TOLD: dict[str, Any] = {"tenant_id": Uuid, "id": Uuid, "revision": Integer, "at": Time, "capabilities": JSONB}
_HEARD = (
    func.jsonb_to_recordset(bindparam("heard", type_=JSONB))
    .table_valued(*[column(name, kind) for name, kind in _TOLD.items()])
    .render_derived(name="heard", with_types=True)
)
# All banks that answered lately, in one statement: their tenants must all be behind the wall's door. What a line told
# says nothing of one that took its place.
CONTACTS = Statement(
    update(banks)
    .where(banks.c.tenant_id == _HEARD.c.tenant_id, banks.c.id == _HEARD.c.id, banks.c.revision == _HEARD.c.revision)
    .values(last_contact_at=_HEARD.c.at, capabilities=_HEARD.c.capabilities)
)


def _this_bank(*guards: ColumnElement[bool], **changes: object) -> Statement:
    return Statement(update(banks).where(_THIS_BANK, *guards).values(**changes).returning(banks.c.id))


# Each returns a row only when it changed something: the fact is written by whoever got the row.
UNREACHABLE = _this_bank(banks.c.unreachable_since.is_(None), unreachable_since=bindparam("since", type_=Time))
REACHABLE = _this_bank(banks.c.unreachable_since.is_not(None), unreachable_since=null())

_BANK = ("id", "site_id", "connection_id", "vendor", "external_id", "label", "poll_seconds", "capabilities")
ADD_BANK = Statement(
    insert(banks).values(tenant_id=_TENANT, **{name: bindparam(name, type_=banks.c[name].type) for name in _BANK})
)
_PLACED = (
    "id", "external_id", "label", "size", "accessible", "row_no", "column_no", "row_span", "withheld", "withheld_since",
)  # fmt: skip
_ARRAYS = [bindparam(name, type_=ARRAY(compartments.c[name].type)) for name in _PLACED]
_GIVEN = func.unnest(*_ARRAYS).table_valued(*_PLACED).render_derived(name="given")
ADD_COMPARTMENTS = Statement(
    insert(compartments).from_select(
        ["tenant_id", "site_id", "bank_id", *_PLACED],
        select(_TENANT, *[bindparam(n, type_=Uuid) for n in ("site_id", "bank_id")], *[_GIVEN.c[n] for n in _PLACED]),
    )
)
# Its keeper compares revisions: after one of these it begins anew with what is written down then.
_REVISED = or_(_THIS_BANK, banks.c.connection_id == bindparam("through", type_=Uuid))
_REVISION = update(banks).where(banks.c.tenant_id == _TENANT, _REVISED).values(revision=banks.c.revision + 1)
REVISE = Statement(_REVISION.returning(banks.c.id))
SET_WORDS = _this_bank(size_words=bindparam("words", type_=JSONB))
# By what it looked at: whoever changed the bank meanwhile knows better.
_AS_LOOKED_AT = banks.c.revision == bindparam("was_revision", type_=Integer)
_LIKENESS = bindparam("new_likeness", type_=JSONB)
LEARN = _this_bank(_AS_LOOKED_AT, banks.c.likeness.is_(None), likeness=_LIKENESS)
DIFFERS = _this_bank(_AS_LOOKED_AT, banks.c.differs_since.is_(None), differs_since=bindparam("since", type_=Time))
KNOWN_BY = _this_bank(_AS_LOOKED_AT, likeness=_LIKENESS)
RECOGNISE = _this_bank(_AS_LOOKED_AT, likeness=_LIKENESS, differs_since=null())
# Another controller counts openings anew and has not been looked at yet.
REWIRE = _this_bank(
    **_bound("new", banks, "connection_id", "vendor", "external_id", "capabilities", "blind_allocation"),
    last_contact_at=null(), revision=banks.c.revision + 1, likeness=_LIKENESS, differs_since=null(),
)  # fmt: skip
_RENAMED = (
    func.unnest(bindparam("befores", type_=ARRAY(Text)), bindparam("afters", type_=ARRAY(Text)))
    .table_valued("before", "after")
    .render_derived(name="renamed")
)
# Two steps, because two units may swap: a name nobody can have stands in between.
MOVE_ASIDE = Statement(
    update(compartments)
    .where(_OF_THIS_BANK, compartments.c.external_id == _RENAMED.c.before)
    .values(external_id=literal_column("chr(1) || compartment.external_id"))
)
RENAME = Statement(
    update(compartments)
    .where(_OF_THIS_BANK, compartments.c.external_id == func.chr(1).op("||")(_RENAMED.c.before))
    .values(external_id=_RENAMED.c.after)
    .returning(compartments.c.id)
)
_SEEN_LATER = ("door_observed_at", "door_open_since", "item_present", "withheld", "withheld_since")
_UNSEEN: dict[str, Any] = {"door": DoorState.UNKNOWN.value, **{name: null() for name in _SEEN_LATER}}
FORGET_DOORS = Statement(update(compartments).where(_OF_THIS_BANK).values(_UNSEEN).returning(compartments.c.id))
# Guarded by what it was when somebody looked; a size is not changed under a parcel.
_CORRECTED = ("label", "size", "accessible")
CORRECT = Statement(
    update(compartments)
    .where(
        _OF_THIS_BANK,
        compartments.c.external_id == bindparam("external_id_", type_=Text),
        *(compartments.c[name] == was for name, was in _bound("was", compartments, *_CORRECTED).items()),
        or_(compartments.c.size == bindparam("new_size", type_=Text), compartments.c.use == Use.FREE.value),
    )
    .values(**_bound("new", compartments, *_CORRECTED))
    .returning(compartments.c.id)
)
_CHANGEABLE = ("label", "poll_seconds", "blind_allocation")
CHANGE_BANK = _this_bank(
    **{name: func.coalesce(bindparam(name, type_=banks.c[name].type), banks.c[name]) for name in _CHANGEABLE}
)
REMOVE_COMPARTMENTS = Statement(delete(compartments).where(_OF_THIS_BANK))
REMOVE_BANK = Statement(delete(banks).where(_THIS_BANK).returning(banks.c.connection_id))


async def add_bank(conn: Conn, bank: Bank) -> None:
    values = {name: getattr(bank, name) for name in _BANK}
    await ADD_BANK.run(conn, tenant_id=bank.tenant_id, **values | {"capabilities": dict(bank.capabilities)})


async def add_compartments(conn: Conn, bank: Bank, rows: Sequence[Mapping[str, Any]]) -> None:
    """`rows`: what stands in _PLACED, by name."""
    lists = {name: [row[name] for row in rows] for name in _PLACED}
    await ADD_COMPARTMENTS.run(conn, tenant_id=bank.tenant_id, site_id=bank.site_id, bank_id=bank.id, **lists)


async def set_service(
    conn: Conn, tenant_id: UUID, id: UUID, before: Service, after: Service, reason: str | None, until: datetime | None,
    *, because: str | None = None,
) -> Row | None:  # fmt: skip
    """`because`: only where that is the reason it is in service, or out of it, now."""
    return await SET_SERVICE.row(
        conn, tenant_id=tenant_id, id_=id, before=before.value, because=because,
        new_service=after.value, new_service_reason=reason, new_service_until=until,
    )  # fmt: skip


async def stay_out(conn: Conn, tenant_id: UUID, id: UUID, reason: str, until: datetime | None) -> bool:
    """Whether it was out of service until an earlier moment: now it is for longer, or for good and for this reason."""
    return await STAY_OUT.row(conn, tenant_id=tenant_id, id_=id, reason=reason, until=until) is not None
