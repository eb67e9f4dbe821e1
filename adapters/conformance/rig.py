"""What a vendor brings to the kit: its adapter beside a simulator on real sockets, and the simulator's own truth."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from adapters.conformance.cells import Cell, Strike
from adapters.conformance.faults import Fault
from app.devices.port import Adapter, Connection, Door, Order, OrderKind, ParcelRef

UnitKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the simulator knows of one unit; None where its hardware would not know either."""

    door: Door | None = None
    reserved: bool | None = None
    occupied: bool | None = None


@dataclass(slots=True)
class Bench:
    """One running pair of adapter and simulator. Ids are the vendor's.

    `world`: handed to every Strike. `effects`: (bank, unit) -> how often the hardware acted on an order, counted by the
    simulator. `truth`: unit of `bank` -> what is so. `kind`: the order that acts at a door of this vendor.
    """

    adapter: Adapter
    connection: Connection
    world: Any
    bank: str
    unit: str
    deadline: timedelta
    effects: Callable[[], Mapping[UnitKey, int]]
    truth: Callable[[], Mapping[str, Truth]]
    kind: OrderKind = OrderKind.OPEN
    fields: Mapping[str, Any] = field(default_factory=dict)

    def order(self, kind: OrderKind | None = None, **changes: Any) -> Order:
        """An order that is whole for its kind; `changes` and the bench's `fields` win over what the kit fills in."""
        asked = kind or self.kind
        plain: dict[str, Any] = {"bank": self.bank, "unit": self.unit, "deadline": self.deadline}
        if asked is not OrderKind.OPEN:
            plain |= {"parcels": (ParcelRef(f"T-{uuid4().hex[:12]}"),), "contact": "contact-1"}
            plain |= {"contact_kind": "recipient", "expires_at": datetime.now(UTC) + timedelta(hours=2)}
        return Order(id=uuid4(), kind=asked, **{**plain, **self.fields, **changes})

    def here(self) -> int:
        return self.effects().get((self.bank, self.unit), 0)

    def elsewhere(self) -> int:
        return sum(count for key, count in self.effects().items() if key != (self.bank, self.unit))


Start = Callable[..., AbstractAsyncContextManager[Bench]]


@dataclass(frozen=True, slots=True)
class Rig:
    """Published under the entry-point group `lockyard.rigs`. `start(**settings)` gives a fresh Bench.

    `cells`: the vendor's column of the matrix. `impossible`: the faults that cannot be made here, and why. `luck`:
    strikes for drawn histories, any of which may come at any time; `calm` ends them all. `kinds`: the orders drawn.
    """

    vendor: str
    start: Start
    cells: tuple[Cell, ...]
    impossible: Mapping[Fault, str]
    luck: tuple[Strike, ...] = ()
    calm: Strike | None = None
    kinds: tuple[OrderKind, ...] = (OrderKind.OPEN,)
