from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.carriers.model import Ask, Grant, GrantState, Operation, Terms, Usage, Window, decide, has_quota

SITES, BANKS = [uuid4() for _ in range(3)], [uuid4() for _ in range(3)]
SIZES = ["S", "M", "L"]
START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "America/Sao_Paulo", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia")]
)
MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001
CLOCKS = st.times().map(lambda at: at.replace(microsecond=0))


def selector(values: list) -> st.SearchStrategy:
    return st.none() | st.frozensets(st.sampled_from(values))


windows = st.builds(Window, st.frozensets(st.integers(1, 7)), CLOCKS, CLOCKS)
limits = st.none() | st.integers(1, 5)
terms = st.builds(
    Terms,
    operations=st.frozensets(st.sampled_from(Operation)),
    sites=selector(SITES),
    banks=selector(BANKS),
    sizes=selector(SIZES),
    valid_from=MOMENTS,
    valid_to=st.none() | MOMENTS,
    windows=st.lists(windows, max_size=2).map(tuple),
    max_open_stays=limits,
    max_deposits_per_day=limits,
    max_hold_hours=limits,
)
grants = st.builds(Grant, id=st.uuids(), state=st.sampled_from(GrantState), terms=terms)
asks = st.builds(
    Ask,
    st.sampled_from(Operation),
    st.sampled_from(SITES),
    st.none() | st.sampled_from(BANKS),
    st.none() | st.sampled_from(SIZES),
    st.none() | st.integers(1, 10).map(lambda hours: timedelta(hours=hours)),
)
usages = st.builds(Usage, st.integers(0, 6), st.integers(0, 6))


@given(st.lists(grants, max_size=4), asks, MOMENTS, ZONES, usages)
def test_what_is_allowed_lies_within_the_grant_in_every_respect(
    some: list[Grant], ask: Ask, now: datetime, zone: ZoneInfo, used: Usage
) -> None:
    decision = decide(some, ask, now, zone, {grant.id: used for grant in some})
    if not decision.allow:
        assert decision.failed
        return
    grant = next(grant for grant in some if grant.id == decision.grant_id)
    held = grant.terms
    assert grant.state is GrantState.ACTIVE
    assert ask.operation in held.operations
    assert held.sites is None or ask.site in held.sites
    assert held.banks is None or ask.bank is None or ask.bank in held.banks
    assert held.sizes is None or ask.size is None or ask.size in held.sizes
    assert held.valid_from <= now
    assert held.valid_to is None or now < held.valid_to
    assert held.max_hold_hours is None or ask.hold is None or ask.hold <= timedelta(hours=held.max_hold_hours)
    if ask.operation is Operation.RESERVE and held.max_open_stays is not None:
        assert used.open_stays < held.max_open_stays
    if ask.operation is Operation.DEPOSIT and held.max_deposits_per_day is not None:
        assert used.deposits_today < held.max_deposits_per_day
    if held.windows:
        local = now.astimezone(zone)
        assert any(window.holds(local) for window in held.windows)


@given(st.lists(grants, max_size=4), grants, asks, MOMENTS, ZONES, st.dictionaries(st.uuids(), usages))
def test_one_grant_more_never_takes_anything_away(
    some: list[Grant], more: Grant, ask: Ask, now: datetime, zone: ZoneInfo, used: dict[UUID, Usage]
) -> None:
    if decide(some, ask, now, zone, used).allow:
        assert decide([*some, more], ask, now, zone, used).allow
        assert decide([more, *some], ask, now, zone, used).allow


@given(st.lists(grants, max_size=4), asks, MOMENTS, ZONES)
def test_the_order_of_grants_does_not_matter(some: list[Grant], ask: Ask, now: datetime, zone: ZoneInfo) -> None:
    assert decide(some, ask, now, zone, {}).allow == decide(some[::-1], ask, now, zone, {}).allow


@given(grants, asks, MOMENTS, ZONES)
def test_every_failed_rule_is_named_and_mending_the_grant_mends_the_decision(
    grant: Grant, ask: Ask, now: datetime, zone: ZoneInfo
) -> None:
    failed = {rule.rule for rule in decide([grant], ask, now, zone, {}).failed}
    mended: dict[str, object] = {}
    if "operation" in failed:
        mended["operations"] = frozenset({ask.operation})
    mended |= {f"{name}s": None for name in ("site", "bank", "size") if name in failed}
    if "valid_from" in failed:
        mended["valid_from"] = now
    if "valid_to" in failed:
        mended["valid_to"] = None
    if "window" in failed:
        mended["windows"] = ()
    if "max_hold_hours" in failed:
        mended["max_hold_hours"] = None
    state = GrantState.ACTIVE if "state" in failed else grant.state
    repaired = Grant(grant.id, state, replace(grant.terms, **mended))  # type: ignore[arg-type]
    assert decide([repaired], ask, now, zone, {}).allow


ALL = Terms(frozenset(Operation), None, None, None, START)
HERE = Ask(Operation.RESERVE, SITES[0], BANKS[0], "S")


def allowed(
    held: Terms, ask: Ask = HERE, now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC), zone: str = "UTC"
) -> bool:
    return decide([Grant(uuid4(), GrantState.ACTIVE, held)], ask, now, ZoneInfo(zone), {}).allow


def test_nothing_is_allowed_without_a_grant() -> None:
    decision = decide([], HERE, START, ZoneInfo("UTC"), {})
    assert (decision.allow, decision.failed[0].rule) == (False, "grant")


@pytest.mark.parametrize("field", ["sites", "banks", "sizes", "operations"])
def test_an_empty_selector_means_nothing(field: str) -> None:
    assert allowed(ALL)
    assert not allowed(replace(ALL, **{field: frozenset()}))  # type: ignore[arg-type]


WEEKDAYS = frozenset(range(1, 6))


@pytest.mark.parametrize(
    ("local", "inside"),
    [("2026-11-20T08:00", True), ("2026-11-20T17:59", True), ("2026-11-20T18:00", False), ("2026-11-21T09:00", False)],
)
def test_a_window_is_read_on_the_sites_wall_clock(local: str, inside: bool) -> None:
    held = replace(ALL, windows=(Window(WEEKDAYS, time(8), time(18)),))
    for zone in ("America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"):
        now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert allowed(held, now=now, zone=zone) is inside


@pytest.mark.parametrize(
    ("local", "inside"),
    [("2026-11-20T22:00", True), ("2026-11-21T05:59", True), ("2026-11-21T06:00", False), ("2026-11-22T01:00", False)],
)
def test_a_window_past_midnight_belongs_to_the_day_it_began(local: str, inside: bool) -> None:
    assert Window(frozenset({5}), time(22), time(6)).holds(datetime.fromisoformat(local)) is inside


def test_a_window_keeps_its_wall_clock_hours_when_summer_time_begins_and_ends() -> None:
    held, zone = replace(ALL, windows=(Window(frozenset({7}), time(8), time(9)),)), "Europe/Berlin"
    # Clocks went forward on 29 March 2026 and back on 25 October 2026, both Sundays, before eight.
    for day, utc_hour in ((29, 6), (22, 7)):
        assert allowed(held, now=datetime(2026, 3, day, utc_hour, 30, tzinfo=UTC), zone=zone)
        assert not allowed(held, now=datetime(2026, 3, day, utc_hour + 1, 30, tzinfo=UTC), zone=zone)
    assert allowed(held, now=datetime(2026, 10, 25, 7, 30, tzinfo=UTC), zone=zone)
    assert allowed(held, now=datetime(2026, 10, 18, 6, 30, tzinfo=UTC), zone=zone)


def test_a_repeated_hour_counts_both_times_and_a_skipped_one_never() -> None:
    held, zone = replace(ALL, windows=(Window(frozenset({7}), time(2), time(3)),)), "Europe/Berlin"
    night = [datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(12)]
    assert [allowed(held, now=moment, zone=zone) for moment in night] == [True] * 8 + [False] * 4
    night = [datetime(2026, 3, 29, 0, 0, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(12)]
    assert not any(allowed(held, now=moment, zone=zone) for moment in night)


def test_only_the_operation_a_quota_is_about_asks_for_it() -> None:
    grant = Grant(uuid4(), GrantState.ACTIVE, replace(ALL, max_open_stays=1))
    assert has_quota(grant, Operation.RESERVE)
    assert not has_quota(grant, Operation.DEPOSIT)
    used = {grant.id: Usage(open_stays=1)}
    decision = decide([grant], HERE, datetime(2026, 7, 1, tzinfo=UTC), ZoneInfo("UTC"), used)
    assert [(rule.rule, rule.actual) for rule in decision.failed] == [("max_open_stays", "1")]
