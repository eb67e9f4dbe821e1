"""Tries Harbor's contract operation by operation against a real account."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from adapters.checking import Place
from adapters.harbor import wire
from adapters.harbor.client import HarborClient
from adapters.harbor.settings import Options
from adapters.paths import fill
from adapters.payload import WrongShape
from app.devices.port import (
    AccessKind,
    BankState,
    Check,
    ContractBroken,
    Order,
    OrderKind,
    Receipt,
    Refused,
    VendorWord,
)

T = TypeVar("T")
# Short: whatever is reserved by a check keeps a locker from its users.
TRIED = timedelta(seconds=30)
PATIENCE = timedelta(seconds=10)
HOW = "Correct paths."


class Asked(Protocol):
    """What a check needs of the adapter."""

    async def list_banks(self) -> tuple[BankState, ...]: ...

    async def read_bank(self, bank: str) -> BankState: ...

    async def assigned(self) -> tuple[wire.LockerObject, ...]: ...

    async def send(self, order: Order) -> Receipt: ...

    async def find_access(self, order: Order, reference: str) -> Receipt | None: ...


def every_check(client: HarborClient, adapter: Asked, bank: str | None, options: Options) -> tuple[Check, ...]:
    """`bank`: the tower to try; without one the first that is listed."""
    paths, place = client.paths, Place(adapter, bank)

    def reads(path: str, read: Callable[[Any], Any]) -> Callable[[], Awaitable[str]]:
        async def run() -> str:
            return _said(read, await client.read(path))

        return run

    def at_location(path: str, read: Callable[[Any], Any]) -> Callable[[], Awaitable[str]]:
        """That of the settings, or else the first there is."""

        async def run() -> str:
            location = options.location
            if location is None:
                known = wire.locations(await client.read(paths.locations) or [])
                location = known[0].id if known else None
            if location is None:
                raise Refused("the account has no location", reason="NO_LOCATION")
            return _said(read, await client.read(fill(path, location=str(location))))

        return run

    async def token() -> str:
        await client.ask(paths.test_token)
        return "the token is taken"

    async def towers() -> str:
        found = await place.banks()
        return f"{len(found)} towers, {sum(len(each.units) for each in found)} lockers"

    found = [
        Check("token", token, "Check token_url, client_id, client_secret and scope."),
        Check("locations", reads(paths.locations, wire.locations), "Correct paths.locations."),
        Check("locker types", reads(paths.locker_types, wire.a_list), "Correct paths.locker_types; it is inferred."),
        Check("assigned lockers", reads(paths.assigned, wire.lockers), "Correct paths.assigned, or ask for the scope."),
        Check("towers of the locations", towers, "Correct paths.location_lockers, or set location_id."),
    ]
    found += [
        Check("lockers of a location", at_location(paths.location_lockers, wire.lockers), f"{HOW}location_lockers."),
        Check(
            "availability", at_location(paths.location_availability, wire.availability), f"{HOW}location_availability."
        ),
    ]
    chooses = options.links == "both"
    found += [*_at_tower(adapter, place, chooses=chooses), *_on_the_way_out(client, adapter, place, options)]
    return tuple(found)


def _at_tower(adapter: Asked, place: Place, *, chooses: bool) -> list[Check]:
    """`chooses`: drop-offs are by links, for a locker that the vendor picks."""

    async def lockers() -> str:
        state = await adapter.read_bank(await place.bank())
        strange = f", {len(state.unmapped)} things without a word" if state.unmapped else ""
        return f"{len(state.units)} lockers{strange}"

    async def reservation() -> str:
        bank, unit = await _free(adapter, place)
        await adapter.send(_order(OrderKind.RESERVE, bank, unit))
        if not (await adapter.send(_order(OrderKind.RELEASE, bank, unit))).released:
            raise ContractBroken("the reservation's id is nowhere: it cannot be cancelled and runs out by itself")
        return f"locker {unit} was reserved and cancelled"

    async def pair() -> str:
        bank, unit = await _free(adapter, place)
        receipt = await adapter.send(_order(OrderKind.ISSUE_ACCESS, bank, unit))
        back = await _given_back(adapter, bank, unit)
        assert receipt.access is not None, "an issued access comes with its receipt"
        return f"locker {unit} was rented and given up; {back}"

    async def link() -> str:
        bank, unit = await _free(adapter, place)
        order = _order(OrderKind.ISSUE_ACCESS, bank, unit)
        receipt = await adapter.send(order)
        assert receipt.access is not None, "an issued access comes with its receipt"
        assert receipt.unit is not None, "a link names its locker"
        kept = await adapter.find_access(order, receipt.access.reference or "")
        back = await _given_back(adapter, bank, receipt.unit)
        if kept is None or kept.unit != receipt.unit:
            raise ContractBroken("the link that was made is not found by its id")
        return f"locker {receipt.unit} was picked, its link found again and given up; {back}"

    link_ = Check("drop-off link", link, f"{HOW}dropoff_link and paths.open_request.", writes=True)
    read = Check("lockers", lockers, "Check the tower's id and paths.lockers.")
    if chooses:
        return [read, link_]
    return [
        read,
        Check("reserve and cancel", reservation, "Correct paths.reserve and paths.cancel.", writes=True),
        Check("drop-off token", pair, f"{HOW}dropoff_token and paths.release.", writes=True),
    ]


def _on_the_way_out(client: HarborClient, adapter: Asked, place: Place, options: Options) -> list[Check]:
    """What is handed out here is thrown away: nobody gets it, and it dies by itself."""

    async def occupied() -> tuple[str, str]:
        bank = await place.bank()
        for each in await adapter.assigned():
            if each.word is VendorWord.OCCUPIED and each.tower in {None, bank.lower()}:
                return bank, each.id
        raise Refused("no locker of ours has anything in it to try with", reason="NO_OCCUPIED_UNIT")

    async def pickup_token() -> str:
        bank, unit = await occupied()
        path = fill(client.paths.pickup_token, tower=bank.lower(), locker=unit)
        body = {"duration": int(TRIED.total_seconds()), "client_info": options.client_info}
        _said(lambda answer: [wire.token_pair(answer)], await client.write(uuid4(), "POST", path, body, PATIENCE))
        return f"a token for locker {unit} was issued, and thrown away"

    async def pickup_link() -> str:
        bank, unit = await occupied()
        receipt = await adapter.send(_order(OrderKind.ISSUE_ACCESS, bank, unit, AccessKind.PICKUP))
        assert receipt.access is not None, "an issued access comes with its receipt"
        return f"a link for locker {unit} was made, and thrown away; it is good for five minutes"

    put = "put something into a locker first"
    found = [Check("pick-up token", pickup_token, f"{HOW}pickup_token; {put}.", writes=True)]
    if options.links != "none":
        found.append(Check("pick-up link", pickup_link, f"{HOW}pickup_link; {put}.", writes=True))
    return found


async def _given_back(adapter: Asked, bank: str, unit: str) -> str:
    """Given up twice: what was made for it is in nobody's phone, so it need not wait until that is dead."""
    if (await adapter.send(_order(OrderKind.RELEASE, bank, unit))).released:
        return "it is free"
    try:
        again = await adapter.send(_order(OrderKind.RELEASE, bank, unit))
    except Refused:
        return "it is free once a phone has come by"
    return "it is free" if again.released else "it is free once a phone has come by"


async def _free(adapter: Asked, place: Place) -> tuple[str, str]:
    """A tower, and a locker there that may be tried."""
    bank = await place.bank()
    for unit in (await adapter.read_bank(bank)).units:
        if unit.word is VendorWord.AVAILABLE:
            return bank, unit.id
    raise Refused("no locker is available to try with", reason="NO_AVAILABLE_UNIT")


def _order(kind: OrderKind, bank: str, unit: str, access: AccessKind = AccessKind.DEPOSIT) -> Order:
    until, given = datetime.now(UTC) + TRIED, access if kind is OrderKind.ISSUE_ACCESS else None
    return Order(uuid4(), kind, bank, unit, PATIENCE, expires_at=until, access=given)


def _said(read: Callable[[Any], Any], answer: Any) -> str:
    if answer is None:
        raise Refused("answered 404", reason="UNKNOWN_PATH")
    try:
        found = read(answer)
    except WrongShape as error:
        raise ContractBroken(str(error)) from error
    rows = found[0] if found and isinstance(found[0], tuple) else found
    return f"{len(rows)} found"
