"""A seeded database, the engine over it, and the plain path beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from app.kit.db import Database
from schema.catalogue import CATALOGUE
from schema.documents import Documents
from schema.engine import Request
from schema.execution import CompiledEngine
from schema.limits import Limits
from schema.loaders import Reader
from schema.plain import Plain
from schema.plain import run as run_plain
from schema.schema import build_schema
from schema.viewing import view_of
from tenants.model import Actor
from tests.schema.reading.population import build
from tests.schema.reading.world import World, settle

WIDE = Limits(
    tokens=50_000, fields=50_000, characters=10**6, depth=60, nesting=200, objects=10**9, cost=10**9, aliases=9999
)


@dataclass(frozen=True)
class Asker:
    """What the engine asks of a caller."""

    actor: Actor
    fingerprint: str = ""
    is_anonymous: bool = False


async def shout(_: Actor, texts: Sequence[str]) -> Sequence[str | None]:
    """A late field that shows what it was given."""
    return [text.upper() or None for text in texts]


LATE = {"pickupCode": shout, "downloadUrl": shout}


@dataclass(repr=False)
class Reading:
    """Both paths over one world."""

    world: World
    db: Database
    engine: CompiledEngine
    documents: Documents

    async def compiled(self, who: str, text: str, **variables: Any) -> bytes:
        document = await self.documents.load(text)
        asker: Any = Asker(self.world.actors[who])
        return await self.engine.run(document, Request(text, variables=variables), asker, "t")

    async def data(self, who: str, text: str, **variables: Any) -> Any:
        return orjson.loads(await self.compiled(who, text, **variables))["data"]

    async def plain(self, who: str, text: str, variables: Mapping[str, Any]) -> bytes:
        document = await self.documents.load(text)
        actor = self.world.actors[who]
        async with self.db.tenant(actor.tenants, actor.organization_id) as conn:
            reader = Reader(CATALOGUE, conn, view_of(actor), LATE)
            found = await run_plain(build_schema(), document.ast, None, variables, Plain(reader, {}))
        assert not found.errors, found.errors
        return orjson.dumps({"data": found.data})


@pytest.fixture(scope="module")
async def reading(app_db: Database, admin_db: Database) -> Reading:
    world = build()
    async with admin_db.plain() as conn:
        await settle(conn, world)
    engine = CompiledEngine(build_schema(), app_db, late=LATE, mutations={})
    await engine.start()
    return Reading(world, app_db, engine, Documents(build_schema(), WIDE))
