"""What can be read of passes, and by whom. What opens the door: by its holder alone, and only while it is good."""

from typing import Any

from sqlalchemy import FromClause, Text, and_, case, cast, false, func, null, or_, select

from app.devices.port import AccessKind
from app.kit.reading.fields import id_of, late, time, word
from app.kit.reading.shape import Condition, Extension, Many, One, Shape, Sight, Sort, Value
from app.passes.model import GRACE, LIVE, PARTS, PassState
from app.passes.tables import passes
from app.people.tables import people
from tenants.carriers.model import Operation
from tenants.policy import Permission
from tenants.scope import ACCOUNT, ORGANIZATION


def visible(scope: Any) -> Condition:
    """Members by role and site, carriers those of their couriers, people their own."""
    if scope.is_recipient:
        p = people.alias()
        mine = select(1).where(
            p.c.tenant_id == passes.c.tenant_id, p.c.id == passes.c.person_id, p.c.account_id == ACCOUNT
        )
        may = scope.own_tenant(passes.c.tenant_id)
        return and_(may, mine.exists()) if Permission.STAY_READ in scope.permissions else false()
    covered: Condition = scope.covers(Permission.STAY_READ, passes.c.tenant_id, passes.c.site_id)
    return and_(covered, passes.c.carrier_id == ORGANIZATION) if scope.is_carrier else covered


def _still_granted(row: FromClause, scope: Any) -> Condition:
    """A grant that is gone is gone at once, before the pass has been called off for it."""

    def granted(*operations: Operation) -> Condition:
        return or_(*(scope.granted(each, row.c.tenant_id, row.c.site_id, row.c.bank_id) for each in operations))

    taking = granted(Operation.COLLECT_EXPIRED, Operation.COLLECT_RETURN)
    deposit: Condition = row.c.kind == AccessKind.DEPOSIT.value
    return case((deposit, granted(Operation.DEPOSIT)), else_=taking)


def _secret(part: str) -> Any:
    def value(row: FromClause, sight: Sight) -> Value:
        # The pass's id beside it: what is sealed for one cannot be opened for another.
        marked: Value = cast(row.c.id, Text) + f":{part}:" + func.encode(row.c.sealed, "hex")
        held = row.c.state == PassState.ISSUED.value
        if sight.scope.is_carrier:
            held = and_(held, _still_granted(row, sight.scope))
        if not sight.scope.is_outside:
            # Staff carry what is nobody else's; what is a courier's or a recipient's they do not see.
            held = and_(held, row.c.carrier_id.is_(None), row.c.person_id.is_(None))
        return case((held, marked), else_=null())

    return late("passPart", value, shown=lambda scope: Permission.ACCESS_CARRY in scope.permissions)


PASS = Shape(
    name="Pass",
    table=passes,
    fields={
        "id": id_of("Pass", passes.c.id),
        "kind": word(passes.c.kind),
        "state": word(passes.c.state),
        "issuedAt": time(passes.c.issued_at),
        "expiresAt": time(passes.c.expires_at),
        "usedAt": time(passes.c.used_at),
        **{part: _secret(part) for part in PARTS},
    },
    relations={"compartment": One("Compartment", "compartment_id"), "bank": One("Bank", "bank_id")},
    order=Sort(("issued_at",), descending=True),
    visible=visible,
)


def _usable_until(row: FromClause, _: Sight) -> Value:
    p = passes.alias()
    live = select(func.max(p.c.expires_at) + GRACE)
    live = live.where(p.c.tenant_id == row.c.tenant_id, p.c.stay_id == row.c.id)
    # What has let a parcel in may let one out as long as it lives.
    spent = and_(p.c.state == PassState.USED.value, p.c.kind == AccessKind.DEPOSIT.value, p.c.expires_at > func.now())
    live = live.where(or_(p.c.state.in_([state.value for state in sorted(LIVE)]), spent))
    return live.correlate_except(p).scalar_subquery()


EXTENSIONS = [
    Extension(
        "Stay",
        fields={"usableUntil": time(_usable_until, nullable=True)},
        relations={"passes": Many("Pass", "stay_id")},
    )
]
