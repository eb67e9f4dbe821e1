import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters import reach, registry
from adapters.exchange import tls
from app.devices.port import Connection, DeviceError, Refused
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
        ("64:ff9b::a9fe:a9fe", True),
        ("64:ff9b:1::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::1", True),
        ("64:ff9b::c0a8:114", False),
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
async def listener(host: str = "127.0.0.1") -> Any:
    """A port, and the first bytes of whoever comes to it."""
    heard = bytearray()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1024))
        writer.close()

    server = await asyncio.start_server(hear, host, 0)
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


class Fickle:
    """A resolver that says one address of a name first, and another ever after."""

    def __init__(self, first: str, then: str) -> None:
        self._answers = [first, then]
        self._ask = socket.getaddrinfo

    def __call__(self, host: str | None, port: Any, *more: Any, **named: Any) -> Any:
        if host != "localhost":
            return self._ask(host, port, *more, **named)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return self._ask(answer, port, *more, **named)


@pytest.mark.parametrize(
    ("vendor", "address", "settings"),
    [
        ("kerong_cu16", "socket://localhost:{}", {"bank": "B"}),
        ("kerong_cu16", "rfc2217://localhost:{}", {"bank": "B"}),
        ("mqtt", "mqtt://localhost:{}", {"profile": "native_json"}),
    ],
)
async def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(
    vendor: str, address: str, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listener("127.0.0.3") as (port, heard):
        reach.deny(["127.0.0.3/32"])
        monkeypatch.setattr(socket, "getaddrinfo", Fickle("127.0.0.1", "127.0.0.3"))
        adapter = registry.connect(Connection(new_id(), vendor, address.format(port), settings, {}))
        try:
            with pytest.raises(DeviceError):
                await adapter.list_banks()
            await asyncio.sleep(0.8)
        finally:
            await adapter.close()
    assert bytes(heard) == b""


async def in_vain(broker: str) -> None:
    """Nobody there speaks as a broker does, so its banks cannot be told."""
    adapter = registry.connect(Connection(new_id(), "mqtt", broker, {"profile": "native_json"}, {}))
    try:
        with pytest.raises(DeviceError):
            await adapter.list_banks()
    finally:
        await adapter.close()


async def test_the_first_address_of_a_name_that_listens_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listener() as (port, heard):
        ask = socket.getaddrinfo

        def both(host: str | None, port: Any, *more: Any, **named: Any) -> Any:
            if host != "controller.example":
                return ask(host, port, *more, **named)
            return [found for each in ("127.0.0.2", "127.0.0.1") for found in ask(each, port, *more, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", both)
        where = f"mqtt://controller.example:{port}"
        await in_vain(where)
    assert bytes(heard)


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """One that vouches for itself, and its key."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "it.pem").write_bytes(made.public_bytes(pem))
    (folder / "it.key").write_bytes(key.private_bytes(pem, pkcs8, plain))
    return folder / "it.pem", folder / "it.key"


@pytest.mark.parametrize(("name", "good"), [("localhost", True), ("other.example", False)])
async def test_dialled_by_address_a_broker_must_still_prove_its_name(name: str, *, good: bool, tmp_path: Path) -> None:
    pem, key = certificate(name, tmp_path)
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.load_cert_chain(pem, key)
    tls().load_verify_locations(pem)
    heard = bytearray()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1024))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=mine)
    where = f"mqtts://localhost:{server.sockets[0].getsockname()[1]}"
    try:
        await in_vain(where)
    finally:
        server.close()
    assert bool(heard) is good


@pytest.mark.parametrize(
    ("vendor", "address", "settings", "secret", "place"),
    [
        ("kerong_cu16", "socket://Line.Example.:4001", {"bank": "B"}, {}, "line.example:4001"),
        ("frame_board", "rfc2217://[::1]:4001", {"bank": "B", "profile": "xor5_8a80"}, {}, "[::1]:4001"),
        ("modbus_io", "socket://10.0.0.7:502/", {"bank": "B", "pulse": "waveshare_flash"}, {}, "10.0.0.7:502"),
        ("mqtt", "mqtt://10.0.0.7", {"profile": "native_json"}, {}, "10.0.0.7:1883"),
        ("mqtt", "mqtt://10.0.0.7", {"profile": "native_json"}, {"username": "u", "password": "p"}, None),
        ("harbor_gateway", "http://10.0.0.7/", {}, {}, "10.0.0.7:80"),
        ("harbor_gateway", "https://cloud.example", {"api": "cloud"}, {"api_key": "hgwm_" + "0" * 64}, None),
        ("pitney", "https://cloud.example", {}, {"client_id": "i", "client_secret": "s"}, None),
    ],
)
async def test_hardware_that_asks_nobody_who_they_are_has_a_place_that_can_be_owned(
    vendor: str, address: str, settings: dict[str, object], secret: dict[str, str], place: str | None
) -> None:
    found = await registry.places(Connection(new_id(), vendor, address, settings, secret))
    assert found[:1] == ((place,) if place else ())


async def test_a_place_is_owned_by_its_name_and_by_what_the_name_leads_to() -> None:
    line = Connection(new_id(), "kerong_cu16", "socket://localhost:4001", {"bank": "B"})
    assert {"localhost:4001", "127.0.0.1:4001"} <= set(await registry.places(line))


async def test_serial_devices_are_used_where_they_are_listed(tmp_path: Path) -> None:
    link = tmp_path / "usb-FTDI"
    link.symlink_to("/dev/ttyUSB7")
    line = Connection(new_id(), "kerong_cu16", "/dev/ttyUSB7", {"bank": "B"})
    reach.allow_devices(Settings().serial_devices)
    try:
        with pytest.raises(Refused, match="LOCKYARD_SERIAL_DEVICES"):
            await registry.places(line)
        with pytest.raises(Refused):
            registry.connect(line)
        reach.allow_devices([str(link)])
        assert await registry.places(line) == ("/dev/ttyUSB7",)
        await registry.connect(line).close()
    finally:
        reach.allow_devices(None)
