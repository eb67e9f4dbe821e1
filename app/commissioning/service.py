"""What people do to bring banks in: connect, take over; and with a bank as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.devices import service as hardware
from app.devices import store as devices_store
from app.devices.port import Connection
from app.devices.service import SetServiceState
from app.kit import checks
from app.kit.errors import Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.likeness import service as likeness
from app.likeness.model import likeness_in
from app.lockers import queries as lockers
from app.lockers import service as lockers_service
from app.lockers import store as lockers_store
from app.lockers.model import Bank, Service, Size
from app.lockers.service import NewCompartment
from app.sites import queries as sites
from app.vendors import service as vendors
from app.vendors import store as survey_store
from app.vendors.model import kept, plain, secrets_of, sized, words_of
from app.vendors.service import Vendors
from tenants.policy import Permission, authorize
from tenants.work import Work

# A drawing of a bank nobody has drawn: so many doors above each other.
_ROWS = 10


@dataclass(frozen=True, slots=True)
class ImportBank:
    """`words`: the vendor's size word -> ours. `doors`: how some are called and placed here, by the vendor's id."""

    survey_id: UUID
    site_id: UUID
    external_id: str
    label: str
    words: Mapping[str, str]
    doors: Mapping[str, Mapping[str, Any]]


async def import_bank(work: Work, ask: ImportBank) -> UUID:
    """Take over a bank that a survey found, with its doors, as it was found."""
    row = await vendors.ready(work, ask.survey_id)
    site = await sites.site(work.conn, work.actor, ask.site_id)
    if site is None:
        raise NotFound("There is no such site.", path=("input", "siteId"))
    authorize(work.actor, Permission.BANK_MANAGE, ask.site_id)
    listed = next((bank for bank in row["found"] if bank["externalId"] == ask.external_id), None)
    if listed is None:
        raise NotFound("The survey found no such bank.", path=("input", "externalId"))
    account = await vendors.find(work, row["connection_id"])
    await vendors.only_once(work, account["id"], ask.external_id)
    bank = Bank(
        work.tenant, new_id(), ask.site_id, account["id"], account["vendor"], ask.external_id,
        checks.text("label", ask.label, most=100), 5, {}, None,
    )  # fmt: skip
    words = words_of(ask.words)
    doors = [_door(index, unit, words, ask.doors) for index, unit in enumerate(listed["units"])]
    await lockers_service.add_bank(work, bank, doors)
    await lockers_store.SET_WORDS.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, words=kept(words))
    await likeness.recognised(work, bank, likeness_in(listed))
    await devices_store.ring(work.conn, bank.id)
    return bank.id


def _door(
    index: int, unit: Mapping[str, Any], words: Mapping[str, str], given: Mapping[str, Mapping[str, Any]]
) -> NewCompartment:
    id_ = str(unit["externalId"])
    said = given.get(id_, {})
    size = said.get("size") or sized(unit.get("size"), words)
    if size is None:
        why = f"Say what size {unit.get('size') or 'nothing'!r} of unit {id_} is here."
        raise Invalid(why, path=("input", "sizes"))
    row, column = index % _ROWS + 1, index // _ROWS + 1
    return NewCompartment(
        label=said.get("label") or unit.get("label") or id_, external_id=id_, size=Size(size),
        row=said.get("row") or row, column=said.get("column") or column, row_span=said.get("row_span") or 1,
        accessible=said["accessible"] if said.get("accessible") is not None else bool(unit.get("accessible")),
        taken=unit.get("inUse") is True,
    )  # fmt: skip


async def set_bank_service(work: Work, bank_id: UUID, after: Service, reason: str, until: datetime | None) -> UUID:
    """Every door of a bank out of service, or back into it; each leaves its own fact and entry. Doors that are so
    already stay as they are, with the reason they have. Rejected where all of them are."""
    bank = await lockers.bank(work.conn, work.actor, bank_id)
    if bank is None:
        raise NotFound("There is no such bank.", path=("input", "bankId"))
    work.enter(bank.tenant_id)
    authorize(work.actor, Permission.COMPARTMENT_SERVICE, bank.site_id)
    doors = sorted(row["id"] for row in await lockers.doors(work.conn, bank) if row["service"] != after)
    if not doors:
        raise Rejected(Reason.WRONG_STATE, f"Every door of bank {bank.label} is {after} already.")
    for id_ in doors:
        await hardware.set_service_state(work, SetServiceState(id_, after, reason, until))
    return bank.id


@dataclass(frozen=True, slots=True)
class ConnectBank:
    site_id: UUID
    label: str
    vendor: str
    external_id: str
    base_url: str
    settings: object
    secret: object
    compartments: tuple[NewCompartment, ...]


async def connect_bank(work: Work, ask: ConnectBank, known: Vendors) -> UUID:
    """A bank, its doors and the way to its hardware, all at once. The secret is sealed before the database sees it."""
    site = await sites.site(work.conn, work.actor, ask.site_id)
    if site is None:
        raise NotFound("There is no such site.", path=("input", "siteId"))
    tenant = work.enter(site["tenant_id"])
    authorize(work.actor, Permission.BANK_MANAGE, ask.site_id)
    connection = _fit(ask, known)
    await vendors.own(work, connection, known)
    await devices_store.add_connection(
        work.conn, tenant,
        {
            "id": connection.id, "name": ask.label[:100], "vendor": connection.vendor, "base_url": connection.base_url,
            "settings": dict(connection.settings), "secret_sealed": known.sealed(connection),
        },
    )  # fmt: skip
    bank = Bank(
        tenant, new_id(), ask.site_id, connection.id, connection.vendor,
        known.called(connection.vendor, ask.external_id), checks.text("label", ask.label, most=100), 5, {}, None,
    )  # fmt: skip
    await lockers_service.add_bank(work, bank, ask.compartments)
    await devices_store.ring(work.conn, bank.id)
    return bank.id


def _fit(ask: ConnectBank, known: Vendors) -> Connection:
    settings, secret = plain("settings", ask.settings), secrets_of(ask.secret)
    address = checks.text("baseUrl", ask.base_url, most=500)
    vendor = checks.text("vendor", ask.vendor, most=50)
    return known.fit(Connection(new_id(), vendor, address, settings, secret))


async def disconnect_bank(work: Work, bank_id: UUID) -> None:
    """Only a bank nothing ever happened at. Its connection goes with it."""
    bank = await lockers_service.find_bank(work, bank_id, "id")
    await lockers_service.delete_bank(work, bank)
    if not await lockers.of_connection(work.conn, bank.tenant_id, bank.connection_id):
        await devices_store.REMOVE_CONNECTION.run(work.conn, tenant_id=bank.tenant_id, id_=bank.connection_id)
        await survey_store.DISOWN.run(work.conn, id_=bank.connection_id)
    await devices_store.ring(work.conn, bank.id)
