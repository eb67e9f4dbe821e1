"""Who reads what opens a door, through the public schema: its holder, while it is good, and nobody else."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.access import service as access
from app.access.service import Collect
from app.kit.db import Database
from app.kit.ids import global_id, new_id
from app.passes.model import Vault
from schema.documents import Documents
from schema.engine import Request
from schema.execution import CompiledEngine
from schema.limits import Limits
from schema.schema import build_schema
from tenants.carriers import service as carriers
from tenants.model import Actor, Role
from tests.app.handover.towers import Towers, towers
from tests.app.rig import SEALER, actor, codes, context

QUERY = """query($id: ID!) { node(id: $id) { ... on Stay { usableUntil passes(first: 9) { edges { node {
  kind state payload payloadAuth link keypadCode } } } } } }"""


@dataclass(frozen=True)
class Asker:
    actor: Actor
    fingerprint: str = ""
    is_anonymous: bool = False


async def parts(_: Actor, texts: Sequence[str]) -> Sequence[str | None]:
    vault, found = Vault(SEALER), []
    for text in texts:
        of, part, sealed = text.split(":")
        found.append(vault.show(UUID(of), part, bytes.fromhex(sealed)))
    return found


@dataclass(slots=True)
class Reader:
    scene: Towers
    engine: CompiledEngine
    documents: Documents

    async def node(self, stay: UUID, who: Actor) -> Any:
        asker: Any = Asker(who)
        request = Request(QUERY, variables={"id": global_id("Stay", stay)})
        said = orjson.loads(await self.engine.run(await self.documents.load(QUERY), request, asker, "t"))
        return said["data"]["node"]

    async def sees(self, stay: UUID, who: Actor) -> list[tuple[str, str, bool]] | None:
        """Kind, state and whether the pair is shown of every pass; None where the stay itself is not seen."""
        node = await self.node(stay, who)
        if node is None:
            return None
        rows = [edge["node"] for edge in node["passes"]["edges"]]
        assert all((row["payload"] is None) is (row["payloadAuth"] is None) for row in rows)
        assert not [row for row in rows if row["link"] or row["keypadCode"]]
        return sorted((row["kind"], row["state"], row["payload"] is not None) for row in rows)

    def member(self, role: Role) -> Actor:
        return actor(self.scene.world, role)


@pytest.fixture
async def reader(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Reader]:
    schema = build_schema()
    engine = CompiledEngine(schema, app_db, late={"passPart": parts}, mutations={})
    await engine.start()
    async with towers(app_db, worker_db, admin_db) as scene:
        yield Reader(scene, engine, Documents(schema, Limits()))


async def test_a_courier_s_pass_is_shown_to_couriers_of_that_carrier_alone(reader: Reader) -> None:
    stay = await reader.scene.issued()
    for role, shown in ((Role.COURIER, True), (Role.CARRIER_ADMIN, True), (Role.OWNER, False), (Role.AUDITOR, False)):
        assert await reader.sees(stay, reader.member(role)) == [("DEPOSIT", "ISSUED", shown)], role
    assert await reader.sees(stay, reader.member(Role.RECIPIENT)) == []
    rival = replace(reader.member(Role.COURIER), organization_id=new_id())
    assert await reader.sees(stay, rival) is None


async def test_a_recipient_s_pass_is_shown_to_the_recipient_alone(reader: Reader) -> None:
    stay = await reader.scene.brought()
    used, waits = ("DEPOSIT", "USED", False), ("PICKUP", "ISSUED", False)
    assert await reader.sees(stay, reader.member(Role.RECIPIENT)) == [("PICKUP", "ISSUED", True)]
    assert await reader.sees(stay, reader.member(Role.COURIER)) == [used]
    assert await reader.sees(stay, reader.member(Role.OWNER)) == [used, waits]
    other = replace(reader.member(Role.RECIPIENT), account_id=new_id())
    assert await reader.sees(stay, other) is None


async def test_what_was_used_or_called_off_is_shown_to_nobody(reader: Reader) -> None:
    stay = await reader.scene.brought()
    reader.scene.show(await reader.scene.held(stay, "PICKUP"))
    await reader.scene.settle()
    assert await reader.sees(stay, reader.member(Role.RECIPIENT)) == [("PICKUP", "USED", False)]


async def test_without_the_permission_to_carry_nothing_is_shown(reader: Reader) -> None:
    stay = await reader.scene.issued()
    courier = reader.member(Role.COURIER)
    without = replace(courier, permissions=frozenset(each for each in courier.permissions if each != "access:carry"))
    assert await reader.sees(stay, without) == [("DEPOSIT", "ISSUED", False)]


async def test_a_courier_whose_grant_was_taken_is_shown_nothing_at_once(reader: Reader) -> None:
    stay, courier = await reader.scene.issued(), reader.member(Role.COURIER)
    grant = await reader.scene.of("SELECT id FROM carrier_grant WHERE tenant_id = $1", reader.scene.world.tenant)
    for how, shown in (("suspend", False), ("resume", True), ("revoke", False)):
        async with context(reader.scene.app, reader.member(Role.OWNER)).begin() as work:
            await carriers.change(work, grant, how, "unpaid")
        # Nobody has reacted: the pass is as it was.
        assert await reader.sees(stay, courier) == [("DEPOSIT", "ISSUED", shown)], how


async def test_a_grant_to_deposit_shows_no_way_to_take_out(reader: Reader) -> None:
    scene, courier = reader.scene, reader.member(Role.COURIER)
    stay = await scene.brought()
    await scene.pass_time(4 * 86400)
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    await scene.settle()
    assert ("PICKUP", "ISSUED", True) in (await reader.sees(stay, courier) or [])
    await scene.of("UPDATE carrier_grant SET operations = '{DEPOSIT}' WHERE tenant_id = $1", scene.world.tenant)
    assert ("PICKUP", "ISSUED", False) in (await reader.sees(stay, courier) or [])


async def test_until_when_a_door_may_be_opened_counts_what_the_parcel_was_brought_with(reader: Reader) -> None:
    scene, owner = reader.scene, reader.member(Role.OWNER)
    stay = await scene.brought()
    scene.show(await scene.held(stay, "PICKUP"))
    await scene.settle()
    ends = "SELECT expires_at + interval '2 minutes' FROM pass WHERE stay_id = $1 AND kind = 'DEPOSIT'"
    shown = datetime.fromisoformat((await reader.node(stay, owner))["usableUntil"])
    assert abs(shown - await scene.of(ends, stay)) < timedelta(seconds=1)
    await scene.of("UPDATE pass SET expires_at = now() - interval '1 second' WHERE stay_id = $1", stay)
    assert (await reader.node(stay, owner))["usableUntil"] is None
