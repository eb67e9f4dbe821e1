"""What people do to sites."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from app.kit import checks
from app.kit.db import Row
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.sites import events, queries, store
from tenants.audit.model import Entry
from tenants.policy import Permission, authorize
from tenants.work import Work

_COUNTRY_LETTERS = 2


async def create(work: Work, given: Mapping[str, Any]) -> UUID:
    """`given`: every name in store.CHANGEABLE but latitude and longitude, which may be None. A new site lies outside
    every list of sites, so only a membership of all sites may make one."""
    authorize(work.actor, Permission.SITE_MANAGE)
    if not work.actor.all_sites:
        rule = FailedRule("sites", "a membership of all sites", "some sites")
        raise Denied("Only who manages all sites may add one.", permission=Permission.SITE_MANAGE, failed=(rule,))
    values = _checked(given)
    id = new_id()
    await store.ADD.run(work.conn, tenant_id=work.tenant, id=id, **values)
    work.emit(events.of_site("SiteCreated", id, values))
    work.audit(Entry(Permission.SITE_MANAGE, "Site", id, id, details={"act": "create", **_told(values)}))
    return id


async def change(work: Work, id: UUID, given: Mapping[str, Any]) -> None:
    """What is given is changed; the rest stays."""
    await _find(work, id, "siteId")
    values = _checked(given)
    changed = {name: value for name, value in values.items() if value is not None}
    if not changed:
        raise Invalid("Name at least one thing to change.", path=("input",))
    await store.CHANGE.row(work.conn, tenant_id=work.tenant, id_=id, **values)
    work.emit(events.of_site("SiteChanged", id, changed))
    work.audit(Entry(Permission.SITE_MANAGE, "Site", id, id, details={"act": "update", **_told(changed)}))


async def delete(work: Work, id: UUID) -> None:
    """Only a site where nothing stands and nothing happened: history keeps its places."""
    site = await _find(work, id, "id")
    try:
        await store.REMOVE.row(work.conn, tenant_id=work.tenant, id_=id)
    except asyncpg.ForeignKeyViolationError as error:
        raise Rejected(
            Reason.STILL_IN_USE, f"Site {site['name']} has banks or records.", path=("input", "id")
        ) from error
    work.emit(events.of_site("SiteDeleted", id))
    work.audit(Entry(Permission.SITE_MANAGE, "Site", id, id, details={"act": "delete", "name": site["name"]}))


async def _find(work: Work, id: UUID, field: str) -> Row:
    site = await queries.site(work.conn, work.actor, id)
    if site is None:
        raise NotFound("There is no such site.", path=("input", field))
    work.enter(site["tenant_id"])
    authorize(work.actor, Permission.SITE_MANAGE, id)
    return site


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every changeable field, None where it is not given. Raises Invalid."""
    values: dict[str, Any] = {name: given.get(name) for name in store.CHANGEABLE}
    for name, field, most in (("name", "name", 200), ("address_line", "addressLine", 300), ("city", "city", 100)):
        if values[name] is not None:
            values[name] = checks.text(field, values[name], most=most)
    if values["country"] is not None:
        country = values["country"].strip().upper()
        checks.one_of("country", len(country), {_COUNTRY_LETTERS}, "country is two letters, such as PT.")
        checks.one_of("country", country.isascii() and country.isalpha(), {True}, "country is two letters, such as PT.")
        values["country"] = country
    if values["timezone"] is not None:
        checks.time_zone("timezone", values["timezone"])
    if values["locale"] is not None:
        checks.locale("locale", values["locale"])
    for name, bound in (("latitude", 90), ("longitude", 180)):
        if values[name] is not None:
            checks.within(name, values[name], -bound, bound)
    return values


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
