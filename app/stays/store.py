"""Guarded writes of stays, one statement each: a stay, its compartment's use and its parcels move together or not."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    LargeBinary,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.devices.queries import none_opened, none_under_way
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.lockers.model import Compartment, Use
from app.lockers.queries import DOOR_COLUMNS, asked_bank, chooses, compartment_of, with_doors
from app.lockers.store import free_again, shade, take_free, take_named
from app.parcels.model import ParcelState
from app.parcels.store import allocate, announce, end, put_in, take
from app.people.queries import exists as person_exists
from app.stays.model import (
    CLAIMS,
    INSIDE,
    MOVES,
    OPEN_BEFORE_DEPOSIT,
    RELEASES,
    USE,
    WAIT_AFTER_DEPOSIT,
    State,
    Stay,
    StayOutcome,
)
from app.stays.queries import COLUMNS, stay_of
from app.stays.shape import visible
from app.stays.tables import stays
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

_TENANT = bindparam("tenant_id", type_=Uuid)
_NOW = bindparam("now", type_=Time)
_THIS = and_(stays.c.tenant_id == _TENANT, stays.c.id == bindparam("id_", type_=Uuid))
_HELD = ("carrier_id", "recipient_id", "depositor_id", "flow", "created_by", "expires_at", "note")


@cache
def _reserve(scope: Scope, *, wait: bool) -> Statement:
    """Take a free compartment, hold it, allocate the parcel: one statement. One row: the bank, `bank_` before its
    columns, the stay, all NULL where nothing was taken, and whether what is free is `contended`; no row where there is
    no such bank to see."""
    recipient, asked = bindparam("recipient_id", type_=Uuid), asked_bank(scope)
    known = or_(recipient.is_(None), person_exists(_of(asked, "tenant_id"), recipient))
    taken, contended = take_free(_of(asked, "tenant_id"), _of(asked, "site_id"), wait=wait, guards=[known])
    names = ["tenant_id", "id", "site_id", "bank_id", "compartment_id", "state", "evidence", "created_at", *_HELD]
    given: list[ColumnElement[Any]] = [bindparam(name, type_=stays.c[name].type) for name in _HELD]
    row = select(
        asked.c.tenant_id, bindparam("stay_id", type_=Uuid), asked.c.site_id, asked.c.id, taken.c.id,
        literal(State.HELD.value), literal("E0"), _NOW, *given, ~chooses(asked),
    )  # fmt: skip
    held = insert(stays).from_select([*names, "placed"], row).returning(*COLUMNS).cte("held")
    of_bank = [column.label(f"bank_{column.name}") for column in asked.c]
    return Statement(
        select(*of_bank, *held.c, taken.c.label, taken.c.size, contended.label("contended"))
        .select_from(asked.outerjoin(held, true()).outerjoin(taken, true()))
        .add_cte(allocate(held))
    )


def _of(asked: CTE, name: str) -> ColumnElement[Any]:
    """As a value: then it is a condition of an index, not of a join."""
    return select(asked.c[name]).scalar_subquery()


def _moved(before: Iterable[State], after: State, **changes: object) -> CTE:
    for state in before:
        assert after in MOVES[state], f"{state} -> {after} is no legal move"
    return (
        update(stays)
        .where(_THIS, _among(before))
        .values(state=after.value, version=stays.c.version + 1, **changes)
        .returning(*COLUMNS)
        .cte("moved")
    )


def _among(states: Iterable[State]) -> ColumnElement[bool]:
    return or_(*(stays.c.state == state.value for state in sorted(states)))


def _all(moved: CTE, *more: CTE) -> Statement:
    return Statement(select(*moved.c).add_cte(*more))


_EVIDENCE = bindparam("evidence", type_=Text)


def _deposit(before: Iterable[State]) -> Statement:
    moved = _moved(
        before, State.DEPOSITED, deposited_at=_NOW, deposit_expires_at=bindparam("deposit_expires_at", type_=Time),
        pickup_hash=bindparam("pickup_hash", type_=LargeBinary),
    pickup_sealed=bindparam("pickup_sealed", type_=LargeBinary),
        evidence=func.greatest(stays.c.evidence, _EVIDENCE), outcome=null(),
    )  # fmt: skip
    return _all(moved, shade(moved, USE[State.DEPOSITED]), *put_in(moved))


ACCESS_ISSUED = _all(_moved({State.HELD}, State.ACCESS_ISSUED))
DEPOSITING = _all(_moved(OPEN_BEFORE_DEPOSIT, State.DEPOSITING, evidence=func.greatest(stays.c.evidence, _EVIDENCE)))
DEPOSIT = _deposit({State.HELD, State.DEPOSITING})
# A way in that was thought closed was used after all: something may lie inside.
LATE_DEPOSIT = _deposit({State.REVOKING})
COLLECTING = _all(_moved({State.DEPOSITED}, State.COLLECTING))
LEFT_INSIDE = _all(_moved({State.COLLECTING}, State.DEPOSITED))
REVOKING = _all(_moved(OPEN_BEFORE_DEPOSIT, State.REVOKING, outcome=bindparam("outcome", type_=Text)))


@cache
def release(inside: ParcelState, *, quiet: bool, scope: Scope | None = None) -> Statement:
    """Any open state -> RELEASED. `before` narrows it; the code dies with the stay. Gives the stay with its door, and
    `was`, the state it was in. With `scope`, only what that may see.

    `quiet`: only where nothing of `kinds` is under way for it, and its door has not opened without its knowing. The
    stay must be locked by an earlier statement: then none can be added, and this one sees all that were.
    """
    nothing = [visible(scope)] if scope else []
    if quiet:
        nothing.append(none_under_way(_TENANT, stays.c.id, bindparam("kinds", type_=ARRAY(Text))))
        nothing.append(or_(~_among(OPEN_BEFORE_DEPOSIT), none_opened(_TENANT, stays.c.id)))
    moved = (
        update(stays)
        .where(_THIS, stays.c.state == any_(bindparam("before", type_=ARRAY(Text))), *nothing)
        .where(stays.c.state != State.RELEASED.value)
        .values(
            state=State.RELEASED.value, version=stays.c.version + 1, outcome=bindparam("outcome", type_=Text),
            released_at=_NOW, evidence=_EVIDENCE, note=func.coalesce(bindparam("note", type_=Text), stays.c.note),
            pickup_hash=null(), pickup_sealed=null(),
        )
        .returning(*COLUMNS)
        .cte("moved")
    )  # fmt: skip
    # As the statement found it.
    old = stays.alias("old")
    was = select(old.c.state).where(old.c.tenant_id == moved.c.tenant_id, old.c.id == moved.c.id).scalar_subquery()
    columns = [column.label(f"stay_{column.name}") for column in moved.c]
    ended = select(*columns, *DOOR_COLUMNS, was.label("was"))
    return Statement(ended.select_from(with_doors(moved)).add_cte(shade(moved, Use.FREE), end(moved, inside)))


def _change(*guards: ColumnElement[bool], **changes: object) -> Statement:
    """No move: the state stays, the version counts."""
    return Statement(
        update(stays).where(_THIS, *guards).values(version=stays.c.version + 1, **changes).returning(*COLUMNS)
    )


def _kept(states: Iterable[State]) -> CTE:
    """The stay as it is, its version counted: something of it changes that is no move."""
    kept = update(stays).where(_THIS, _among(states)).values(version=stays.c.version + 1)
    return kept.returning(*COLUMNS).cte("moved")


_MORE = _kept(OPEN_BEFORE_DEPOSIT | {State.DEPOSITED})
ADD_PARCELS = _all(_MORE, announce(_MORE))
_INSIDE = _kept({State.DEPOSITED})
# Parcels put in beside what lies there; the pickup code stays.
PUT_MORE = _all(_INSIDE, *put_in(_INSIDE))


@cache
def take_parcels(inside: ParcelState) -> Statement:
    """Some of a stay's parcels leave it."""
    kept = _kept(OPEN_BEFORE_DEPOSIT | {State.DEPOSITED, State.COLLECTING})
    return _all(kept, take(kept, inside))


# --- where the vendor chooses the compartment: a claim becomes a place -----------------------------------------------

_UNPLACED = (stays.c.placed.is_(False), _among(CLAIMS))
PLACE_HERE = _change(*_UNPLACED, placed=true())


def _place_in_free() -> Statement:
    """Into a free compartment (`named`), and the claim (`claimed`) is free again; no row when it is not free."""
    taken = take_named()
    moved = (
        update(stays)
        .where(_THIS, *_UNPLACED, stays.c.compartment_id == bindparam("claimed", type_=Uuid), taken.c.id.is_not(None))
        .values(compartment_id=taken.c.id, placed=true(), version=stays.c.version + 1)
        .returning(*COLUMNS)
        .cte("moved")
    )
    return _all(moved, free_again(moved))


PLACE_IN_FREE = _place_in_free()
# A swap of claims, in one transaction: one steps aside, for the index would never let two be in one compartment, even
# within a statement; nobody else sees it.
STEP_ASIDE = Statement(update(stays).where(_THIS, *_UNPLACED).values(state=State.RELEASED.value).returning(*COLUMNS))
PLACE_IN_CLAIMED = _change(*_UNPLACED, compartment_id=bindparam("named", type_=Uuid), placed=true())
STEP_BACK = Statement(
    update(stays)
    .where(_THIS, stays.c.placed.is_(False), stays.c.state == State.RELEASED.value)
    .values(state=bindparam("state_", type_=Text), compartment_id=bindparam("claimed", type_=Uuid))
    .returning(*COLUMNS)
)

_UNTIL = bindparam("until", type_=Time)
_OUR_WAIT: ColumnElement[Any] = literal_column(f"interval '{WAIT_AFTER_DEPOSIT.total_seconds():.0f} seconds'")
EXTEND_HOLD = _change(_among(OPEN_BEFORE_DEPOSIT), expires_at=_UNTIL)
EXTEND_DEPOSIT = _change(stays.c.state == State.DEPOSITED.value, deposit_expires_at=_UNTIL, overdue_at=null())
# The vendor's word replaces our own count of days; of what a person or the vendor gave before, only more time counts.
VENDOR_EXPIRY = _change(
    _among({State.DEPOSITED, State.COLLECTING}),
    stays.c.deposited_at < _UNTIL,
    or_(
        stays.c.deposit_expires_at < _UNTIL,
        and_(stays.c.deposit_expires_at > _UNTIL, stays.c.deposit_expires_at == stays.c.deposited_at + _OUR_WAIT),
    ),
    deposit_expires_at=_UNTIL,
    overdue_at=case((_UNTIL > _NOW, null()), else_=stays.c.overdue_at),
)
OVERDUE = _change(
    stays.c.state == State.DEPOSITED.value,
    stays.c.overdue_at.is_(None),
    stays.c.deposit_expires_at <= _NOW,
    overdue_at=_NOW,
)
# A grade never falls, and rises only by whoever brings the proof.
GRADE = _change(stays.c.state == bindparam("state_", type_=Text), stays.c.evidence < _EVIDENCE, evidence=_EVIDENCE)
WRONG_CODE = _change(pickup_failures=stays.c.pickup_failures + bindparam("one", type_=Integer))
VENDOR_CODE = _change(
    stays.c.state == State.DEPOSITED.value,
    pickup_hash=bindparam("pickup_hash", type_=LargeBinary),
    pickup_sealed=bindparam("pickup_sealed", type_=LargeBinary),
)  # fmt: skip


async def reserve(conn: Conn, actor: Actor, given: Mapping[str, Any], *, wait: bool = False) -> Row | None:
    """The bank as `bank_…`, and the held stay with its compartment's label and size, NULL when none of that size was
    taken; then whether what is free is `contended`, held by others at this moment: passed over, or with `wait` waited
    for, one of them, and kept locked where it was lost. None: no such bank for this actor.

    Raises asyncpg.UniqueViolationError on parcels' OPEN_TRACKING.
    """
    return await _reserve(Scope.of(actor), wait=wait).row(conn, **given, **context_parameters(actor))


async def run(statement: Statement, conn: Conn, stay: Stay, **given: Any) -> Stay | None:
    """The stay as it is after the change; None when it was not in a state that allows it."""
    row = await statement.row(conn, tenant_id=stay.tenant_id, id_=stay.id, **given)
    return stay_of(row) if row else None


async def let_go(
    conn: Conn, stay: Stay, outcome: StayOutcome, *, kinds: Sequence[str] | None = None, **given: Any
) -> tuple[Stay, Compartment] | None:
    """To RELEASED from the state the stay was read in; with `kinds`, only while none of these commands is under way.

    `given`: now, evidence, note. The stay as it is then, and its door as it was.
    """
    more = {} if kinds is None else {"kinds": list(kinds)}
    row = await release(INSIDE[outcome], quiet=kinds is not None).row(
        conn, tenant_id=stay.tenant_id, id_=stay.id, outcome=outcome.value, before=[stay.state.value],
        **{"note": None, **given, **more},
    )  # fmt: skip
    return None if row is None else _ended(row)


async def let_go_at_once(
    conn: Conn, actor: Actor, id: UUID, outcome: StayOutcome, *, kinds: Sequence[str], **given: Any
) -> tuple[State, Stay, Compartment] | None:
    """As `let_go`, of a stay nobody has read yet and that is locked, in its actor's own organization: the state it was
    in as well. None where it cannot be seen or is in no state that ends so, or one of `kinds` is under way."""
    scope = Scope.of(actor)
    row = await release(INSIDE[outcome], quiet=True, scope=scope).row(
        conn, tenant_id=actor.organization_id, id_=id, outcome=outcome.value, kinds=list(kinds),
        before=sorted(RELEASES[outcome]), **given, **context_parameters(actor),
    )  # fmt: skip
    return None if row is None else (State(row["was"]), *_ended(row))


def _ended(row: Row) -> tuple[Stay, Compartment]:
    return stay_of({name: row[f"stay_{name}"] for name in Stay.__slots__}), compartment_of(row)
