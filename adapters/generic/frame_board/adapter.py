"""Our words to framed boards and back. No I/O: what is sent and what silence means is the client's."""

from typing import Any

from adapters import config
from adapters.generic import bank, transport
from adapters.generic.bank import BoardBank
from adapters.generic.frame_board.client import frame_client
from adapters.generic.frame_board.wire import PROFILES, Profile
from app.devices.port import Adapter, Connection, Refused, Setting, SettingKind, Vendor

NAME = "frame_board"

SETTINGS = (
    *bank.SETTINGS,
    Setting("profile", SettingKind.TEXT, f"the family of boards: {', '.join(PROFILES)}", required=True),
    Setting("boards", SettingKind.LIST, 'board numbers, or {"board": 2, "locks": 12}; the first one by default'),
    Setting("turned", SettingKind.BOOLEAN, "the locks' switches tell open and closed the other way round"),
    Setting("unproven", SettingKind.BOOLEAN, "allow a profile whose facts come from a single source"),
    Setting("baudrate", SettingKind.INTEGER, "of a serial device", default=9600),
)


def _read(connection: Connection) -> tuple[dict[str, Any], Profile, dict[int, int]]:
    given = config.values(SETTINGS, connection)
    transport.check_address(connection.base_url)
    profile = PROFILES.get(given["profile"])
    if profile is None:
        raise Refused(f"profile must be one of {', '.join(PROFILES)}", reason=config.REASON)
    if not profile.proven and not given["unproven"]:
        raise Refused("this profile is little proven: set unproven to use it, and try every door", reason=config.REASON)
    numbers = [profile.boards.start] if given["boards"] is None else given["boards"]
    return given, profile, bank.boards_of(numbers, profile.boards, profile.most_locks, profile.locks)


def connect(connection: Connection) -> Adapter:
    given, profile, boards = _read(connection)
    client = frame_client(
        connection.base_url,
        profile,
        boards,
        turned=bool(given["turned"]),
        baudrate=given["baudrate"],
        reply_seconds=bank.reply_seconds(given),
    )
    return BoardBank(NAME, client, bank.places_of(boards, given), given, pushes=bool(profile.pushed))


VENDOR = Vendor(
    name=NAME,
    title="Framed lock boards (8A/80, WKLY, Winnsen)",
    address_help="socket://host:port of the RS485-Ethernet converter, rfc2217://host:port, or a device as /dev/ttyUSB0",
    connect=connect,
    read=bank.entered(_read),
    settings=SETTINGS,
    hardware=transport.hardware,
)
