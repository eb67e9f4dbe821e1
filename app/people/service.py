"""What is done to people's records. Their values are personal: the audit log keeps commitments, facts keep none."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.kit import checks
from app.kit.errors import Invalid, NotFound
from app.kit.ids import new_id
from app.people import events, queries, store
from app.people.model import PersonKind
from tenants.audit import service as audit
from tenants.audit.model import Entry
from tenants.policy import Permission, authorize
from tenants.work import Work


async def create(work: Work, kind: PersonKind, given: Mapping[str, Any]) -> UUID:
    """`given`: name, locale and, where known, email, phone, unit, personal_id."""
    authorize(work.actor, Permission.PERSON_MANAGE)
    values = _checked(given)
    personal_id = given.get("personal_id")
    values["personal_id"] = None if personal_id is None else checks.text("personalId", personal_id, most=100)
    id = new_id()
    await store.ADD.run(work.conn, tenant_id=work.tenant, id=id, kind=kind.value, **values)
    work.emit(events.of_person("PersonCreated", id, _told(values)))
    details = {"act": "create", "kind": kind.value}
    work.audit(Entry(Permission.PERSON_MANAGE, "Person", id, details=details, personal=_told(values)))
    return id


async def change(work: Work, id: UUID, given: Mapping[str, Any]) -> None:
    """What is given is changed; an empty text takes a value away; the rest stays."""
    await _find(work, id, "personId")
    values = _checked(given)
    changed = _told(values)
    if not changed:
        raise Invalid("Name at least one thing to change.", path=("input",))
    await store.CHANGE.row(work.conn, tenant_id=work.tenant, id_=id, **values)
    work.emit(events.of_person("PersonChanged", id, changed))
    details = {"act": "update", "fields": sorted(changed)}
    work.audit(Entry(Permission.PERSON_MANAGE, "Person", id, details=details, personal=changed))


async def delete(work: Work, id: UUID) -> None:
    """Forget who it was, here and in the audit log; the record stays, because parcels and stays refer to it."""
    await _find(work, id, "id")
    await store.ERASE.row(work.conn, tenant_id=work.tenant, id_=id, now=work.now)
    await store.UNKNOWN.run(work.conn, tenant_id=work.tenant, id_=id)
    await audit.erase(work, [id], "the person's record was deleted")
    work.emit(events.of_person("PersonDeleted", id))
    work.audit(Entry(Permission.PERSON_MANAGE, "Person", id, details={"act": "delete"}))


async def _find(work: Work, id: UUID, field: str) -> None:
    person = await queries.person(work.conn, work.actor, id)
    if person is None:
        raise NotFound("There is no such person.", path=("input", field))
    work.enter(person["tenant_id"])
    authorize(work.actor, Permission.PERSON_MANAGE)


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every changeable field, None where it is not given. Raises Invalid."""
    values: dict[str, Any] = {name: given.get(name) for name in store.CHANGEABLE}
    if values["name"] is not None:
        values["name"] = checks.text("name", values["name"])
    if values["email"]:
        values["email"] = checks.email("email", values["email"])
    values["phone"] = checks.optional_text("phone", values["phone"], most=40)
    values["unit"] = checks.optional_text("unit", values["unit"], most=40)
    if values["locale"] is not None:
        checks.locale("locale", values["locale"])
    return values


def _told(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
