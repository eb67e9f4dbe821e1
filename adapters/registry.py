"""Which vendors there are; the only place that knows them all."""

import asyncio
import logging
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from adapters import config, reach
from adapters.checking import Trial
from adapters.generic.frame_board.adapter import VENDOR as FRAME_BOARD
from adapters.generic.kerong_cu16.adapter import VENDOR as KERONG_CU16
from adapters.generic.modbus_io.adapter import VENDOR as MODBUS_IO
from adapters.generic.mqtt.adapter import VENDOR as MQTT
from adapters.harbor.adapter import VENDOR as HARBOR
from adapters.harbor_gateway.adapter import VENDOR as HARBOR_GATEWAY
from adapters.pitney.adapter import VENDOR as PITNEY
from app.devices.port import Adapter, Check, Checkable, Connection, Pushed, Refused, Vendor

log = logging.getLogger("lockyard.adapters")

NAME_SECONDS = 1.0
ENTRY_POINTS = "lockyard.adapters"
OWN = (FRAME_BOARD, HARBOR, HARBOR_GATEWAY, KERONG_CU16, MODBUS_IO, MQTT, PITNEY)


@cache
def vendors() -> Mapping[str, Vendor]:
    """Vendor name -> what we know of it: ours, then those that installed packages publish. A name is taken once. A
    package that cannot be loaded takes its own banks out of reach and nobody else's."""
    known = {vendor.name: vendor for vendor in OWN}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            vendor = point.load()
        except Exception:
            log.exception("the vendor %r cannot be loaded: its banks are not kept", point.name)
            continue
        if not isinstance(vendor, Vendor):
            raise TypeError(f"entry point {point.name!r} of {ENTRY_POINTS} is not a Vendor")
        if vendor.name in known:
            raise ValueError(f"two packages publish the vendor {vendor.name!r}")
        known[vendor.name] = vendor
    return known


def vendor(name: str) -> Vendor:
    try:
        return vendors()[name]
    except KeyError:
        raise Refused(f"no adapter for vendor {name!r}", reason="UNKNOWN_VENDOR") from None


def problems(connection: Connection) -> tuple[str, ...]:
    """What keeps this connection from working, one sentence each, before anything is sent. Quotes no value."""
    known = vendor(connection.vendor)
    found = config.problems(known.settings, connection)
    if found:
        return found
    try:
        known.read(connection)
    except Refused as error:
        return (error.detail,)
    return ()


def bank_id(name: str, text: str) -> str:
    """A bank's id as this vendor's adapter writes it. Raises Refused for what is none."""
    return vendor(name).bank_id(text)


async def places(connection: Connection) -> tuple[str, ...]:
    """Every way to write where its hardware is that opens for whoever knows it: by name, and by the addresses the name
    leads to. None where it asks who one is. Raises Refused for an address that can never work."""
    place = vendor(connection.vendor).hardware(connection)
    if place is None or place.startswith("/"):
        return (place,) if place else ()
    host, _, port = place.rpartition(":")
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = await reach.addresses(host.strip("[]"), int(port))
    except (OSError, TimeoutError):
        # Whoever dials it will say so.
        found = []
    return tuple(dict.fromkeys([place, *(f"[{each}]:{port}" if ":" in each else f"{each}:{port}" for each in found)]))


def trial(connection: Connection, bank: str | None) -> tuple[Adapter, tuple[Check, ...]]:
    """An adapter, and how to try it operation by operation: its own checks, or those that suit every adapter."""
    adapter = connect(connection)
    return adapter, adapter.checks(bank) if isinstance(adapter, Checkable) else Trial(adapter, bank, {}).checks()


def receive(connection: Connection, headers: Mapping[str, str], body: bytes) -> tuple[Pushed, ...]:
    """What a vendor posted, once its signature is proved; no adapter is made for it. Raises Refused, ContractBroken."""
    known = vendor(connection.vendor)
    if known.receive is None:
        raise Refused("this vendor posts nothing", reason="POSTS_NOTHING")
    return known.receive(connection, headers, body)


def connect(connection: Connection) -> Adapter:
    """The adapter for a connection. Opens nothing yet. Raises Refused for unknown vendors and for wrong settings."""
    return vendor(connection.vendor).connect(connection)
