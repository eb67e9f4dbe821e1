"""Guarded writes of parcels, as parts of the stay's own statement: a parcel moves with its stay or not at all."""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from app.kit.tables import Time, Uuid
from app.parcels.model import ParcelState
from app.parcels.tables import parcels

OPEN_TRACKING = "uq_parcel_open_tracking"


def allocate(stay: CTE) -> CTE:
    """The parcel a new stay is for."""
    given = select(
        stay.c.tenant_id, bindparam("parcel_id", type_=Uuid), stay.c.site_id, stay.c.id, stay.c.carrier_id,
        stay.c.recipient_id, bindparam("tracking", type_=Text), bindparam("secondary_tracking", type_=Text),
        literal(ParcelState.ALLOCATED.value), stay.c.created_at,
    )  # fmt: skip
    names = [
        "tenant_id", "id", "site_id", "stay_id", "carrier_id", "person_id", "tracking", "secondary_tracking", "state",
        "created_at",
    ]  # fmt: skip
    return insert(parcels).from_select(names, given).returning(parcels.c.id).cte("allocated")


def put_in(moved: CTE) -> tuple[CTE, CTE]:
    """Parcels of a deposited stay: those with one of `trackings` are in the locker; new numbers come with `parcel_ids`.

    Without `trackings` (NULL) all of the stay's are. The two lists have the same length.
    """
    trackings = bindparam("trackings", type_=ARRAY(Text))
    named = case((trackings.is_(None), True), else_=parcels.c.tracking == any_(trackings))
    known = (
        update(parcels)
        .where(parcels.c.tenant_id == moved.c.tenant_id, parcels.c.stay_id == moved.c.id, named)
        .where(parcels.c.state == ParcelState.ALLOCATED.value)
        .values(state=ParcelState.IN_LOCKER.value, deposited_at=bindparam("now", type_=Time))
        .returning(parcels.c.id)
        .cte("put_in")
    )
    given = func.unnest(bindparam("parcel_ids", type_=ARRAY(Uuid)), trackings).table_valued("id", "tracking")
    fresh = given.render_derived(name="fresh")
    here = (
        select(1)
        .where(parcels.c.tenant_id == moved.c.tenant_id, parcels.c.stay_id == moved.c.id)
        .where(parcels.c.tracking == fresh.c.tracking)
        .exists()
    )
    names = ["tenant_id", "id", "site_id", "stay_id", "carrier_id", "person_id", "tracking", "state", "deposited_at"]
    rows = select(
        moved.c.tenant_id, fresh.c.id, moved.c.site_id, moved.c.id, moved.c.carrier_id, moved.c.recipient_id,
        fresh.c.tracking, literal(ParcelState.IN_LOCKER.value), bindparam("now", type_=Time),
    ).where(fresh.c.tracking.is_not(None), ~here)  # fmt: skip
    added = insert(parcels).from_select(names, rows.select_from(moved, fresh)).returning(parcels.c.id).cte("added")
    return known, added


def announce(moved: CTE) -> CTE:
    """More parcels for a stay, not there yet: `parcel_ids`, `trackings` and `secondaries` have the same length."""
    lists = [bindparam("parcel_ids", type_=ARRAY(Uuid)), bindparam("trackings", type_=ARRAY(Text))]
    given = func.unnest(*lists, bindparam("secondaries", type_=ARRAY(Text)))
    fresh = given.table_valued("id", "tracking", "secondary").render_derived(name="fresh")
    names = [
        "tenant_id", "id", "site_id", "stay_id", "carrier_id", "person_id", "tracking", "secondary_tracking", "state",
    ]  # fmt: skip
    rows = select(
        moved.c.tenant_id, fresh.c.id, moved.c.site_id, moved.c.id, moved.c.carrier_id, moved.c.recipient_id,
        fresh.c.tracking, fresh.c.secondary, literal(ParcelState.ALLOCATED.value),
    )  # fmt: skip
    return insert(parcels).from_select(names, rows.select_from(moved, fresh)).returning(parcels.c.id).cte("announced")


def take(moved: CTE, inside: ParcelState) -> CTE:
    """Those of a stay's parcels that have one of `trackings` leave it; the others stay."""
    return _left(moved, inside, parcels.c.tracking == any_(bindparam("trackings", type_=ARRAY(Text))))


def end(moved: CTE, inside: ParcelState) -> CTE:
    """Parcels of a released stay: what was in the locker becomes `inside`; what never came was only announced here."""
    return _left(moved, inside)


def _left(moved: CTE, inside: ParcelState, *which: ColumnElement[bool]) -> CTE:
    is_inside = parcels.c.state == ParcelState.IN_LOCKER.value
    taken = inside in {ParcelState.COLLECTED, ParcelState.RETURNED}
    return (
        update(parcels)
        .where(parcels.c.tenant_id == moved.c.tenant_id, parcels.c.stay_id == moved.c.id)
        .where(_in((ParcelState.IN_LOCKER, ParcelState.ALLOCATED)), *which)
        .values(
            state=case((is_inside, inside.value), else_=ParcelState.REMOVED.value),
            collected_at=case(
                (and_(is_inside, literal(taken)), bindparam("now", type_=Time)), else_=parcels.c.collected_at
            ),
        )
        .returning(parcels.c.id)
        .cte("ended")
    )


def _in(states: Iterable[ParcelState]) -> ColumnElement[bool]:
    words = ", ".join(f"'{state.value}'" for state in states)
    return literal_column(f"parcel.state IN ({words})")
