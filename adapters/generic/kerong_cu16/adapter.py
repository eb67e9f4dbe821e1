"""Our words to CU16 boards and back. No I/O: what is sent and what silence means is the client's."""

from typing import Any

from adapters import config
from adapters.generic import bank, transport
from adapters.generic.bank import BoardBank
from adapters.generic.kerong_cu16 import wire
from adapters.generic.kerong_cu16.client import kerong_client
from app.devices.port import Adapter, Connection, Setting, SettingKind, Vendor

NAME = "kerong_cu16"

SETTINGS = (
    *bank.SETTINGS,
    Setting(
        "boards", SettingKind.LIST, 'board numbers 0 to 9, or {"board": 2, "locks": 12} with fewer locks', default=[0]
    ),
    Setting("item_sensors", SettingKind.BOOLEAN, "infrared sensors are fitted; without them their bits say nothing"),
    Setting("baudrate", SettingKind.INTEGER, "of a serial device", default=19200),
)


def _read(connection: Connection) -> tuple[dict[str, Any], dict[int, int]]:
    given = config.values(SETTINGS, connection)
    transport.check_address(connection.base_url)
    return given, bank.boards_of(given["boards"], range(wire.BOARDS), wire.LOCKS)


def connect(connection: Connection) -> Adapter:
    given, boards = _read(connection)
    client = kerong_client(
        connection.base_url,
        tuple(boards),
        baudrate=given["baudrate"],
        reply_seconds=bank.reply_seconds(given),
    )
    return BoardBank(NAME, client, bank.places_of(boards, given), given, items=bool(given["item_sensors"]))


VENDOR = Vendor(
    name=NAME,
    title="Kerong KR-CU16 lock boards",
    address_help="socket://host:port of the RS485-Ethernet converter, rfc2217://host:port, or a device as /dev/ttyUSB0",
    connect=connect,
    read=bank.entered(_read),
    settings=SETTINGS,
    hardware=transport.hardware,
)
