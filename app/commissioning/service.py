"""What people do to bring banks in and keep our record of them right: connect, take over, reconcile."""

from collections.abc import Awaitable, Callable, Mapping
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
from app.lockers.service import MOST_COMPARTMENTS, NewCompartment
from app.sites import queries as sites
from app.vendors import events
from app.vendors import service as vendors
from app.vendors import store as survey_store
from app.vendors.model import APPLICABLE, DifferenceKind, plain, said, secrets_of, sized, sized_or_ours
from app.vendors.service import Vendors
from tenants.audit.model import Entry
from tenants.policy import Permission, authorize
from tenants.work import Work

# A drawing of a bank nobody has drawn: so many doors above each other.
_ROWS = 10
_MOST_WORDS = 50


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
    words = _words(ask.words)
    doors = [_door(index, unit, words, ask.doors) for index, unit in enumerate(listed["units"])]
    await lockers_service.add_bank(work, bank, doors)
    await lockers_store.SET_WORDS.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, words=words)
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


def _words(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > _MOST_WORDS:
        raise Invalid(f"At most {_MOST_WORDS} sizes.", path=("input", "sizes"))
    return {checks.text("sizes", word, most=100): Size(size).value for word, size in given.items()}


@dataclass(frozen=True, slots=True)
class ApplySurvey:
    """`keys`: the differences to take over, as the survey names them; none only to say that a bank which is not as it
    was is the right one. `sizes`: for units of a size nobody explained."""

    survey_id: UUID
    keys: tuple[str, ...]
    reason: str
    sizes: Mapping[str, str]


async def apply(work: Work, ask: ApplySurvey) -> UUID:
    """Change our record as the vendor has it, for the differences named and no others; all of them or none. What the
    vendor no longer has goes out of service and stays on record. Answers the bank."""
    row = await vendors.ready(work, ask.survey_id)
    if row["bank_id"] is None:
        raise Rejected(Reason.WRONG_STATE, "This survey is of a whole account: survey one bank.")
    bank = await lockers_service.find_bank(work, row["bank_id"], "surveyId")
    if (row["connection_id"], row["revision"]) != (bank.connection_id, bank.revision):
        raise Rejected(
            Reason.WRONG_STATE, f"Bank {bank.label} was changed since this survey: survey it again.",
            path=("input", "surveyId"),
        )  # fmt: skip
    reason = checks.text("reason", ask.reason, most=500)
    known = {each["key"]: each for each in row["differences"]}
    chosen = [known.get(key) for key in dict.fromkeys(ask.keys)]
    nothing = not chosen and bank.differs_since is None
    if nothing or any(each is None or each["kind"] not in APPLICABLE for each in chosen):
        raise Invalid("Name differences of this survey that can be taken over.", path=("input", "differences"))
    words = await lockers.size_words(work.conn, bank) | _words(ask.sizes)
    for each in chosen:
        assert each is not None
        await _APPLY[DifferenceKind(each["kind"])](work, bank, each, words, reason)
    await _told_apart(work, bank)
    await lockers_store.SET_WORDS.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, words=words)
    await lockers_store.REVISE.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, through=None)
    await survey_store.CARRY_ON.run(work.conn, of_tenant=work.tenant, id_=ask.survey_id, after=bank.revision + 1)
    await likeness.recognised(work, bank, likeness_in(row["found"][0]))
    work.emit(events.of_survey("SurveyApplied", ask.survey_id, bank.site_id, bank.id, applied=list(ask.keys)))
    details = {"act": "reconcile", "survey": str(ask.survey_id), "applied": list(ask.keys)}
    work.audit(Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, reason=reason, details=details))
    await devices_store.ring(work.conn, bank.connection_id)
    return bank.id


async def _told_apart(work: Work, bank: Bank) -> None:
    """People find their door by its label. What is out of service may still have the label of what replaced it."""
    rows = await lockers.doors(work.conn, bank)
    labels = [row["label"] for row in rows if row["service"] != Service.OUT_OF_SERVICE]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        why = f"Two doors of bank {bank.label} would be called {twice[0]!r}."
        raise Rejected(Reason.ALREADY_EXISTS, why, path=("input", "differences"))
    if len(rows) > MOST_COMPARTMENTS:
        raise Invalid(f"A bank has {MOST_COMPARTMENTS} compartments at most.", path=("input", "differences"))


_Apply = Callable[[Work, Bank, Mapping[str, Any], Mapping[str, str], str], Awaitable[None]]


async def _add_door(work: Work, bank: Bank, found: Mapping[str, Any], words: Mapping[str, str], reason: str) -> None:
    size = sized_or_ours(found["theirs"], words)
    if size is None:
        why = f"Say what size {found['theirs']!r} of unit {found['externalId']} is here."
        raise Invalid(why, path=("input", "sizes"))
    doors = await lockers.doors(work.conn, bank)
    place = max((door["column_no"] for door in doors), default=0) + 1
    new = NewCompartment(found["label"], found["externalId"], size, row=1, column=min(place, 100))
    await lockers_service.add_door(work, bank, new, reason)


async def _retire(work: Work, bank: Bank, found: Mapping[str, Any], _: Mapping[str, str], reason: str) -> None:
    """Whatever happened behind it stays on record; nobody gets it any more."""
    door = await _door_of(work, bank, found)
    service = await lockers.standing(work.conn, work.tenant, door)
    assert service is not None, "read a moment ago, and doors are never deleted while their bank stands"
    if service.service is not Service.OUT_OF_SERVICE:
        await lockers_service.set_service(work, service, Service.OUT_OF_SERVICE, reason, None)


async def _correct(work: Work, bank: Bank, found: Mapping[str, Any], _: Mapping[str, str], reason: str) -> None:
    id_ = await _door_of(work, bank, found)
    now = next(row for row in await lockers.doors(work.conn, bank) if row["id"] == id_)
    before = {"label": now["label"], "size": now["size"], "accessible": now["accessible"]}
    field = found["kind"].lower()
    if said(before[field]) != found["ours"]:
        raise Rejected(Reason.WRONG_STATE, f"Door {now['label']} was changed meanwhile: survey the bank again.")
    after = before | {field: found["theirs"] == "true" if field == "accessible" else found["theirs"]}
    await lockers_service.correct_door(work, bank, now, after, reason)


_APPLY: dict[DifferenceKind, _Apply] = {
    DifferenceKind.ADDED: _add_door,
    DifferenceKind.GONE: _retire,
    DifferenceKind.LABEL: _correct,
    DifferenceKind.SIZE: _correct,
    DifferenceKind.ACCESSIBLE: _correct,
}


async def _door_of(work: Work, bank: Bank, found: Mapping[str, Any]) -> UUID:
    for row in await lockers.doors(work.conn, bank):
        if row["external_id"] == found["externalId"]:
            id_: UUID = row["id"]
            return id_
    raise Rejected(Reason.WRONG_STATE, f"Unit {found['externalId']} was changed meanwhile: survey the bank again.")


async def set_bank_service(work: Work, bank_id: UUID, after: Service, reason: str, until: datetime | None) -> UUID:
    """Every door of a bank out of service, or back into it; each leaves its own fact and entry. Doors that are so
    already stay as they are, with the reason they have. Rejected where all of them are."""
    bank = await lockers.bank(work.conn, work.actor, bank_id)
    if bank is None:
        raise NotFound("There is no such bank.", path=("input", "bankId"))
    work.enter(bank.tenant_id)
    authorize(work.actor, Permission.COMPARTMENT_SERVICE, bank.site_id)
    doors = [row["id"] for row in await lockers.doors(work.conn, bank) if row["service"] != after]
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
