"""What can be read of banks and compartments, and by whom; and what they add to a site: its occupancy."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BindParameter,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    any_,
    case,
    cast,
    column,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from app.kit.reading.fields import by_id, decimal, equal, flag, id_of, matches, number, text, time, when, word
from app.kit.reading.shape import Condition, Extension, Filter, Items, Many, One, Shape, Sight, Sort, Value
from app.lockers.model import MISSED_POLLS, DoorState, Occupancy, Service, Size, Use, Withheld
from app.lockers.tables import banks, compartments
from tenants.carriers.model import Operation
from tenants.policy import Permission

BY_LABEL = Sort(("label",))


def bank_visible(scope: Any) -> Condition:
    if scope.is_recipient:
        return false()
    covered: Condition = scope.covers(Permission.SITE_READ, banks.c.tenant_id, banks.c.site_id)
    if scope.is_carrier:
        look = Operation.VIEW_AVAILABILITY
        return and_(covered, scope.granted(look, banks.c.tenant_id, banks.c.site_id, banks.c.id))
    return covered


def compartment_visible(scope: Any) -> Condition:
    if scope.is_recipient:
        return false()
    c = compartments.c
    covered: Condition = scope.covers(Permission.SITE_READ, c.tenant_id, c.site_id)
    if scope.is_carrier:
        return and_(covered, scope.granted(Operation.VIEW_AVAILABILITY, c.tenant_id, c.site_id, c.bank_id, c.size))
    return covered


def _stale(bank: FromClause) -> Condition:
    # Contacts are written once a second at most.
    limit = func.make_interval(0, 0, 0, 0, 0, 0, MISSED_POLLS * func.greatest(bank.c.poll_seconds, 1.0))
    return func.coalesce(bank.c.last_contact_at < func.now() - limit, literal_column("true"))


def _of_bank(compartment: FromClause, ask: Any) -> Value:
    """A question about the compartment's bank."""
    bank = banks.alias()
    found = select(ask(bank)).where(bank.c.tenant_id == compartment.c.tenant_id, bank.c.id == compartment.c.bank_id)
    return found.correlate_except(bank).scalar_subquery()


def _unreachable(compartment: FromClause) -> Condition:
    return _of_bank(compartment, lambda bank: bank.c.unreachable_since.is_not(None))


def _withheld(bank: FromClause) -> Condition:
    """It does not answer, and its operator does not let it be filled without; or it is not what was taken over."""
    silent = and_(bank.c.unreachable_since.is_not(None), not_(bank.c.blind_allocation))
    return or_(bank.c.differs_since.is_not(None), silent)


def _blind(bank: FromClause) -> Condition:
    filled: Condition = bank.c.blind_allocation
    return filled


def _silent(compartment: FromClause) -> Condition:
    """Its bank answers, and tells nothing of it."""
    return func.coalesce(compartment.c.withheld == Withheld.SILENT.value, literal_column("false"))


def occupancy(row: FromClause, withheld: Condition, blind: Condition) -> Value:
    """app.lockers.model.occupancy in SQL. `withheld`, `blind`: of its bank."""
    return case(
        (row.c.use != Use.FREE.value, row.c.use),
        (row.c.service != Service.IN_SERVICE.value, Occupancy.OUT_OF_SERVICE.value),
        (row.c.door == DoorState.OPEN.value, Occupancy.UNAVAILABLE.value),
        (withheld, Occupancy.UNAVAILABLE.value),
        (row.c.withheld.is_(None), Occupancy.AVAILABLE.value),
        (and_(_silent(row), blind), Occupancy.AVAILABLE.value),
        else_=Occupancy.UNAVAILABLE.value,
    )


def _occupancy(row: FromClause, _: Sight) -> Value:
    return occupancy(row, _of_bank(row, _withheld), _of_bank(row, _blind))


def _service(row: FromClause, _: Sight) -> Value:
    stored = row.c.service
    return case(
        (stored != Service.IN_SERVICE.value, stored),
        (or_(_silent(row), _unreachable(row)), "UNREACHABLE"),
        else_=stored,
    )


def _place(value: Value, words: Any) -> Value:
    return case({word_.value: place for place, word_ in enumerate(words)}, value=value)


def _word(place: Value, words: Any) -> Value:
    return case({place_: word_.value for place_, word_ in enumerate(words)}, value=place)


def _occupancy_rows(holder: str) -> Any:
    """Compartments counted by size and state. First from the index alone, in its own order; then by two small numbers:
    sorting a few words by their letters would cost more than all the rest."""

    def rows(row: FromClause, sight: Sight, _: Mapping[str, BindParameter[Any]]) -> Select[Any]:
        c, bank = compartments.alias(), banks.alias()
        states = (c.c.bank_id, c.c.size, c.c.use, c.c.service, c.c.door, c.c.withheld)
        counted = (
            select(*states, func.count().label("count"))
            .where(c.c.tenant_id == row.c.tenant_id, c.c[holder] == row.c.id, sight.visible("Compartment", c))
            .group_by(*states)
            .correlate(row)
            .subquery()
        )
        here = bank.c.id if holder == "bank_id" else bank.c.site_id

        def among(ask: Any) -> Condition:
            # One array for the whole holder: asking for each group's bank would be most of the work.
            found = select(bank.c.id).where(bank.c.tenant_id == row.c.tenant_id, here == row.c.id, ask(bank))
            of_these: Condition = counted.c.bank_id == any_(func.array(found.correlate(row).scalar_subquery()))
            return of_these

        state = _place(occupancy(counted, among(_withheld), among(_blind)), Occupancy)
        placed = select(_place(counted.c.size, Size).label("size"), state.label("state"), counted.c.count).subquery()
        total = cast(func.sum(placed.c.count), Integer)
        return select(
            _word(placed.c.size, Size).label("size"),
            _word(placed.c.state, Occupancy).label("state"),
            total.label("count"),
            placed.c.size.label("size_place"),
            placed.c.state.label("state_place"),
        ).group_by(placed.c.size, placed.c.state)

    return rows


def occupancy_of(holder: str) -> Items:
    columns = {
        "size": word(lambda row, _: row.c.size),
        "state": word(lambda row, _: row.c.state),
        "count": number(lambda row, _: row.c.count),
    }
    return Items(columns, _occupancy_rows(holder), ("size_place", "state_place"))


def _capabilities(row: FromClause, _: Sight, __: Mapping[str, BindParameter[Any]]) -> Select[Any]:
    each = func.jsonb_each_text(row.c.capabilities).table_valued(column("key", String), column("value", String))
    return select(each.c.key.label("name"), each.c.value.label("ability")).select_from(each).correlate(row)


def count_of(shape: str, table: Any, link: Any, *conditions: Any) -> Any:
    """A field that counts the visible rows of another shape that hang on the row."""

    def counted(row: FromClause, sight: Sight) -> Value:
        other = table.alias()
        found = select(cast(func.count(), Integer)).select_from(other)
        found = found.where(link(row, other), sight.visible(shape, other), *(make(other) for make in conditions))
        return found.correlate_except(other).scalar_subquery()

    return number(counted)


def held_by(theirs: str) -> Any:
    return lambda row, other: and_(other.c.tenant_id == row.c.tenant_id, other.c[theirs] == row.c.id)


BANK = Shape(
    name="Bank",
    table=banks,
    fields={
        "id": id_of("Bank", banks.c.id),
        "label": text(banks.c.label),
        "vendor": text(banks.c.vendor),
        "externalId": text(banks.c.external_id),
        "lastContactAt": time(banks.c.last_contact_at),
        "unreachableSince": time(banks.c.unreachable_since),
        "differsSince": time(banks.c.differs_since),
        "isStale": flag(lambda row, _: _stale(row)),
        "blindAllocation": flag(banks.c.blind_allocation),
        "pollSeconds": decimal(banks.c.poll_seconds),
        "compartmentCount": count_of("Compartment", compartments, held_by("bank_id")),
    },
    relations={
        "site": One("Site", "site_id"),
        "capabilities": Items(
            {"name": text(lambda row, _: row.c.name), "ability": text(lambda row, _: row.c.ability)},
            _capabilities,
            ("name",),
        ),
        "occupancy": occupancy_of("bank_id"),
        "compartments": Many("Compartment", "bank_id"),
    },
    filters={
        "siteId": by_id("site_id", "Site"),
        "search": matches("label", "external_id"),
        "offline": when(lambda row, _: row.c.unreachable_since.is_not(None)),
    },
    order=BY_LABEL,
    visible=bank_visible,
)

COMPARTMENT = Shape(
    name="Compartment",
    table=compartments,
    fields={
        "id": id_of("Compartment", compartments.c.id),
        "label": text(compartments.c.label),
        "externalId": text(compartments.c.external_id),
        "size": word(compartments.c.size),
        "accessible": flag(compartments.c.accessible),
        "row": number(compartments.c.row_no),
        "column": number(compartments.c.column_no),
        "rowSpan": number(compartments.c.row_span),
        "occupancy": word(_occupancy),
        "service": word(_service),
        "serviceReason": text(compartments.c.service_reason),
        "serviceUntil": time(compartments.c.service_until),
        "door": word(compartments.c.door),
        "doorObservedAt": time(compartments.c.door_observed_at),
        "doorOpenSince": time(compartments.c.door_open_since),
        "doorSource": text(compartments.c.door_source),
        "isStale": flag(lambda row, _: or_(_silent(row), _of_bank(row, _stale))),
        "itemPresent": flag(compartments.c.item_present),
        "withheld": word(compartments.c.withheld),
        "withheldSince": time(compartments.c.withheld_since),
    },
    relations={"bank": One("Bank", "bank_id"), "site": One("Site", "site_id")},
    filters={
        "siteId": by_id("site_id", "Site"),
        "bankId": by_id("bank_id", "Bank"),
        "size": equal("size"),
        "occupancy": Filter(lambda row, value, sight: _occupancy(row, sight) == value, String, str),
        "door": equal("door"),
        "service": Filter(lambda row, value, sight: _service(row, sight) == value, String, str),
    },
    order=BY_LABEL,
    visible=compartment_visible,
)

EXTENSIONS = [
    Extension(
        "Site",
        fields={
            "bankCount": count_of("Bank", banks, held_by("site_id")),
            "offlineBankCount": count_of(
                "Bank", banks, held_by("site_id"), lambda bank: bank.c.unreachable_since.is_not(None)
            ),
            "compartmentCount": count_of("Compartment", compartments, held_by("site_id")),
        },
        relations={"occupancy": occupancy_of("site_id"), "banks": Many("Bank", "site_id")},
    )
]
