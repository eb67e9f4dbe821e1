"""A machine that lives the life of parcels on the real core: hardware lies, processes die, and invariants must hold."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from app.access import service as access
from app.access.service import Collect
from app.devices.port import Door, Order
from app.kit.db import Database
from app.kit.errors import LockyardError
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import jobs, service
from app.stays.model import RELEASES, State, StayOutcome
from tenants.model import Role
from tenants.work import Replay
from tests.app import seeded
from tests.app.promises import Promises
from tests.app.rig import BOOKS, SENSOR, actor, context, snapshot
from tests.app.scene import make_scene

T = TypeVar("T")
FATES = ("", "", "lost", "cut", "no", "away", "before", "after")
TRACKINGS = ("A", "B", "C", "D")
WAITING = (State.HELD, State.DEPOSITING)
INSIDE = (State.DEPOSITED, State.COLLECTING)


# Which one, and whether of all or of those for which the act means something. Numbers, not the things themselves: which
# door is given out is the database's choice, and what is drawn may not depend on it.
WHICH = st.tuples(st.integers(0, 11), st.sampled_from([False, False, True]))
Which = tuple[int, bool]


def chosen(which: Which, fit: Sequence[T], every: Sequence[T]) -> T:
    """Mostly one of `fit`; but what is refused must be met too."""
    number, odd = which
    among = every if odd or not fit else fit
    return among[number % len(among)]


class Crash(BaseException):
    """The process dies here."""


class Life(Promises):
    """Couriers, recipients and staff act. `bug`: a part that is wrong."""

    bug: ClassVar[str] = ""
    app: ClassVar[Database]

    @initialize(
        books=st.booleans(),
        out=st.none() | st.integers(0, 2),
        brought=st.lists(st.sampled_from(FATES), max_size=2),
    )
    def begin(self, books: bool, out: int | None, brought: list[str]) -> None:
        """Not always a new house: a door may be out of service, and parcels have come, each with its luck. A bug then
        needs one more step to show, not the three or four that lead there."""
        app, worker = seeded.database(self.bug, self.app), seeded.database(self.bug, self.worker)
        scene = self.run(make_scene(app, worker, self.admin, BOOKS if books else SENSOR))
        self.on(scene, seeded.ADAPTERS.get(self.bug, seeded.Around)(scene.hardware), books=books)
        scene.drive.hardware = self.wire
        scene.hardware.on_send = self._sending
        self.units = {door: f"{number:03}" for number, door in enumerate(scene.world.doors, 1)}
        self.codes = seeded.pickup_codes(self.bug, scene.now.monotonic)
        self.doom, self.revoked = "", False
        self.out: set[UUID] = set()
        self.stays: dict[UUID, str] = {}
        self.keys: dict[str, tuple[str, UUID]] = {}
        self.known: dict[UUID, str] = {}
        if out is not None:
            self.a_door_goes_out_of_service_or_comes_back(out, out=True)
        for fate in brought:
            self._bring(fate)

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

    def _in(self, *states: State) -> list[UUID]:
        return [stay for stay in self.stays if self.states.get(stay) in states]

    def _state(self, stay: UUID) -> str:
        state: str = self.run(self.scene.stay(stay))[0]
        return state

    def _door(self, stay: UUID) -> Any:
        return self.run(self.scene.of("SELECT compartment_id FROM stay WHERE id = $1", stay))

    # --- people ----------------------------------------------------------------------------------------------------

    @rule(
        tracking=st.sampled_from(TRACKINGS),
        key=st.sampled_from(["k1", "k2", "k3"]),
        again=st.sampled_from([*TRACKINGS, None]),
    )
    def reserve(self, tracking: str, key: str, again: str | None) -> None:
        """`again`: whoever asked does not wait for the answer, and asks for this one with the same key."""
        self._reserve(tracking, key)
        if again is not None:
            self._reserve(again, key)

    def _reserve(self, tracking: str, key: str) -> None:
        world = self.scene.world
        ask = ReserveCompartment(world.bank, Size.M, tracking, recipient_id=world.recipient)
        stay = self._try(Role.COURIER, reserving.reserve, ask, key=(key, "reserve", {"t": tracking}))
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

    def _place(self) -> UUID | None:
        """Set aside for a parcel that nobody has asked for yet."""
        world, tracking = self.scene.world, f"P{len(self.stays)}"
        ask = ReserveCompartment(world.bank, Size.M, tracking, recipient_id=world.recipient)
        stay = self._try(Role.COURIER, reserving.reserve, ask)
        if stay is not None:
            self._got(stay, tracking)
        return stay

    @rule(fate=st.sampled_from(FATES))
    def a_parcel_is_brought(self, fate: str) -> None:
        self._bring(fate)

    def _bring(self, fate: str) -> None:
        """All the way, where nothing stands in it: a history without deposits proves little."""
        stay = self._place()
        if stay is None:
            return
        self._work()
        self._try(Role.COURIER, access.open_compartment, access.OpenCompartment(self._door(stay), "to deposit"))
        self._meet(fate, at_once=True)
        if self._state(stay) == "DEPOSITING":
            self._deposit(stay)
            self.doors_are_shut()
            self.known[stay] = self._code(stay) or "no code"

    @rule(which=WHICH, fate=st.sampled_from(FATES), at_once=st.sampled_from([True, True, False]))
    @precondition(lambda self: bool(self.stays))
    def courier_opens(self, which: Which, fate: str, at_once: bool) -> None:
        stay = chosen(which, self._in(*WAITING), [*self.stays])
        ask = access.OpenCompartment(self._door(stay), "to deposit")
        self._try(Role.COURIER, access.open_compartment, ask)
        self._meet(fate, at_once)

    def _meet(self, fate: str, at_once: bool) -> None:
        """What becomes of the next order: the hardware's doing, or the death of the process that sends it."""
        self.doom = fate if fate in {"before", "after"} else ""
        self.scene.hardware.fates = [fate] if fate in {"lost", "cut", "no", "away"} else []
        if at_once:
            self._work()

    @rule(which=WHICH)
    @precondition(lambda self: bool(self.stays))
    def courier_deposits(self, which: Which) -> None:
        self._deposit(chosen(which, self._in(State.DEPOSITING), [*self.stays]))

    def _deposit(self, stay: UUID) -> None:
        if self._state(stay) == "DEPOSITING":
            door = self._door(stay)
            assert self.inside.get(door, stay) == stay, "two parcels behind one door"
            done = self._try(Role.COURIER, service.confirm_deposit, stay, None, self.codes)
            assert done == (None if self.revoked else stay), "who may deposit does, and nobody else"
            if done:
                self.inside[door] = stay

    @rule(
        which=WHICH,
        of=st.sampled_from(["its own", "its own", "any", "none"]),
        fate=st.sampled_from(FATES),
        at_once=st.sampled_from([True, True, False]),
    )
    @precondition(lambda self: bool(self.stays))
    def recipient_collects(self, which: Which, of: str, fate: str, at_once: bool) -> None:
        """With the code of some stay, mostly the right one, or with none that ever was."""
        stay = chosen(which, self._in(*INSIDE), [*self.stays])
        for code in filter(None, [self._code(stay)]):
            self.known[stay] = code
        code = "no such code"
        if of == "its own":
            code = self.known.get(stay, code)
        elif of == "any" and self.known:
            code = chosen(which, [], [*self.known.values()])
        before = self._state(stay)
        command = self._try(Role.RECIPIENT, access.collect, Collect(stay, code), self.codes)
        right = code == self.known.get(stay) and before in {"DEPOSITED", "COLLECTING"}
        assert command is None or right, "a wrong or dead code opened"
        self._meet(fate, at_once)

    def _code(self, stay: UUID) -> str | None:
        sealed = self.run(self.scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
        return self.codes.show(stay, sealed) if sealed else None

    @rule(which=WHICH)
    def somebody_guesses(self, which: Which) -> None:
        """At a parcel; where none waits, one is brought."""
        if not self._in(State.DEPOSITED):
            self._bring("")
        stays = [stay for stay in self.stays if self._state(stay) == "DEPOSITED"]
        stay = stays[which[0] % len(stays)] if stays else None
        code = self._code(stay) if stay else None
        if stay is None or code is None:
            return
        for _ in range(6):
            assert self._try(Role.RECIPIENT, access.collect, Collect(stay, "no such code"), self.codes) is None
        command = self._try(Role.RECIPIENT, access.collect, Collect(stay, code), self.codes)
        assert command is None, "six wrong codes in a row lock the door for a while"

    @rule(revoked=st.booleans())
    def the_carrier_loses_or_gets_its_grant(self, revoked: bool) -> None:
        self.revoked = revoked
        state = "REVOKED" if revoked else "ACTIVE"
        self._write("UPDATE carrier_grant SET state = $1 WHERE tenant_id = $2", state, self.scene.world.tenant)

    @rule(number=st.integers(0, 2), out=st.booleans())
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

    @rule(which=WHICH, how=WHICH)
    @precondition(lambda self: bool(self.stays))
    def staff_releases(self, which: Which, how: Which) -> None:
        stay = chosen(which, self._in(*set(State) - {State.RELEASED}), [*self.stays])
        fit = [each for each in StayOutcome if self.states[stay] in RELEASES[each]]
        # That one is time's alone, wherever the stay stands.
        outcome = chosen(how, [*fit, StayOutcome.EXPIRED_UNUSED], [*StayOutcome])
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
    def process_dies(self) -> None:
        self._die()

    @rule(away=st.booleans(), looks=st.sampled_from([0, 1, 5]))
    def network(self, away: bool, looks: int) -> None:
        self.scene.hardware.away = away
        for _ in range(looks):
            self._work()

    @rule(seconds=st.sampled_from([0.3, 4.0, 35.0, 3700.0]), at_work=st.booleans())
    def time_passes(self, seconds: float, at_work: bool) -> None:
        self.scene.now.pass_(seconds)
        if at_work:
            self._work()
        self._expire()

    def _expire(self) -> None:
        self.run(jobs.expire(self.worker, self.scene.drive.system, self.scene.now))
        self.run(seeded.wrong_job(self.bug, self.admin, self.scene.world.tenant, self.scene.now()))

    @rule(ran_out=st.booleans())
    def the_wall_clock_is_set_back(self, ran_out: bool) -> None:
        """`ran_out`: when a reservation that nobody came for is just over."""
        if ran_out:
            self._place()
            self.time_passes(3700.0, at_work=False)
        self.scene.now.at = self.scene.now.at.replace(year=self.scene.now.at.year - 1)
        self._expire()
        self.scene.now.at = self.scene.now.at.replace(year=self.scene.now.at.year + 1)

    @rule()
    def doors_are_shut(self) -> None:
        """Recipients take what is theirs; then the doors fall shut and the poller sees it."""
        for door, unit in self.units.items():
            cell = self.scene.hardware.cells[unit]
            owner = self.inside.get(door)
            if cell.door is Door.OPEN and owner is not None and self._state(owner) == "COLLECTING":
                del self.inside[door]
            cell.door = Door.CLOSED
        self._work()

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
