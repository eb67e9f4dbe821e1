import pytest

from app.kit.db import Database
from app.kit.ids import global_id
from schema.engine import Request
from schema.viewing import view_of
from tests.schema.reading.conftest import Reading

pytestmark = pytest.mark.anyio

# Months of every site, so that the planner has something to choose between.
LONG = """INSERT INTO audit_entry (tenant_id, id, occurred_at, actor_kind, actor_label, action, target_type, site_id,
  outcome, request_id, origin, details)
SELECT tenant_id, gen_random_uuid(), now() - n * interval '1 minute', 'PERSON', 'x',
  (ARRAY['stay:create', 'compartment:open', 'door:opened', 'door:closed'])[1 + n % 4], 'Site', id,
  'DONE', 'r', 'o', '{}'
FROM site, generate_series(1, 1000) n"""
BOARD = (
    "{ sites(first: 50) { edges { node { name occupancy { size state count } openAlarmCount offlineBankCount } } } }"
)
AUDIT = """query($site: ID, $action: [String!], $after: String) {
  audit(filter: {siteId: $site, action: $action}, first: 50, after: $after) { edges { cursor node { actor } } } }"""


@pytest.fixture(scope="module", autouse=True)
async def long_record(reading: Reading, admin_db: Database) -> None:
    await admin_db.pool.execute(LONG)
    await admin_db.pool.execute("ANALYZE audit_entry")


async def planned(reading: Reading, who: str, text: str, **variables: object) -> str:
    """How the server would read it for the application's role, were the tables large: behind the wall, by index."""
    document = await reading.documents.load(text)
    operation, view = document.operation(None), view_of(reading.world.actors[who])
    plans = reading.engine.plans
    values = plans.variables(operation, Request(text, variables=variables))
    made = await plans.query(document, operation, values, view)
    actor = reading.world.actors[who]
    async with reading.db.tenant(actor.tenants, actor.organization_id) as conn:
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            await conn.execute(f"SET LOCAL {setting} = off")
        arguments = made.statement.arguments({**made.values, **view.values})
        rows = await conn.fetch(f"EXPLAIN {made.statement.text}", *arguments)
    return "\n".join(row[0] for row in rows)


def condition_of(plan: str, index: str) -> str:
    """What a scan asks of its index; the rest it would have to ask of every row."""
    scan = plan[plan.index(index) :]
    return scan[scan.index("Index Cond") :].partition("\n")[0]


@pytest.mark.parametrize("who", ["owner", "manager"])
async def test_the_board_counts_from_indexes_alone_behind_the_wall(reading: Reading, who: str) -> None:
    plan = await planned(reading, who, BOARD)
    assert "Index Only Scan using ix_compartment_occupancy" in plan
    assert "Seq Scan" not in plan


async def test_a_page_deep_in_the_record_starts_at_its_cursor_in_the_index(reading: Reading) -> None:
    first = await reading.data("owner", "{ audit(first: 3) { edges { cursor } } }")
    after = first["audit"]["edges"][-1]["cursor"]
    plan = await planned(reading, "owner", AUDIT, site=None, action=None, after=after)
    assert "(ROW(occurred_at, id) < ROW(" in condition_of(plan, "ix_audit_entry_occurred")


async def test_the_record_of_one_site_and_action_comes_in_the_order_of_its_index(reading: Reading) -> None:
    first = await reading.data("owner", "{ audit(first: 3) { edges { cursor } } }")
    after, site = first["audit"]["edges"][-1]["cursor"], global_id("Site", reading.world.rows["site"][0]["id"])
    plan = await planned(reading, "owner", AUDIT, site=site, action=["stay:create"], after=after)
    condition = condition_of(plan, "ix_audit_entry_site_action")
    for part in ("tenant_id", "site_id", "action", "(ROW(occurred_at, id) < ROW("):
        assert part in condition
    assert "Sort" not in plan


@pytest.mark.parametrize("action", [None, ["stay:create", "compartment:open"]])
async def test_the_record_of_one_site_comes_in_the_order_of_its_index_whatever_was_done(
    reading: Reading, action: list[str] | None
) -> None:
    first = await reading.data("owner", "{ audit(first: 3) { edges { cursor } } }")
    after, site = first["audit"]["edges"][-1]["cursor"], global_id("Site", reading.world.rows["site"][0]["id"])
    plan = await planned(reading, "owner", AUDIT, site=site, action=action, after=after)
    condition = condition_of(plan, "ix_audit_entry_site ")
    for part in ("tenant_id", "site_id", "(ROW(occurred_at, id) < ROW("):
        assert part in condition
    assert "Sort" not in plan
