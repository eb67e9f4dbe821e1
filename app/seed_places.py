"""Who and what stands in the demo world, as rows to write, in the order they refer to each other."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from argon2 import PasswordHasher

from app.devices.port import Capability
from app.kit.seal import Sealer
from app.seed_history import Row
from app.seed_people import PASSWORDS, PEOPLE, PersonPlan, recipients
from app.seed_visits import person_id
from app.seed_world import CARRIERS, GRANTS, OPERATORS, SITES, BankPlan, DoorPlan, banks, fixed_id, organization_id

Rows: TypeAlias = tuple[str, Sequence[str], Sequence[Row]]

# Controllers of any make: what their connections are called, and what they say besides bank, labels and sizes.
CONTROLLERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "modbus_io": ("Modbus modules", {"modules": [1, 2], "pulse": "waveshare_flash"}),
    "mqtt": ("Edge agent", {"profile": "native_json", "prefix": "lk/v1/sim", "item_sensors": True}),
}
HARBOR_CLIENT = {"client_id": "lockyard", "client_secret": "simulator"}
# What signs the events of the demo's towers.
HARBOR_EVENTS = "events of simulated towers"
PITNEY_CLIENT = {"client_id": "lockyard", "client_secret": "simulator"}


def all_rows(sealer: Sealer, urls: Mapping[str, Any]) -> Iterator[Rows]:
    yield _organizations()
    yield from _accounts()
    yield from _places(sealer, urls)
    yield _carriers()
    yield _grants()


def _organizations() -> Rows:
    rows = [(organization_id(name), "OPERATOR", name) for name in OPERATORS]
    rows += [(organization_id(name), "CARRIER", name) for name in CARRIERS]
    return "organization", ("id", "kind", "name"), rows


def everybody() -> list[PersonPlan]:
    return [*PEOPLE, *(person for operator in OPERATORS for person in recipients(operator))]


def _accounts() -> Iterator[Rows]:
    hasher, kinds = PasswordHasher(), list(PASSWORDS)
    # One password a kind of person: hashed once each, the demo has nothing to hide.
    with ThreadPoolExecutor(2) as pool:
        hashed = dict(zip(kinds, pool.map(lambda kind: hasher.hash(PASSWORDS[kind]), kinds), strict=True))
    people = everybody()
    accounts = [(person.account_id, person.email, person.name, hashed[person.kind], person.locale) for person in people]
    yield "account", ("id", "email", "name", "password_hash", "locale"), accounts
    yield (
        "membership",
        ("id", "account_id", "organization_id", "role", "all_sites", "site_ids"),
        [
            (
                fixed_id("membership", p.email),
                p.account_id,
                organization_id(p.organization),
                p.role,
                p.sites is None,
                [site.id for site in SITES if site.operator == p.organization and site.name in (p.sites or ())],
            )
            for p in people
        ],
    )
    residents = [(operator, person) for operator in OPERATORS for person in recipients(operator)]
    yield (
        "person",
        ("tenant_id", "id", "kind", "name", "email", "unit", "locale", "account_id"),
        [
            (
                organization_id(operator),
                person_id(p),
                "RECIPIENT",
                p.name,
                p.email,
                f"{100 + n * 7 % 900}",
                p.locale,
                p.account_id,
            )
            for n, (operator, p) in enumerate(residents)
        ],
    )


def _places(sealer: Sealer, urls: Mapping[str, Any]) -> Iterator[Rows]:
    connections = [_pitney_connection(operator, sealer, urls) for operator in OPERATORS]
    connections += [_kerong_connection(bank, urls) for bank in banks("kerong_cu16")]
    connections += [_gateway_connection(bank, urls) for bank in banks("harbor_gateway")]
    connections += [_harbor_connection(bank, sealer, urls) for bank in banks("harbor")]
    connections += [_controller_connection(bank, urls) for vendor in CONTROLLERS for bank in banks(vendor)]
    yield "site", _named("tenant_id id name address_line city country timezone locale latitude longitude"), _sites()
    yield "vendor_connection", _named("tenant_id id name vendor base_url settings secret_sealed"), connections
    columns = "tenant_id id site_id connection_id vendor external_id label poll_seconds capabilities"
    yield "bank", _named(columns), [_bank(bank) for bank in banks()]
    columns = "tenant_id id site_id bank_id external_id label size accessible row_no column_no door"
    yield "compartment", _named(columns), [_door(door) for bank in banks() for door in bank.doors()]


def _named(columns: str) -> tuple[str, ...]:
    return tuple(columns.split())


def _sites() -> list[Row]:
    return [
        (organization_id(s.operator), s.id, s.name, s.address, s.city, s.country, s.timezone, s.locale, *s.position)
        for s in SITES
    ]


def _door(door: DoorPlan) -> Row:
    bank, row, column = door.bank, door.index % 8 + 1, door.index // 8 + 1
    place = (organization_id(bank.site.operator), door.id, bank.site.id, bank.id)
    return *place, door.external_id, door.label, door.size, door.accessible, row, column, "UNKNOWN"


def connection_id(bank: BankPlan) -> UUID:
    return fixed_id("connection", bank.site.operator if bank.vendor == "pitney" else bank.external_id)


def _pitney_connection(operator: str, sealer: Sealer, urls: Mapping[str, Any]) -> Row:
    id = fixed_id("connection", operator)
    secret = sealer.seal(orjson.dumps(PITNEY_CLIENT), id.bytes)
    return organization_id(operator), id, f"Pitney, {operator}", "pitney", urls["pitney"], "{}", secret


def _kerong_connection(bank: BankPlan, urls: Mapping[str, Any]) -> Row:
    labels = {door.external_id: door.label for door in bank.doors()}
    sizes = {door.external_id: door.size for door in bank.doors()}
    # Looked at twice a second: a forced door is on the screen within one.
    settings: dict[str, object] = {"item_sensors": True, "poll_seconds": 0.5}
    settings |= {"bank": bank.external_id, "boards": [0, 1, 2], "labels": labels, "sizes": sizes}
    tenant, name = organization_id(bank.site.operator), f"CU16 boards, {bank.site.name} {bank.label}"
    kept, url = orjson.dumps(settings).decode(), urls[bank.vendor][bank.external_id]
    return tenant, connection_id(bank), name, bank.vendor, url, kept, None


def _gateway_connection(bank: BankPlan, urls: Mapping[str, Any]) -> Row:
    settings = orjson.dumps({"bank": bank.external_id, "poll_seconds": 2}).decode()
    tenant, name = organization_id(bank.site.operator), f"Gateway, {bank.site.name} {bank.label}"
    return tenant, connection_id(bank), name, bank.vendor, urls[bank.vendor][bank.external_id], settings, None


def _harbor_connection(bank: BankPlan, sealer: Sealer, urls: Mapping[str, Any]) -> Row:
    id, settings = connection_id(bank), orjson.dumps({"poll_seconds": 2, "environment": "sandbox"}).decode()
    secret = sealer.seal(orjson.dumps({**HARBOR_CLIENT, "webhook_secret": HARBOR_EVENTS}), id.bytes)
    tenant, name = organization_id(bank.site.operator), f"Harbor, {bank.site.name} {bank.label}"
    return tenant, id, name, bank.vendor, urls[bank.vendor][bank.external_id], settings, secret


def _controller_connection(bank: BankPlan, urls: Mapping[str, Any]) -> Row:
    title, own = CONTROLLERS[bank.vendor]
    labels = {door.external_id: door.label for door in bank.doors()}
    sizes = {door.external_id: door.size for door in bank.doors()}
    kept = orjson.dumps({"bank": bank.external_id, "labels": labels, "sizes": sizes, **own}).decode()
    tenant, name = organization_id(bank.site.operator), f"{title}, {bank.site.name} {bank.label}"
    return tenant, connection_id(bank), name, bank.vendor, urls[bank.vendor][bank.external_id], kept, None


def _bank(bank: BankPlan) -> Row:
    works = {
        "pitney": (
            Capability.REMOTE_OPEN,
            Capability.VENDOR_RESERVATION,
            Capability.VENDOR_PICKUP_CODE,
            Capability.PARTIAL_FREE,
            Capability.RETURN_FLOW,
        ),
        "kerong_cu16": (Capability.REMOTE_OPEN, Capability.DOOR_SENSOR, Capability.ITEM_SENSOR, Capability.READBACK),
        "harbor_gateway": (
            Capability.REMOTE_OPEN,
            Capability.DOOR_SENSOR,
            Capability.READBACK,
            Capability.SERVICE_WRITE,
            Capability.VENDOR_ASSIGNS_UNIT,
        ),
        "harbor": (
            Capability.ACCESSIBLE_UNITS,
            Capability.PHONE_TOKENS,
            Capability.PUSH_EVENTS,
            Capability.READBACK,
            Capability.VENDOR_RESERVATION,
        ),
        "modbus_io": (Capability.REMOTE_OPEN, Capability.DOOR_SENSOR, Capability.READBACK),
        "mqtt": (
            Capability.REMOTE_OPEN,
            Capability.DOOR_SENSOR,
            Capability.IDEMPOTENT_OPEN,
            Capability.ITEM_SENSOR,
            Capability.PUSH_EVENTS,
            Capability.READBACK,
        ),
    }[bank.vendor]
    abilities = orjson.dumps({capability.value: "WORKS" for capability in works}).decode()
    poll = {"pitney": 5, "harbor_gateway": 2, "harbor": 2, "kerong_cu16": 0.5}.get(bank.vendor, 1)
    return (
        organization_id(bank.site.operator),
        bank.id,
        bank.site.id,
        connection_id(bank),
        bank.vendor,
        bank.external_id,
        bank.label,
        poll,
        abilities,
    )


def _carriers() -> Rows:
    """Each carrier as the operators that granted it something know it."""
    met = dict.fromkeys((plan.operator, plan.carrier) for plan in GRANTS)
    rows = [
        (organization_id(operator), fixed_id("carrier", carrier, operator), organization_id(carrier), carrier)
        for operator, carrier in met
    ]
    return "carrier", ("tenant_id", "id", "carrier_id", "name"), rows


def _grants() -> Rows:
    rows = []
    since = datetime.now(UTC) - timedelta(days=400)
    for plan in GRANTS:
        sites = [site.id for site in SITES if site.operator == plan.operator and site.name in (plan.sites or ())]
        rows.append(
            (
                organization_id(plan.operator),
                fixed_id("grant", plan.carrier, plan.operator),
                organization_id(plan.carrier),
                list(plan.operations),
                plan.sites is None,
                sites,
                True,
                plan.sizes is None,
                list(plan.sizes or ()),
                since,
                orjson.dumps(plan.windows).decode(),
                plan.max_open_stays,
                plan.max_deposits_per_day,
                "ACTIVE",
            )
        )
    columns = (
        "tenant_id",
        "id",
        "carrier_id",
        "operations",
        "all_sites",
        "site_ids",
        "all_banks",
        "all_sizes",
        "sizes",
        "valid_from",
        "windows",
        "max_open_stays",
        "max_deposits_per_day",
        "state",
    )
    return "carrier_grant", columns, rows
