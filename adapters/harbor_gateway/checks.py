"""Harbor Gateway's operations, tried one by one against the real thing. No door is opened."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Protocol
from uuid import uuid4

from app.devices.port import BankState, Check, Door, Order, OrderKind, Receipt, Refused, Unit

PATIENCE = timedelta(seconds=20)


class Gateway(Protocol):
    """What of the adapter is tried."""

    async def list_banks(self) -> tuple[BankState, ...]: ...

    async def read_bank(self, bank: str) -> BankState: ...

    async def read_unit(self, bank: str, unit: str) -> Unit: ...

    async def find_placement(self, bank: str, reference: str) -> str | None: ...

    async def send(self, order: Order) -> Receipt: ...


async def _try_locations(adapter: Gateway, _: str) -> str:
    return f"{len(await adapter.list_banks())} locations"


async def _try_lockers(adapter: Gateway, bank: str) -> str:
    state = await adapter.read_bank(bank)
    seen = sum(unit.door is not Door.UNKNOWN for unit in state.units)
    return f"{len(state.units)} lockers, {seen} with a door switch, {len(state.unmapped)} things without a word of ours"


async def _try_locker(adapter: Gateway, bank: str) -> str:
    unit = (await adapter.read_bank(bank)).units[0]
    return f"locker {unit.id} reads {(await adapter.read_unit(bank, unit.id)).door}"


async def _try_lookup(adapter: Gateway, bank: str) -> str:
    found = await adapter.find_placement(bank, f"check-{uuid4()}")
    return "a transaction that is not there is not found" if found is None else f"an invented one is in locker {found}"


async def _try_transaction(adapter: Gateway, bank: str) -> str:
    units = (await adapter.read_bank(bank)).units
    free = next((unit for unit in units if unit.in_service and not unit.reserved), None)
    if free is None:
        raise Refused("no locker is free to try with", reason="NO_FREE_UNIT")
    plain = {"bank": bank, "unit": free.id, "deadline": PATIENCE, "reference": f"check-{uuid4()}"}
    made = await adapter.send(Order(uuid4(), OrderKind.RESERVE, **plain))  # type: ignore[arg-type]
    again = await adapter.send(Order(uuid4(), OrderKind.RESERVE, **plain))  # type: ignore[arg-type]
    await adapter.send(Order(uuid4(), OrderKind.RELEASE, **plain))  # type: ignore[arg-type]
    return f"locker {made.unit} was given, the repetition gave {again.unit}, then it was deleted"


# Name, what is tried, what to change when it fails, whether it writes.
CHECKS: tuple[tuple[str, Callable[[Gateway, str], Awaitable[str]], str, bool], ...] = (
    ("locations", _try_locations, "the address, the API key, then paths.locations", False),
    ("lockers", _try_lockers, "paths.prefix, paths.lockers and paths.transactions; sizes for unknown types", False),
    ("locker", _try_locker, "paths.locker", False),
    ("transaction", _try_lookup, "paths.transaction", False),
    ("transactions", _try_transaction, "paths.transactions and paths.transaction; whether the key may write", True),
)


def checks(gateway: Gateway, bank: str | None) -> tuple[Check, ...]:
    """Without a bank only what needs none."""
    return tuple(
        Check(name, partial(act, gateway, bank or ""), advice, writes)
        for name, act, advice, writes in CHECKS
        if bank or name == "locations"
    )
