"""Our words to Harbor's and back. No I/O: what is sent and what silence means is the client's."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from adapters.harbor import answers, settings, wire
from adapters.harbor.checks import every_check
from adapters.harbor.client import HarborClient
from adapters.harbor.settings import ENVIRONMENTS, PICKUP_TOKEN, PRESENT, REDACT, Options
from adapters.paths import fill
from adapters.payload import WrongShape, beforehand, decode, shaped
from app.devices.port import (
    Ability,
    Access,
    AccessKind,
    Adapter,
    Ambiguous,
    BankState,
    Capability,
    Check,
    Connection,
    ContractBroken,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Pushed,
    Receipt,
    Refused,
    SizeCount,
    Timing,
    Unit,
    Unsupported,
    Vendor,
    VendorWord,
)

W = VendorWord
Now = Callable[[], datetime]

_EMPTY = frozenset({W.AVAILABLE, W.RESERVED, W.RENTED, W.DECLINED})
NO_HINTS: tuple[DoorHint, ...] = ()
_utc_now = partial(datetime.now, UTC)


class HarborAdapter:
    """One connection to the vendor's cloud; a bank is a tower, a unit a locker by its id."""

    vendor = "harbor"
    evidence_ceiling = Evidence.E2
    redact = REDACT

    def __init__(self, client: HarborClient, options: Options, poll: timedelta, now: Now = _utc_now) -> None:
        self._client, self._options, self._now = client, options, now
        # Kept for telling how long a locker may still be opened, and how to cancel; the vendor's books know them too.
        self._live: dict[tuple[str, str], datetime] = {}
        self._reservations: dict[tuple[str, str], str] = {}
        # Settle: books change at once when they are asked to; only doors are late, and no order of ours opens one.
        self.timing = Timing(timedelta(seconds=10), timedelta(seconds=15), poll, poll)

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        now = Ability.FAILING if self._client.breaker.failing else Ability.WORKS
        linked, assigns = self._options.links != "none", self._options.links == "both"
        chosen = {
            Capability.PUSH_EVENTS: self._options.pushes,
            Capability.KEYPAD_CODE: self._options.keypad and linked and self._options.pushes,
            Capability.VENDOR_ASSIGNS_UNIT: assigns,
            # A locker that we reserved would be another one than the link is for.
            Capability.VENDOR_RESERVATION: not assigns,
        }
        return {each: now if each in PRESENT or chosen.get(each) else Ability.ABSENT for each in Capability}

    async def list_banks(self) -> tuple[BankState, ...]:
        found = []
        for place in await self._places():
            path = fill(self._client.paths.location_lockers, location=str(place.id))
            lockers, broken = shaped(wire.lockers, await self._client.read(path) or [])
            towers = {each.tower: None for each in lockers if each.tower}
            for tower in towers:
                here = [each for each in lockers if each.tower == tower]
                found.append(answers.state(tower, here, broken, self._options, self._now(), place))
        if self._options.links == "both" and len(found) > 1:
            words = f"the vendor picks lockers for links among {len(found)} towers: links: both needs a location of one"
            raise Refused(words, reason="SEVERAL_TOWERS")
        return tuple(found)

    async def _places(self) -> tuple[wire.LocationObject, ...]:
        """Of every location of the vendor's, or the one that the connection is for."""
        only, paths = self._options.location, self._client.paths
        if only is None:
            return shaped(wire.locations, await self._client.read(paths.locations) or [])
        answer = await self._client.read(fill(paths.location, location=str(only)))
        if answer is None:
            raise Refused(f"no location {only}", reason="UNKNOWN_LOCATION")
        return shaped(wire.locations, [answer])

    async def read_bank(self, bank: str) -> BankState:
        return answers.state(bank, *await self._books(bank), self._options, self._now())

    async def read_unit(self, bank: str, unit: str) -> Unit:
        """What the books say. The tower itself is heard only when a phone has synchronised with it."""
        for each in (await self.read_bank(bank)).units:
            if each.id == unit:
                return each
        raise Refused(f"no locker {unit} in tower {bank}", reason="UNKNOWN_UNIT")

    async def assigned(self) -> tuple[wire.LockerObject, ...]:
        """The lockers that are ours now."""
        return shaped(wire.lockers, await self._client.read(self._client.paths.assigned) or [])[0]

    async def sizes(self, bank: str) -> tuple[SizeCount, ...]:
        by: dict[str, list[Unit]] = {}
        for unit in (await self.read_bank(bank)).units:
            by.setdefault(unit.size or "?", []).append(unit)
        free = {size: sum(unit.word is W.AVAILABLE for unit in same) for size, same in by.items()}
        low = {size: sum(unit.accessible is True for unit in same) for size, same in by.items()}
        return tuple(SizeCount(size, len(by[size]), free[size], low[size]) for size in sorted(by))

    async def send(self, order: Order) -> Receipt:
        try:
            if order.kind is OrderKind.RESERVE:
                return await self._reserve(order)
            if order.kind is OrderKind.ISSUE_ACCESS:
                return await self._issue(order)
            if order.kind is OrderKind.RELEASE:
                return await self._release(order)
        except WrongShape as error:
            raise Ambiguous(f"the answer made no sense: {error}") from error
        raise Unsupported(f"a tower opens to what a phone carries; it takes no {order.kind}")

    async def find_access(self, order: Order, reference: str, made: datetime | None = None) -> Receipt | None:
        path = fill(self._client.paths.open_request, request=reference)
        if (answer := await self._client.read(path)) is None:
            return None
        request, since = shaped(wire.open_request, answer), made or self._now()
        found = shaped(lambda given: answers.linked(order, self._tower(order.bank), given, since), request)
        # Its locker is anybody's by then, though the vendor goes on telling of the link.
        return found if found.access and found.access.expires_at > self._now() else None

    async def hints(self) -> AsyncIterator[DoorHint]:
        for hint in NO_HINTS:
            yield hint

    async def close(self) -> None:
        await self._client.close()

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        """Every operation that can be tried. A drop-off is begun and called off, hence it writes."""
        return every_check(self._client, self, bank, self._options)

    def _tower(self, bank: str) -> str:
        tower = tower_id(bank)
        expected = ENVIRONMENTS.get(self._options.environment or "")
        if expected and not tower.startswith(expected):
            raise Refused(f"tower {tower} is not of the {self._options.environment}", reason="WRONG_ENVIRONMENT")
        return tower

    def _path(self, template: str, order: Order, **more: str) -> str:
        return fill(template, tower=self._tower(order.bank), locker=order.unit, **more)

    async def _reserve(self, order: Order) -> Receipt:
        body, path = {"duration": self._seconds(order)}, self._path(self._client.paths.reserve, order)
        # Where the answer is lost, the id of an earlier one would be taken for this one's.
        self._reservations.pop((order.bank, order.unit), None)
        answer = await self._client.write(order.id, "POST", path, body, order.deadline)
        if found := wire.reservation_id(answer):
            self._reservations[order.bank, order.unit] = found
        return Receipt(Outcome.ACCEPTED)

    async def _issue(self, order: Order) -> Receipt:
        kind = order.access or AccessKind.DEPOSIT
        if self._options.links == "both" or (self._options.links == "pickup" and kind is AccessKind.PICKUP):
            return await self._issue_link(order, kind)
        paths, seconds, pickup = self._client.paths, self._seconds(order), kind is AccessKind.PICKUP
        own = pickup and self._options.pickup_mode == PICKUP_TOKEN
        if pickup and not own and (await beforehand(self.read_unit(order.bank, order.unit))).word in _EMPTY:
            # The pair of a drop-off would rent the empty locker for as long as it lives.
            raise Refused("it was taken out meanwhile: nothing is inside", reason="NOT_OCCUPIED")
        path = self._path(paths.pickup_token if own else paths.dropoff_token, order)
        body = {"duration": seconds, "client_info": self._options.client_info}
        pair = wire.token_pair(await self._client.write(order.id, "POST", path, body, order.deadline))
        self._reservations.pop((order.bank, order.unit), None)
        # Counted from the answer: the vendor may have begun to count at any moment since the question.
        until = self._now() + timedelta(seconds=seconds)
        self._live[order.bank, order.unit] = max(until, self._live.get((order.bank, order.unit), until))
        access = Access(kind, until, pair.id, pair.payload, pair.payload_auth)
        return Receipt(Outcome.ACCEPTED, unit=order.unit, access=access)

    async def _issue_link(self, order: Order, kind: AccessKind) -> Receipt:
        options, paths, tower = self._options, self._client.paths, self._tower(order.bank)
        # Echoed in events: by it a link whose answer was lost is found again.
        body: dict[str, object] = {"returnUrl": "", "clientInfo": options.client_info}
        body["payload"] = {"order": str(order.id)}
        if options.keypad:
            body |= {"keypadIntent": "pickup", "persistKeypadCode": False}
        if kind is AccessKind.PICKUP:
            number = int(order.unit) if order.unit.isdecimal() else order.unit
            path, body = paths.pickup_link, body | {"lockerId": number}
        else:
            # The vendor picks the locker; ours is an example of its type, and of its height where it is a low one.
            like = next((each for each in (await beforehand(self._books(tower)))[0] if each.id == order.unit), None)
            if options.location is None or like is None or like.type_id is None:
                raise Refused("a drop-off link needs location_id and a locker type", reason="INCOMPLETE_ORDER")
            path, low = paths.dropoff_link, like.low is True
            body |= {"locationId": options.location, "lockerTypeId": like.type_id, "requireLowLocker": low}
        request = wire.open_request(await self._client.write(order.id, "POST", path, body, order.deadline))
        return answers.linked(order, tower, request, self._now())

    async def _release(self, order: Order) -> Receipt:
        """Cancel what is reserved; give up what is rented, whose token may still work; free what is occupied."""
        place = (order.bank, order.unit)
        word = (await beforehand(self.read_unit(*place))).word
        if word is W.OCCUPIED and order.deposited is False:
            raise Refused("something was put in meanwhile", reason="OCCUPIED")
        if word is W.AVAILABLE:
            return Receipt(Outcome.ACCEPTED, "it was free already", released=True)
        if word is W.RESERVED:
            reservation = self._reservations.get(place)
            mine = () if reservation else await beforehand(self.assigned())
            reservation = reservation or next((each.reservation for each in mine if each.id == order.unit), None)
            if reservation is None:
                words = "the reservation's id is nowhere, so it stays until it runs out"
                return Receipt(Outcome.ACCEPTED, words, released=False)
            path = self._path(self._client.paths.cancel, order, reservation=reservation)
            await self._client.write(order.id, "DELETE", path, None, order.deadline)
            self._reservations.pop(place, None)
            return Receipt(Outcome.ACCEPTED, released=True)
        path = self._path(self._client.paths.release, order)
        after = wire.locker(await self._client.write(order.id, "POST", path, {}, order.deadline)).word
        if after is W.AVAILABLE and word is W.RENTED and order.deposited is False:
            # What is rented becomes declined; only what was occupied by then becomes free at once.
            raise Refused("something was put in meanwhile, and its vendor has it free now", reason="FREED_FULL")
        if after is W.AVAILABLE:
            self._live.pop(place, None)
            return Receipt(Outcome.ACCEPTED, released=True)
        words = "given up; what was handed out may still open it"
        return Receipt(Outcome.ACCEPTED, words, released=False, usable_until=self._live.get(place))

    async def _books(self, bank: str) -> tuple[tuple[wire.LockerObject, ...], tuple[str, ...]]:
        tower = self._tower(bank)
        answer = await self._client.read(fill(self._client.paths.lockers, tower=tower))
        if answer is None:
            raise Refused(f"no tower {tower}", reason="UNKNOWN_BANK")
        lockers, broken = shaped(wire.lockers, answer)
        if any(each.tower not in {None, tower} for each in lockers):
            raise ContractBroken(f"asked for tower {tower}, the answer is about another")
        return lockers, broken

    def _seconds(self, order: Order) -> int:
        """How long until the order's expiry. Every second more keeps the locker from everybody else."""
        if order.expires_at is None:
            raise Refused("a reservation or token needs an expiry", reason="INCOMPLETE_ORDER")
        left = int(min(order.expires_at - self._now(), self._options.longest).total_seconds())
        if left < 1:
            raise Refused("its time is over", reason="EXPIRED")
        return left


def receive(connection: Connection, headers: Mapping[str, str], body: bytes) -> tuple[Pushed, ...]:
    """One event of the vendor. Its words are not believed: the books are read again."""
    header, scheme, secret = settings.signing(connection)
    if not secret or not wire.signed(scheme, secret, body, headers.get(header, "")):
        raise Refused("not signed as agreed", reason="BAD_SIGNATURE")
    each = shaped(lambda given: wire.event(decode(given)), body)
    told = (each.key, each.kind, each.tower, each.at, each.locker, each.word, each.about, each.what, each.order)
    return (Pushed(*told, keypad_code=each.keypad_code),)


def tower_id(bank: str) -> str:
    """In lower case, as the vendor wants it in its paths."""
    tower = bank.lower()
    if not wire.TOWER.fullmatch(tower):
        raise Refused("a tower's id has 16 hexadecimal digits", reason="UNKNOWN_BANK")
    return tower


def connect(connection: Connection) -> Adapter:
    access, paths, options, poll = settings.read(connection)
    return HarborAdapter(HarborClient(access, paths), options, poll)


VENDOR = Vendor(
    name="harbor",
    title="Harbor Lockers (towers)",
    address_help="https://api.harborlockers.com, or https://api.sandbox.harborlockers.com",
    connect=connect,
    read=settings.read,
    receive=receive,
    settings=settings.SETTINGS,
    bank_id=tower_id,
)
