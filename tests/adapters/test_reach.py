import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters import reach, registry
from app.devices.port import Connection, DeviceError
from app.kit.ids import new_id
from app.kit.settings import Settings


@pytest.fixture(autouse=True)
def nothing_denied_afterwards() -> Iterator[None]:
    yield
    reach.deny(())


@pytest.mark.parametrize(
    ("address", "denied"),
    [
        ("169.254.169.254", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1%eth0", True),
        ("100.100.100.200", True),
        ("192.168.1.20", False),
        ("10.0.0.7", False),
        ("127.0.0.1", False),
        ("controller.example", False),
    ],
)
def test_unless_said_otherwise_only_places_where_machines_are_told_secrets_are_denied(
    address: str, *, denied: bool
) -> None:
    reach.deny(Settings().denied_networks)
    assert reach.forbidden(address) is denied


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="denied_networks"):
        Settings(denied_networks="10.0.0.0/8, nonsense")


@asynccontextmanager
async def listener() -> Any:
    """A port, and the first bytes of whoever comes to it."""
    heard = bytearray()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1024))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


@pytest.mark.parametrize(
    ("vendor", "address", "settings", "secret"),
    [
        ("pitney", "http://localhost:{}", {}, {"client_id": "i", "client_secret": "s"}),
        ("kerong_cu16", "socket://localhost:{}", {"bank": "B"}, {}),
        ("mqtt", "mqtt://localhost:{}", {"profile": "native_json"}, {}),
    ],
)
async def test_not_a_byte_goes_to_a_denied_address_whatever_name_it_has(
    vendor: str, address: str, settings: dict[str, object], secret: dict[str, str]
) -> None:
    async with listener() as (port, heard):
        reach.deny(["127.0.0.0/8", "::1/128"])
        adapter = registry.connect(Connection(new_id(), vendor, address.format(port), settings, secret))
        try:
            with pytest.raises(DeviceError):
                await adapter.list_banks()
        finally:
            await adapter.close()
        await asyncio.sleep(0.05)
        assert bytes(heard) == b""
        reach.deny(())
        allowed = registry.connect(Connection(new_id(), vendor, address.format(port), settings, secret))
        try:
            with pytest.raises(DeviceError):
                await allowed.list_banks()
        finally:
            await allowed.close()
        assert heard
