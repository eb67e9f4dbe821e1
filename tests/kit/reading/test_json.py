import json
import math

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Double, MetaData, Table, Text, select

from app.kit.db import Database
from app.kit.ids import global_id, new_id
from app.kit.reading.fields import decimal, id_of, text
from app.kit.reading.json import base64url, constant, field_json, joined
from app.kit.reading.shape import Catalogue, Shape, Sight
from app.kit.reading.statement import Compiled
from app.kit.tables import Uuid

pytestmark = pytest.mark.anyio

THING = Table("thing", MetaData(), Column("id", Uuid), Column("name", Text), Column("size", Double))
SHAPE = Shape("Thing", THING, {}, visible=lambda _: THING.c.id.is_not(None))
SIGHT = Sight(None, Catalogue([SHAPE], [], {}))


async def written(db: Database, field: object, column: str, value: object) -> str:
    """What SQL writes for a field over one row with this value."""
    piece = field_json(field, SHAPE, THING, SIGHT)  # type: ignore[arg-type]
    statement = Compiled(select(joined([piece])).select_from(THING)).text
    kind = {"name": "text", "size": "float8", "id": "uuid"}[column]
    async with db.pool.acquire() as conn:
        return str(await conn.fetchval(f"WITH thing AS (SELECT $1::{kind} AS {column}) {statement}", value))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
async def test_text_is_written_as_orjson_writes_it(app_db: Database, value: str) -> None:
    assert (await written(app_db, text(THING.c.name), "name", value)).encode() == orjson.dumps(value)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -23.5505, 4.25, 52.0, 0.1, 1e-4, 179.999999])
async def test_a_number_is_written_as_python_writes_it(app_db: Database, value: float) -> None:
    made = await written(app_db, decimal(THING.c.size), "size", value)
    assert made.encode() == orjson.dumps(value)
    assert math.copysign(1, json.loads(made)) == math.copysign(1, value)


async def test_nothing_is_null(app_db: Database) -> None:
    assert await written(app_db, text(THING.c.name), "name", None) == "null"


async def test_an_id_is_the_one_the_core_gives(app_db: Database) -> None:
    id_ = new_id()
    made = await written(app_db, id_of("LongestTypeName", THING.c.id), "id", id_)
    assert json.loads(made) == global_id("LongestTypeName", id_)


async def test_base64_for_addresses_has_no_breaks_and_no_padding(app_db: Database) -> None:
    async with app_db.pool.acquire() as conn:
        made = await conn.fetchval(Compiled(select(base64url(constant("~?>" * 40 + "x")))).text)
    assert set(made) & set("+/=\n") == set()
    assert len(made) > 76
