"""What a connection to a gateway has to say."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adapters import config, paths
from adapters.harbor_gateway import wire
from adapters.harbor_gateway.client import Access, Api
from app.devices.port import Connection, Refused, Setting, SettingKind

# The vendor documents `medium`; the others are as its towers name them.
SIZES = MappingProxyType({"small": "S", "medium": "M", "large": "L", "xlarge": "XL"})

SETTINGS = (
    Setting("api", SettingKind.TEXT, "lan: the box in the bank; cloud: the vendor's proxy", default="lan"),
    Setting("api_key", SettingKind.TEXT, "of the cloud: hgwm_ and 64 hex digits", secret=True),
    Setting("bank", SettingKind.TEXT, "id of the bank behind a box; the cloud knows its own", default="gateway"),
    Setting("paths", SettingKind.MAP, "corrections of paths, by operation name"),
    Setting(
        "sizes", SettingKind.MAP, "slug of a locker type to our size, where not small=S medium=M large=L xlarge=XL"
    ),
    Setting("labels", SettingKind.MAP, "locker id to what stands on the door"),
    Setting("reason_code", SettingKind.TEXT, "the vendor's code for lockers that we take out of service"),
    Setting("wait_seconds", SettingKind.INTEGER, "how long the cloud may keep an open, 0 to 30", default=15),
    Setting("read_seconds", SettingKind.SECONDS, "how long a read may take, its repetitions included", default=8.0),
    Setting("poll_seconds", SettingKind.SECONDS, "how often a bank is read", default=5.0),
)


def paths_of(given: Mapping[str, Any]) -> Mapping[str, str]:
    """What stands below a bank's prefix may name the bank as well."""
    return paths.corrected(wire.PATHS, given["paths"] or {}, anywhere=frozenset({"bank"}))


def access(address: str, given: Mapping[str, Any]) -> Access:
    """Where and how to be let in. Raises Refused for what cannot work."""
    base = config.http_address(address, where="the address")
    if given["api"] not in set(Api):
        raise Refused("api must be lan or cloud", reason=config.REASON)
    api, key = Api(given["api"]), given["api_key"] or ""
    if api is Api.CLOUD and not wire.KEY.fullmatch(key):
        raise Refused("api_key must be hgwm_ and 64 hex digits", reason=config.REASON)
    if not 0 <= given["wait_seconds"] <= 30:
        raise Refused("wait_seconds must be 0 to 30", reason=config.REASON)
    return Access(api, base, key if api is Api.CLOUD else "", float(given["read_seconds"]), given["wait_seconds"])


def hardware(connection: Connection) -> str | None:
    """A box in the building asks nobody who they are."""
    found = access(connection.base_url, config.values(SETTINGS, connection))
    return None if found.api is Api.CLOUD else config.place(found.base_url, {"http": 80, "https": 443})
