"""What a connection to Pitney may choose, read and checked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from adapters import config
from adapters.exchange import within
from adapters.pitney.client import Access, PitneyPaths
from app.devices.port import Capability, Connection, Refused, Setting, SettingKind

# `mlarge` stands last in the vendor's list; a connection may map it otherwise.
SIZES = MappingProxyType({"small": "S", "medium": "M", "large": "L", "mlarge": "XL"})

PRESENT = frozenset(
    {
        Capability.ACCESSIBLE_UNITS,
        Capability.PARTIAL_FREE,
        Capability.READBACK,
        Capability.REMOTE_OPEN,
        Capability.RETURN_FLOW,
        Capability.VENDOR_PICKUP_CODE,
        Capability.VENDOR_RESERVATION,
    }
)
REDACT = frozenset({"Authorization", "access_token", "client_id", "client_secret", "contactName", "pickupCode"})

SETTINGS = (
    Setting("client_id", SettingKind.TEXT, "OAuth client id given by the vendor", required=True, secret=True),
    Setting("client_secret", SettingKind.TEXT, "OAuth client secret given by the vendor", required=True, secret=True),
    Setting("auth_url", SettingKind.TEXT, "whole address of the token call, where it is not on the same host"),
    Setting("location_id", SettingKind.TEXT, "take only the banks of this vendor location"),
    Setting("partner_id", SettingKind.TEXT, "sent as X-PB-Developer-Partner-ID"),
    Setting("contact_id", SettingKind.TEXT, "address-book id to reserve for where nobody is named; added unless set"),
    Setting("paths", SettingKind.MAP, "corrections of operation paths, by operation name"),
    Setting("sizes", SettingKind.MAP, "vendor size word to ours, where not small=S medium=M large=L mlarge=XL"),
    Setting("read_seconds", SettingKind.SECONDS, "how long a read may take, its repetitions included", default=5.0),
    Setting("poll_seconds", SettingKind.SECONDS, "how often a bank is read", default=5.0),
)

ADVICE = MappingProxyType(
    {
        "list banks": "set `paths.banks`, and the address with the product prefix of your account",
        "read a bank": "set `paths.bank`",
        "sizes of a bank": "set `paths.sizes`; nothing else needs it",
        "look up a contact": "set `paths.reserved_by_contact`; nothing else needs it",
        "add a contact": "set `paths.contact`; the account needs the address book",
        "open a door": "set `paths.open`",
        "reserve for a return, and free": "set `paths.reserve_return`",
    }
)


def paths(given: Mapping[str, Any]) -> PitneyPaths:
    return PitneyPaths.corrected(given["paths"] or {})


def access(connection: Connection, given: Mapping[str, Any], places: PitneyPaths) -> Access:
    base, partner = config.http_address(connection.base_url, where="the address"), given["partner_id"] or None
    if partner and not (partner.isascii() and partner.isprintable()):
        raise Refused("partner_id holds what no header may hold", reason=config.REASON)
    parts = urlsplit(base)
    # A product prefix in the address is of the products only: tokens are the host's.
    usual = within(f"{parts.scheme}://{parts.netloc}", places.token)
    return Access(
        base_url=base,
        auth_url=config.http_address(given["auth_url"] or str(usual), where="auth_url"),
        client_id=given["client_id"],
        client_secret=given["client_secret"],
        partner_id=partner,
        read_seconds=float(given["read_seconds"]),
    )
