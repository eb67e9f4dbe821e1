"""What must hold after every step of every history, and once its faults are over."""

import asyncio
from collections import Counter
from typing import Any, ClassVar
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine, invariant

from app.devices.port import OrderKind
from app.kit.db import Database
from app.stays.model import USE, State
from tenants.verification.service import Trust, verify_database
from tests.app import seeded
from tests.app.scene import Scene

_EARLY = """SELECT count(*) FROM stay s JOIN command o ON o.stay_id = s.id AND o.kind = 'OPEN'
  WHERE s.tenant_id = $1 AND s.state = 'RELEASED' AND o.purpose = 'DEPOSIT' AND NOT o.settled
  AND o.state IN ('SENT', 'UNCONFIRMED')"""


class Promises(RuleBasedStateMachine):
    """A scene in which something happens. `inside`: what really lies behind each door. `states`: of all stays, as they
    were after the last step. `missed`: how often in a row the bank was asked in vain."""

    runner: ClassVar[asyncio.Runner]
    worker: ClassVar[Database]
    admin: ClassVar[Database]

    def on(self, scene: Scene, wire: seeded.Around, *, books: bool) -> None:
        self.scene, self.wire, self.books = scene, wire, books
        self.missed = 0
        self.inside: dict[UUID, UUID] = {}
        self.over: set[UUID] = set()
        self.states: dict[UUID, State] = {}

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @invariant()
    def what_must_hold(self) -> None:
        self.run(self._check())

    async def _check(self) -> None:
        tenant, hardware = self.scene.world.tenant, self.scene.hardware
        assert max(Counter(hardware.sent).values(), default=0) <= 1, "one command, at most one sending"
        async with self.admin.plain() as conn:
            stays = await conn.fetch("SELECT id, state, outcome, compartment_id FROM stay WHERE tenant_id = $1", tenant)
            away = await conn.fetchval("SELECT unreachable_since FROM bank WHERE tenant_id = $1", tenant)
            early = await conn.fetchval(_EARLY, tenant)
            doors = await conn.fetch("SELECT id, use, external_id FROM compartment WHERE tenant_id = $1", tenant)
            sent = await conn.fetch(
                "SELECT o.id, o.kind, o.state, o.sent_at, c.external_id FROM command o "
                "JOIN compartment c ON c.id = o.compartment_id WHERE o.tenant_id = $1 AND o.id = ANY($2)",
                tenant,
                hardware.sent,
            )
            asked = await conn.fetchval(
                "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = 'compartment:open'", tenant
            )
        assert {row["id"] for row in sent} == set(hardware.sent), "nothing is sent that was not written down"
        assert all(row["sent_at"] is not None for row in sent)
        assert asked >= sum(row["kind"] == OrderKind.OPEN for row in sent), (
            "every opening is in the audit log before it"
        )
        assert away is not None or self.missed < 5, "a bank that was asked in vain is not shown as live"
        assert not early, "a stay ended while its door might still open"
        for row in sent:
            moved = self.wire.moved.get(row["id"], set())
            assert moved <= {row["external_id"]}, "the door that opened is the one the command names"
            assert not moved or row["state"] not in {"FAILED", "EXPIRED"}, "told that it failed, and it opened"
        self.states = {row["id"]: State(row["state"]) for row in stays}
        uses = {row["compartment_id"]: USE[State(row["state"])] for row in stays if row["state"] != "RELEASED"}
        for row in doors:
            assert row["use"] == uses.get(row["id"], "FREE"), "occupancy agrees with the stays"
        for row in stays:
            assert row["id"] not in self.over or row["state"] == "RELEASED", "an ended stay came back"
            if row["state"] == "RELEASED":
                self.over.add(row["id"])
            if self.books and row["outcome"] == "COLLECTED" and self.inside.get(row["compartment_id"]) == row["id"]:
                # Without a sensor the taken order is all there is: whoever opened has taken the parcel out.
                del self.inside[row["compartment_id"]]
        free = {row["id"] for row in doors if row["use"] == "FREE"}
        assert not free & self.inside.keys(), "a compartment counted free is empty"

    async def _check_record(self) -> None:
        tenant = self.scene.world.tenant
        async with self.admin.plain() as conn:
            half = await conn.fetch("SELECT kind, state FROM command WHERE tenant_id = $1 AND NOT settled", tenant)
            stays = await conn.fetch("SELECT id, state FROM stay WHERE tenant_id = $1", tenant)
            facts = await conn.fetch(
                "SELECT sequence, kind, subject_id, payload FROM fact WHERE tenant_id = $1 ORDER BY sequence", tenant
            )
            empty = await conn.fetchval(
                "SELECT count(*) FROM stay s WHERE tenant_id = $1 AND state = 'DEPOSITED' AND NOT EXISTS "
                "(SELECT 1 FROM parcel p WHERE p.stay_id = s.id AND p.state = 'IN_LOCKER')", tenant,
            )  # fmt: skip
        assert not half, "a command is half done"
        assert {row["state"] for row in stays} <= {"RELEASED", "DEPOSITED", "DEPOSITING"}
        assert empty == 0, "a deposited stay has a parcel"
        assert [row["sequence"] for row in facts] == list(range(1, len(facts) + 1)), "the sequence is dense"
        once = Counter((row["subject_id"], row["kind"]) for row in facts if row["kind"] in {"StayHeld", "StayReleased"})
        assert max(once.values(), default=1) == 1, "what happened once is told once"
        last = {row["subject_id"]: row["payload"]["state"] for row in facts if row["kind"].startswith("Stay")}
        assert last == {row["id"]: row["state"] for row in stays}, "every move is a fact"
        reports = await verify_database(self.worker, Trust({}, ()), tenant=tenant)
        assert all(report.ok for report in reports), "the chain of the audit log holds"
