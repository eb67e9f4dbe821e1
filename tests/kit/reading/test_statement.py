import pytest
from sqlalchemy import Text, bindparam, column, literal, select, table

from app.kit.db import Database
from app.kit.reading.statement import Compiled, reading, self_test

pytestmark = pytest.mark.anyio


async def test_this_server_evaluates_a_select_list_from_left_to_right(app_db: Database) -> None:
    async with app_db.pool.acquire() as conn:
        await self_test(conn)


async def test_a_statement_sets_its_tenants_for_itself_alone(app_db: Database) -> None:
    statement = reading(column("made", Text)).text.replace("made", "current_setting('app.tenant_id')")
    async with app_db.pool.acquire() as conn:
        row = await conn.fetchrow(statement, "a,b", "c")
        assert row[2] == "a,b"
        assert not await conn.fetchval("SELECT current_setting('app.tenant_id', true)")


def test_constants_stand_in_the_text_and_values_are_bound() -> None:
    t = table("t", column("state", Text), column("name", Text))
    made = Compiled(select(t.c.name).where(t.c.state == "it's", t.c.name == bindparam("given", type_=Text)))
    assert "t.state = 'it''s'" in made.text
    assert "$1" in made.text
    assert made.arguments({"given": "x", "unused": 1}) == ["x"]


def test_a_value_that_was_not_given_is_an_error() -> None:
    made = Compiled(select(literal(1).label("one"), bindparam("given", type_=Text)))
    with pytest.raises(KeyError):
        made.arguments({})
