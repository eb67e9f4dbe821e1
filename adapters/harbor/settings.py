"""What a connection to Harbor may choose, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from adapters import config
from adapters.harbor import wire
from adapters.harbor.client import Access, HarborPaths
from app.devices.port import Capability, Connection, Refused, Setting, SettingKind

# The vendor's type names, normalised; a connection may map them otherwise.
SIZES = MappingProxyType({"small": "S", "medium": "M", "large": "L", "x_large": "XL"})
# The first two digits of a tower's id.
ENVIRONMENTS = MappingProxyType({"production": "10", "sandbox": "01"})
HOSTS = MappingProxyType({"api.harborlockers.com": "production", "api.sandbox.harborlockers.com": "sandbox"})
TOKEN_PATH = "/realms/harbor/protocol/openid-connect/token"  # noqa: S105 - a path
REUSE, PICKUP_TOKEN = "reuse_dropoff_pair", "pickup_token"
CHOICES = MappingProxyType(
    {
        "environment": tuple(ENVIRONMENTS),
        "links": ("none", "pickup", "both"),
        "pickup_mode": (REUSE, PICKUP_TOKEN),
        "signature_scheme": wire.SCHEMES,
    }
)

# Every connection can do these; others by what it chooses.
PRESENT = frozenset({Capability.ACCESSIBLE_UNITS, Capability.PHONE_TOKENS, Capability.READBACK})
# Of a link, whatever is asked: a fact from the vendor's support.
LINK_LIFE = timedelta(minutes=5)
# Never to be written down anywhere, by their names on the wire and in settings.
REDACT = frozenset(
    {
        "Authorization", "access_token", "client_secret", "keypadCode", "keypad_code", "linkToken", "link_token",
        "payload", "payload_auth", "webhook_secret",
    }
)  # fmt: skip

K, given = SettingKind, Setting
SETTINGS = (
    given("client_id", K.TEXT, "OAuth client id given by the vendor", required=True, secret=True),
    given("client_secret", K.TEXT, "OAuth client secret given by the vendor", required=True, secret=True),
    given(
        "webhook_secret",
        K.TEXT,
        "shared secret of the vendor's events; without it none is taken",
        secret=True,
        least=16,
    ),
    given("token_url", K.TEXT, "whole address of the token call, where it is not the vendor's usual one"),
    given("scope", K.TEXT, "OAuth scopes, separated by spaces", default="service_provider"),
    given("environment", K.TEXT, "sandbox or production, where the address does not tell"),
    given("location_id", K.INTEGER, "take only the towers of this vendor location"),
    given("paths", K.MAP, "corrections of operation paths, by operation name"),
    given("sizes", K.MAP, "locker type name to size, where not small=S medium=M large=L x-large=XL"),
    given("pickup_mode", K.TEXT, f"{REUSE} or {PICKUP_TOKEN}: what opens an occupied locker", default=REUSE),
    given("links", K.TEXT, "none, pickup or both: links in place of tokens for phones", default="none"),
    given("keypad", K.BOOLEAN, "ask for keypad codes with links", default=False),
    given("client_info", K.TEXT, "sent with tokens and links, and echoed in events", default="lockyard"),
    given("longest_seconds", K.SECONDS, "how long a token may live at most", default=43_200.0),
    given("signature_header", K.TEXT, "header that signs the vendor's events", default="X-Harbor-Signature"),
    given("signature_scheme", K.TEXT, " or ".join(wire.SCHEMES), default=wire.SCHEMES[0]),
    given("read_seconds", K.SECONDS, "how long a read may take, its repetitions included", default=5.0),
    given("poll_seconds", K.SECONDS, "how often a tower's books are read", default=5.0),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a connection may choose."""

    environment: str | None
    location: int | None
    sizes: Mapping[str, str]
    pickup_mode: str
    links: str
    keypad: bool
    client_info: str
    longest: timedelta
    pushes: bool


def read(connection: Connection) -> tuple[Access, HarborPaths, Options, timedelta]:
    """How to be let in, where everything is, what was chosen, and how often to read. Raises Refused."""
    chosen = config.values(SETTINGS, connection)
    for name in CHOICES:
        _need_known(chosen, name)
    if chosen["links"] == "both" and chosen["location_id"] is None:
        raise Refused("links: both needs location_id, for the vendor picks the locker there", reason=config.REASON)
    base = config.http_address(connection.base_url, where="the address")
    access = Access(
        base_url=base,
        token_url=config.http_address(chosen["token_url"] or _token_url(base), where="token_url"),
        client_id=chosen["client_id"],
        client_secret=chosen["client_secret"],
        scope=chosen["scope"],
        read_seconds=float(chosen["read_seconds"]),
    )
    options = Options(
        environment=chosen["environment"] or HOSTS.get(urlsplit(base).hostname or ""),
        location=chosen["location_id"],
        sizes={**SIZES, **{wire.normal(name): size for name, size in (chosen["sizes"] or {}).items()}},
        pickup_mode=chosen["pickup_mode"],
        links=chosen["links"],
        keypad=chosen["keypad"],
        client_info=chosen["client_info"],
        longest=timedelta(seconds=float(chosen["longest_seconds"])),
        pushes=bool(chosen["webhook_secret"]),
    )
    return access, HarborPaths.corrected(chosen["paths"] or {}), options, _seconds(chosen, "poll_seconds")


def signing(connection: Connection) -> tuple[str, str, str | None]:
    """The header of events in lower case, how they are signed, and with what; no more than their signature needs."""
    chosen = config.values(SETTINGS, connection)
    _need_known(chosen, "signature_scheme")
    return chosen["signature_header"].lower(), chosen["signature_scheme"], chosen["webhook_secret"]


def _need_known(chosen: Mapping[str, Any], name: str) -> None:
    known = CHOICES[name]
    if chosen[name] is not None and chosen[name] not in known:
        raise Refused(f"{name} must be one of {', '.join(known)}", reason=config.REASON)


def _seconds(chosen: Mapping[str, Any], name: str) -> timedelta:
    return timedelta(seconds=float(chosen[name]))


def _token_url(base: str) -> str:
    """The token service has a host of its own beside the API's; elsewhere, as at a simulator, it is the same one."""
    parts = urlsplit(base)
    if (parts.hostname or "") not in HOSTS:
        return base + TOKEN_PATH
    return f"{parts.scheme}://{parts.netloc.replace('api.', 'accounts.', 1)}{TOKEN_PATH}"
