"""Harbor Gateway's operations, tried one by one against the real thing. One of those that write opens a door."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from adapters.checking import Place
from adapters.harbor_gateway import wire
from adapters.harbor_gateway.client import GatewayClient
from adapters.payload import WrongShape, an_object
from app.devices.port import BankState, Check, ContractBroken, Door, Order, OrderKind, Receipt, Refused, Unit

PATIENCE = timedelta(seconds=20)
# The gateway tries for 62 s by itself.
OPEN_PATIENCE = timedelta(seconds=74)


class Gateway(Protocol):
    """What of the adapter is tried."""

    async def list_banks(self) -> tuple[BankState, ...]: ...

    async def read_bank(self, bank: str) -> BankState: ...

    async def read_unit(self, bank: str, unit: str) -> Unit: ...

    async def find_placement(self, bank: str, reference: str) -> str | None: ...

    async def send(self, order: Order) -> Receipt: ...


async def _try_lockers(adapter: Gateway, bank: str) -> str:
    state = await adapter.read_bank(bank)
    seen = sum(unit.door is not Door.UNKNOWN for unit in state.units)
    return f"{len(state.units)} lockers, {seen} with a door switch, {len(state.unmapped)} things without a word of ours"


async def _try_locker(adapter: Gateway, bank: str) -> str:
    unit = next(iter((await adapter.read_bank(bank)).units), None)
    if unit is None:
        raise Refused("the bank has no lockers", reason="UNKNOWN_UNIT")
    return f"locker {unit.id} reads {(await adapter.read_unit(bank, unit.id)).door}"


async def _try_lookup(adapter: Gateway, bank: str) -> str:
    found = await adapter.find_placement(bank, f"check-{uuid4()}")
    return "a transaction that is not there is not found" if found is None else f"an invented one is in locker {found}"


async def _free(adapter: Gateway, bank: str) -> Unit:
    units = (await adapter.read_bank(bank)).units
    free = next((unit for unit in units if unit.in_service and not unit.reserved), None)
    if free is None:
        raise Refused("no locker is free to try with", reason="NO_FREE_UNIT")
    return free


def _order(kind: OrderKind, bank: str, unit: str, reference: str, **more: Any) -> Order:
    return Order(uuid4(), kind, **{"bank": bank, "unit": unit, "deadline": PATIENCE, "reference": reference, **more})


@asynccontextmanager
async def _lent(adapter: Gateway, bank: str) -> AsyncIterator[Callable[..., Order]]:
    """Orders about one transaction, which is deleted in the end whatever becomes of them: nobody else would do it."""
    free, reference = await _free(adapter, bank), f"check-{uuid4()}"

    def about(kind: OrderKind, **more: Any) -> Order:
        return _order(kind, bank, **{"unit": free.id, "reference": reference, **more})

    try:
        yield about
    finally:
        await adapter.send(about(OrderKind.RELEASE))


async def _try_transaction(adapter: Gateway, bank: str) -> str:
    async with _lent(adapter, bank) as about:
        made = await adapter.send(about(OrderKind.RESERVE))
        again = await adapter.send(about(OrderKind.RESERVE))
    return f"locker {made.unit} was given, the repetition gave {again.unit}, then it was deleted"


async def _try_open(adapter: Gateway, bank: str) -> str:
    async with _lent(adapter, bank) as about:
        made = await adapter.send(about(OrderKind.RESERVE))
        given = {"unit": made.unit} if made.unit else {}
        seen = await adapter.send(about(OrderKind.OPEN, deadline=OPEN_PATIENCE, **given))
    return f"locker {made.unit}: {seen.outcome}; shut it again"


async def _try_service(adapter: Gateway, bank: str) -> str:
    """Set to what it is; one that is out of service would lose the reason."""
    free = await _free(adapter, bank)
    await adapter.send(_order(OrderKind.SET_SERVICE, bank, free.id, "", in_service=True))
    return f"locker {free.id} is in service, and was told so"


# Name, what is tried, what to change when it fails, whether it writes.
CHECKS: tuple[tuple[str, Callable[[Gateway, str], Awaitable[str]], str, bool], ...] = (
    ("lockers", _try_lockers, "paths.prefix, paths.lockers and paths.transactions; sizes for unknown types", False),
    ("locker", _try_locker, "paths.locker", False),
    ("transaction", _try_lookup, "paths.transaction", False),
    ("transactions", _try_transaction, "paths.transactions and paths.transaction; whether the key may write", True),
    ("service", _try_service, "paths.locker; whether the key may write", True),
    ("open", _try_open, "paths.open; whether the key may open, and the lock itself", True),
)


# What the adapter itself has no use for: name, operation, what its answer says, what to change when it fails.
READS: tuple[tuple[str, str, Callable[[Any], str], str], ...] = (
    ("health", "health", lambda answer: str(an_object(answer).get("status", "answers")), "paths.health"),
    (
        "locker types",
        "locker_types",
        lambda answer: ", ".join(wire.types(answer)),
        "paths.locker_types; what is listed and not in `sizes` has no size here",
    ),
)


async def _try_locations(place: Place) -> str:
    return f"{len(await place.banks())} locations"


async def _try_read(client: GatewayClient, place: Place, operation: str, said: Callable[[Any], str]) -> str:
    answer = await client.read(client.path(operation, bank=await place.bank()))
    if answer is None:
        raise Refused("answered 404", reason="UNKNOWN_PATH")
    try:
        return said(answer)
    except WrongShape as error:
        raise ContractBroken(str(error)) from error


async def _try_at(act: Callable[[Gateway, str], Awaitable[str]], gateway: Gateway, place: Place) -> str:
    return await act(gateway, await place.bank())


def checks(gateway: Gateway, client: GatewayClient, bank: str | None) -> tuple[Check, ...]:
    """`bank`: where to try what needs one; without it the first that is listed."""
    place = Place(gateway, bank)
    listed = Check("locations", partial(_try_locations, place), "the address, the API key, then paths.locations")
    reads = [
        Check(name, partial(_try_read, client, place, operation, said), advice)
        for name, operation, said, advice in READS
    ]
    acts = [Check(name, partial(_try_at, act, gateway, place), advice, writes) for name, act, advice, writes in CHECKS]
    # First: by it the place is known.
    return (listed, *reads, *acts)
