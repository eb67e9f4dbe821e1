"""A machine that lives the life of parcels on the real core: hardware lies, processes die, and invariants must hold."""

import asyncio
from collections import Counter
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.access import service as access
from app.access.service import Collect
from app.devices.port import Door, Order, OrderKind
from app.kit.db import Database
from app.kit.errors import LockyardError
from app.lockers.model import Size
from app.stays import jobs, service
from app.stays.model import USE, State, StayOutcome
from app.stays.service import ReserveCompartment
from tenants.model import Role
from tenants.verification.service import Trust, verify_database
from tenants.work import Replay
from tests.app import seeded
from tests.app.rig import BOOKS, SENSOR, actor, context, snapshot
from tests.app.scene import Scene, make_scene

_EARLY = """SELECT count(*) FROM stay s JOIN command o ON o.stay_id = s.id AND o.kind = 'OPEN'
  WHERE s.tenant_id = $1 AND s.state = 'RELEASED' AND o.purpose = 'DEPOSIT' AND NOT o.settled
  AND o.state IN ('SENT', 'UNCONFIRMED')"""
FATES = ("", "", "lost", "cut", "no", "away", "before", "after")


class Crash(BaseException):
    """The process dies here."""


class Life(RuleBasedStateMachine):
    """Couriers, recipients and staff act. `inside`: what really lies behind each door. `bug`: a part that is wrong."""

    bug: ClassVar[str] = ""
    runner: ClassVar[asyncio.Runner]
    app: ClassVar[Database]
    worker: ClassVar[Database]
    admin: ClassVar[Database]

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(books=st.booleans())
    def begin(self, books: bool) -> None:
        self.books = books
        app, worker = seeded.database(self.bug, self.app), seeded.database(self.bug, self.worker)
        self.scene: Scene = self.run(make_scene(app, worker, self.admin, BOOKS if books else SENSOR))
        self.wire = seeded.ADAPTERS.get(self.bug, seeded.Around)(self.scene.hardware)
        self.scene.drive.hardware = self.wire
        self.missed, self.revoked = 0, False
        self.out: set[UUID] = set()
        self.stays: dict[UUID, str] = {}
        self.keys: dict[str, tuple[str, UUID]] = {}
        self.inside: dict[UUID, UUID] = {}
        self.over: set[UUID] = set()
        self.known: dict[UUID, str] = {}
        self.doom = ""
        self.codes = seeded.pickup_codes(self.bug)
        self.units = {door: f"{number:03}" for number, door in enumerate(self.scene.world.doors, 1)}
        self.scene.hardware.on_send = self._sending

    def _sending(self, order: Order) -> None:
        doom, self.doom = self.doom, ""
        if doom == "before":
            raise Crash
        if doom == "after":
            self.scene.hardware._do(order)
            raise Crash

    def _try(
        self, role: Role, act: Any, *given: Any, key: tuple[str, str, dict[str, Any]] | None = None
    ) -> UUID | None:
        """What came of it; a refusal is fine, and must change nothing but what it says it changes."""

        async def go() -> UUID | None:
            try:
                spent = seeded.key(self.bug, *key) if key else None
                async with context(self.scene.app, actor(self.scene.world, role), self.scene.now).begin(spent) as work:
                    id_: UUID = await act(work, *given)
                    work.answer = ("Stay", id_)
                return id_
            except Replay as replay:
                return replay.answer[1]
            except LockyardError:
                return None

        found: UUID | None = self.run(go())
        if found is not None:
            there = "SELECT EXISTS (SELECT FROM stay WHERE id = $1) OR EXISTS (SELECT FROM command WHERE id = $1)"
            assert self.run(self.scene.of(there, found)), "what was acknowledged is kept"
        return found

    def _state(self, stay: UUID) -> str:
        state: str = self.run(self.scene.stay(stay))[0]
        return state

    def _door(self, stay: UUID) -> Any:
        return self.run(self.scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay))

    # --- people ----------------------------------------------------------------------------------------------------

    @rule(tracking=st.sampled_from(["A", "B", "C", "D"]), key=st.sampled_from(["k1", "k2", "k3"]))
    def reserve(self, tracking: str, key: str) -> None:
        world = self.scene.world
        ask = ReserveCompartment(world.bank, Size.M, tracking, recipient_id=world.recipient)
        stay = self._try(Role.COURIER, service.reserve, ask, key=(key, "reserve", {"t": tracking}))
        if key in self.keys:
            first, answer = self.keys[key]
            assert stay == (answer if first == tracking else None), "same key same answer, other input refused"
        elif stay is not None:
            self.keys[key] = (tracking, stay)
            self._got(stay, tracking)

    def _got(self, stay: UUID, tracking: str) -> None:
        assert not self.revoked, "a carrier whose grant was revoked got a place"
        assert self._door(stay) not in self.out, "a door out of service was given out"
        self.stays[stay] = tracking

    @rule(fate=st.sampled_from(FATES))
    @precondition(lambda self: hasattr(self, "scene"))
    def a_parcel_is_brought(self, fate: str) -> None:
        """All the way, where nothing stands in it: a history without deposits proves little."""
        world, before = self.scene.world, len(self.stays)
        ask = ReserveCompartment(world.bank, Size.M, f"P{before}", recipient_id=world.recipient)
        stay = self._try(Role.COURIER, service.reserve, ask)
        if stay is None:
            return
        self._got(stay, f"P{before}")
        self._work()
        self._try(Role.COURIER, access.open_compartment, access.OpenCompartment(self._door(stay), "to deposit"))
        self._meet(fate, at_once=True)
        if self._state(stay) == "DEPOSITING":
            self._deposit(stay)
            self.doors_are_shut()
            self.known[stay] = self._code(stay) or "no code"

    @rule(data=st.data(), fate=st.sampled_from(FATES), at_once=st.sampled_from([True, True, False]))
    @precondition(lambda self: bool(getattr(self, "stays", None)))
    def courier_opens(self, data: st.DataObject, fate: str, at_once: bool) -> None:
        stay = data.draw(st.sampled_from(sorted(self.stays)))
        ask = access.OpenCompartment(self._door(stay), "to deposit")
        self._try(Role.COURIER, access.open_compartment, ask)
        self._meet(fate, at_once)

    def _meet(self, fate: str, at_once: bool) -> None:
        """What becomes of the next order: the hardware's doing, or the death of the process that sends it."""
        self.doom = fate if fate in {"before", "after"} else ""
        self.scene.hardware.fates = [fate] if fate in {"lost", "cut", "no", "away"} else []
        if at_once:
            self._work()

    @rule(data=st.data())
    @precondition(lambda self: bool(getattr(self, "stays", None)))
    def courier_deposits(self, data: st.DataObject) -> None:
        self._deposit(data.draw(st.sampled_from(sorted(self.stays))))

    def _deposit(self, stay: UUID) -> None:
        if self._state(stay) == "DEPOSITING":
            door = self._door(stay)
            assert self.inside.get(door, stay) == stay, "two parcels behind one door"
            self.inside[door] = stay
            assert self._try(Role.COURIER, service.confirm_deposit, stay, None, self.codes) == stay

    @rule(data=st.data(), fate=st.sampled_from(FATES), at_once=st.sampled_from([True, True, False]))
    @precondition(lambda self: bool(getattr(self, "stays", None)))
    def recipient_collects(self, data: st.DataObject, fate: str, at_once: bool) -> None:
        """With the code of some stay, mostly the right one, or with none that ever was."""
        stay = data.draw(st.sampled_from(sorted(self.stays)))
        for code in filter(None, [self._code(stay)]):
            self.known[stay] = code
        of = data.draw(st.sampled_from([stay, stay, *sorted(self.known), None]))
        code = self.known.get(of, "no such code") if of else "no such code"
        before = self._state(stay)
        command = self._try(Role.RECIPIENT, access.collect, Collect(stay, code), self.codes)
        right = code == self.known.get(stay) and before in {"DEPOSITED", "COLLECTING"}
        assert command is None or right, "a wrong or dead code opened"
        self._meet(fate, at_once)

    def _code(self, stay: UUID) -> str | None:
        sealed = self.run(self.scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
        return self.codes.show(stay, sealed) if sealed else None

    @rule(data=st.data())
    @precondition(lambda self: bool(getattr(self, "stays", None)))
    def somebody_guesses(self, data: st.DataObject) -> None:
        stay = data.draw(st.sampled_from(sorted(self.stays)))
        code = self._code(stay)
        if code is None or self._state(stay) != "DEPOSITED":
            return
        for _ in range(6):
            assert self._try(Role.RECIPIENT, access.collect, Collect(stay, "no such code"), self.codes) is None
        command = self._try(Role.RECIPIENT, access.collect, Collect(stay, code), self.codes)
        assert command is None, "six wrong codes in a row lock the door for a while"

    @rule(revoked=st.booleans())
    @precondition(lambda self: hasattr(self, "scene"))
    def the_carrier_loses_or_gets_its_grant(self, revoked: bool) -> None:
        self.revoked = revoked
        state = "REVOKED" if revoked else "ACTIVE"
        self._write("UPDATE carrier_grant SET state = $1 WHERE tenant_id = $2", state, self.scene.world.tenant)

    @rule(number=st.integers(0, 2), out=st.booleans())
    @precondition(lambda self: hasattr(self, "scene"))
    def a_door_goes_out_of_service_or_comes_back(self, number: int, out: bool) -> None:
        door = self.scene.world.doors[number]
        (self.out.add if out else self.out.discard)(door)
        service_ = "OUT_OF_SERVICE" if out else "IN_SERVICE"
        self._write("UPDATE compartment SET service = $1 WHERE id = $2", service_, door)

    def _write(self, sql: str, *given: object) -> None:
        async def write() -> None:
            async with self.admin.plain() as conn:
                await conn.execute(sql, *given)

        self.run(write())

    @rule(data=st.data(), outcome=st.sampled_from(sorted(StayOutcome)))
    @precondition(lambda self: bool(getattr(self, "stays", None)))
    def staff_releases(self, data: st.DataObject, outcome: StayOutcome) -> None:
        stay = data.draw(st.sampled_from(sorted(self.stays)))
        before = self.run(snapshot(self.admin)) if outcome is StayOutcome.EXPIRED_UNUSED else None
        done = self._try(Role.OWNER, service.release, stay, outcome, "by staff")
        if before is not None:
            assert done is None
            assert self.run(snapshot(self.admin)) == before, "a refusal changed something"
        if done and self._state(stay) == "RELEASED":
            # Whoever frees a door by hand takes out what is in it.
            self.inside.pop(self._door(stay), None)

    # --- hardware, processes, time ---------------------------------------------------------------------------------

    @rule()
    @precondition(lambda self: hasattr(self, "scene"))
    def worker_works(self) -> None:
        self._work()

    def _work(self) -> None:
        self.missed = self.missed + 1 if self.scene.hardware.away else 0
        try:
            self.run(self.scene.drive.work())
        except Crash:
            self._die()

    def _die(self) -> None:
        self.missed = 0
        self.scene.drive.crash()

    @rule()
    @precondition(lambda self: hasattr(self, "scene"))
    def process_dies(self) -> None:
        self._die()

    @rule(away=st.booleans())
    @precondition(lambda self: hasattr(self, "scene"))
    def network(self, away: bool) -> None:
        self.scene.hardware.away = away

    @rule(seconds=st.sampled_from([0.3, 4.0, 35.0, 3700.0]), at_work=st.booleans())
    @precondition(lambda self: hasattr(self, "scene"))
    def time_passes(self, seconds: float, at_work: bool) -> None:
        self.scene.now.pass_(seconds)
        if at_work:
            self._work()
        self._expire()

    def _expire(self) -> None:
        self.run(jobs.expire(self.worker, self.scene.drive.system, self.scene.now))
        self.run(seeded.wrong_job(self.bug, self.admin, self.scene.now()))

    @rule()
    @precondition(lambda self: hasattr(self, "scene"))
    def the_wall_clock_is_set_back(self) -> None:
        self.scene.now.at = self.scene.now.at.replace(year=self.scene.now.at.year - 1)
        self._expire()
        self.scene.now.at = self.scene.now.at.replace(year=self.scene.now.at.year + 1)

    @rule()
    @precondition(lambda self: hasattr(self, "scene"))
    def doors_are_shut(self) -> None:
        """Recipients take what is theirs; then the doors fall shut and the poller sees it."""
        for door, unit in self.units.items():
            cell = self.scene.hardware.cells[unit]
            owner = self.inside.get(door)
            if cell.door is Door.OPEN and owner is not None and self._state(owner) == "COLLECTING":
                del self.inside[door]
            cell.door = Door.CLOSED
        self._work()

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def what_must_hold(self) -> None:
        if hasattr(self, "scene"):
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

    def teardown(self) -> None:
        """Faults are over: nothing stays half done, and the record is whole."""
        if not hasattr(self, "scene"):
            return
        scene = self.scene
        scene.hardware.away, scene.hardware.fates, self.doom = False, [], ""
        self.missed = 0
        for _ in range(14):
            self.doors_are_shut()
            scene.now.pass_(5)
        scene.now.pass_(7200)
        self.run(jobs.expire(self.worker, scene.drive.system, scene.now))
        for _ in range(3):
            self.doors_are_shut()
        self.run(self._check())
        self.run(self._check_record())

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
