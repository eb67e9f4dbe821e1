"""Acts that stand crosswise to each other: PostgreSQL ends one of them, and the caller hears nothing of it."""

import asyncio

import asyncpg
from graphql import build_schema

from app.kit.clock import utc_now
from app.kit.db import TRIES, Database, Deadlock
from schema.acting import Acts
from schema.mutations import Call, Mutation, Outcome
from tests.app.rig import actor, make_world

SDL = """type Query { a: Int } input Two { first: Int! second: Int! }
    type Mutation { cross(input: Two!): Boolean! }"""


class Crossing:
    """Locks two things one after the other; the first two tries meet in the middle."""

    def __init__(self) -> None:
        self.tries, self._middle = 0, asyncio.Barrier(2)

    async def cross(self, call: Call) -> Outcome:
        self.tries += 1
        async with call.context.begin() as work:
            await work.conn.fetch("SELECT pg_advisory_xact_lock($1::int)", call.given["first"])
            if self.tries <= 2:
                await self._middle.wait()
            await work.conn.fetch("SELECT pg_advisory_xact_lock($1::int)", call.given["second"])
        return True


async def crossed(app: Database, admin: Database, act: Mutation, *given: dict[str, int]) -> list[object]:
    schema, world = build_schema(SDL), await make_world(admin)
    assert schema.mutation_type is not None
    field = schema.mutation_type.fields["cross"]
    acts = Acts(schema, {"cross": act}, app, utc_now, {})
    asked = [
        acts.act("cross", field, {"input": each}, actor=actor(world), trace_id="trace", origin="test") for each in given
    ]
    return list(await asyncio.gather(*asked, return_exceptions=True))


async def test_both_are_done_though_one_was_ended_for_the_other_s_sake(app_db: Database, admin_db: Database) -> None:
    crossing = Crossing()
    orders = ({"first": 1, "second": 2}, {"first": 2, "second": 1})
    assert await crossed(app_db, admin_db, crossing.cross, *orders) == [True, True]
    assert crossing.tries == 3


async def test_who_is_ended_again_and_again_is_told_in_the_end(app_db: Database, admin_db: Database) -> None:
    tries = 0

    async def never(_: Call) -> Outcome:
        nonlocal tries
        tries += 1
        raise asyncpg.DeadlockDetectedError("deadlock detected")

    [told] = await crossed(app_db, admin_db, never, {"first": 1, "second": 2})
    assert isinstance(told, Deadlock)
    assert tries == TRIES
