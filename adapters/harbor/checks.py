"""Tries Harbor's contract operation by operation against a real account."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import uuid4

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


class Asked(Protocol):
    """What a check needs of the adapter."""

    async def list_banks(self) -> tuple[BankState, ...]: ...

    async def read_bank(self, bank: str) -> BankState: ...

    async def send(self, order: Order) -> Receipt: ...

    async def find_access(self, order: Order, reference: str) -> Receipt | None: ...


def every_check(client: HarborClient, adapter: Asked, bank: str | None, options: Options) -> tuple[Check, ...]:
    """`bank`: the tower to try; without one, only what needs none."""
    paths = client.paths

    def reads(path: str, read: Callable[[Any], Any]) -> Callable[[], Awaitable[str]]:
        async def run() -> str:
            return _said(read, await client.read(path))

        return run

    async def token() -> str:
        await client.ask(paths.test_token)
        return "the token is taken"

    async def towers() -> str:
        found = await adapter.list_banks()
        return f"{len(found)} towers, {sum(len(each.units) for each in found)} lockers"

    found = [
        Check("token", token, "Check token_url, client_id, client_secret and scope."),
        Check("locations", reads(paths.locations, wire.locations), "Correct paths.locations."),
        Check("locker types", reads(paths.locker_types, wire.a_list), "Correct paths.locker_types; it is inferred."),
        Check("assigned lockers", reads(paths.assigned, wire.lockers), "Correct paths.assigned, or ask for the scope."),
        Check("towers of the locations", towers, "Correct paths.location_lockers, or set location_id."),
    ]
    if options.location is not None:
        path = fill(paths.location_availability, location=str(options.location))
        found.append(Check("availability", reads(path, wire.availability), "Correct paths.location_availability."))
    if bank is not None:
        found += _at_tower(adapter, bank, chooses=options.links == "both")
    return tuple(found)


def _at_tower(adapter: Asked, bank: str, *, chooses: bool) -> list[Check]:
    """`chooses`: drop-offs are by links, for a locker that the vendor picks."""

    async def lockers() -> str:
        state = await adapter.read_bank(bank)
        strange = f", {len(state.unmapped)} things without a word" if state.unmapped else ""
        return f"{len(state.units)} lockers{strange}"

    async def reservation() -> str:
        unit = await _free(adapter, bank)
        await adapter.send(_order(OrderKind.RESERVE, bank, unit))
        if not (await adapter.send(_order(OrderKind.RELEASE, bank, unit))).released:
            raise ContractBroken("the reservation's id is nowhere: it cannot be cancelled and runs out by itself")
        return f"locker {unit} was reserved and cancelled"

    async def pair() -> str:
        unit = await _free(adapter, bank)
        receipt = await adapter.send(_order(OrderKind.ISSUE_ACCESS, bank, unit))
        await adapter.send(_order(OrderKind.RELEASE, bank, unit))
        assert receipt.access is not None, "an issued access comes with its receipt"
        return f"locker {unit} was rented and given up; it is free once its token is dead"

    async def link() -> str:
        order = _order(OrderKind.ISSUE_ACCESS, bank, await _free(adapter, bank))
        receipt = await adapter.send(order)
        assert receipt.access is not None, "an issued access comes with its receipt"
        assert receipt.unit is not None, "a link names its locker"
        kept = await adapter.find_access(order, receipt.access.reference or "")
        await adapter.send(_order(OrderKind.RELEASE, bank, receipt.unit))
        if kept is None or kept.unit != receipt.unit:
            raise ContractBroken("the link that was made is not found by its id")
        return f"locker {receipt.unit} was picked, its link found again and given up"

    link_ = Check("drop-off link", link, "Correct paths.dropoff_link and paths.open_request.", writes=True)
    read = Check("lockers", lockers, "Check the tower's id and paths.lockers.")
    if chooses:
        return [read, link_]
    return [
        read,
        Check("reserve and cancel", reservation, "Correct paths.reserve and paths.cancel.", writes=True),
        Check("drop-off token", pair, "Correct paths.dropoff_token and paths.release.", writes=True),
    ]


async def _free(adapter: Asked, bank: str) -> str:
    for unit in (await adapter.read_bank(bank)).units:
        if unit.word is VendorWord.AVAILABLE:
            return unit.id
    raise Refused("no locker is available to try with", reason="NO_AVAILABLE_UNIT")


def _order(kind: OrderKind, bank: str, unit: str) -> Order:
    access = AccessKind.DEPOSIT if kind is OrderKind.ISSUE_ACCESS else None
    until = datetime.now(UTC) + TRIED
    return Order(uuid4(), kind, bank, unit, timedelta(seconds=10), expires_at=until, access=access)


def _said(read: Callable[[Any], Any], answer: Any) -> str:
    if answer is None:
        raise Refused("answered 404", reason="UNKNOWN_PATH")
    try:
        found = read(answer)
    except WrongShape as error:
        raise ContractBroken(str(error)) from error
    rows = found[0] if found and isinstance(found[0], tuple) else found
    return f"{len(rows)} found"
