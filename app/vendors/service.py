"""What people do with vendor accounts: connect, change, remove, and ask what they hold."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from app.devices import queries as devices
from app.devices import store as devices_store
from app.devices.port import Connection, DeviceError
from app.kit import checks
from app.kit.db import Row
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.kit.seal import SealBroken, Sealer
from app.lockers import queries as lockers
from app.lockers import service as lockers_service
from app.lockers import store as lockers_store
from app.lockers.model import Bank
from app.vendors import events, queries, store
from app.vendors.model import SurveyState, plain, secrets_of
from tenants.audit.model import Entry
from tenants.policy import Permission, authorize
from tenants.work import Work

# Of one account, and of all accounts of a tenant; each may take a minute, and the tenant's others wait behind it.
MOST_UNANSWERED, MOST_OF_TENANT = 10, 30

# The addresses at which a connection's hardware opens for whoever knows them; none where it asks who one is. Raises
# DeviceError for an address that cannot be used.
Places = Callable[[Connection], Awaitable[Sequence[str]]]
UNUSABLE = "This address cannot be used."


async def _nowhere(_: Connection) -> Sequence[str]:
    return ()


async def _nothing_kept(_work: Work, _account: UUID) -> None:
    return


@dataclass(frozen=True, slots=True)
class Vendors:
    """What connecting a bank needs to know of vendors, handed in: the core names none. `problems` says what is wrong
    with a connection, one sentence each; `bank_id` writes a vendor's bank's id as its adapter does. Both raise
    DeviceError for a vendor nobody knows. `places`: see `Places`. `forget`: drops what is kept of an account that is of
    use at its address only."""

    problems: Callable[[Connection], tuple[str, ...]]
    sealer: Sealer
    bank_id: Callable[[str, str], str] = lambda _vendor, text: text
    places: Places = _nowhere
    forget: Callable[[Work, UUID], Awaitable[None]] = _nothing_kept

    def fit(self, connection: Connection) -> Connection:
        """The same connection. Raises Invalid, naming the field, for what its vendor cannot work with."""
        try:
            problems = self.problems(connection)
        except DeviceError as error:
            raise Invalid(error.detail, path=("input", "vendor")) from error
        if problems:
            raise Invalid("; ".join(problems)[:500], path=("input", "settings"))
        return connection

    def called(self, vendor: str, external_id: str) -> str:
        """A bank's id as given for an input: one for each bank, however it was spelled. Raises Invalid."""
        text = checks.text("externalId", external_id, most=100)
        try:
            return self.bank_id(vendor, text)
        except DeviceError as error:
            raise Invalid(error.detail, path=("input", "externalId")) from error

    def sealed(self, connection: Connection) -> bytes | None:
        """Its secret as it is kept; None where it has none."""
        if not connection.secret:
            return None
        return self.sealer.seal(orjson.dumps(dict(connection.secret)), connection.id.bytes)


@dataclass(frozen=True, slots=True)
class Account:
    """What is said of an account; None: as it was. A secret replaces the former one whole."""

    name: str | None = None
    vendor: str | None = None
    base_url: str | None = None
    settings: object = None
    secret: object = None


async def connect(work: Work, ask: Account, vendors: Vendors) -> UUID:
    """A new account, and the first survey of what it holds. The secret is sealed before the database sees it."""
    authorize(work.actor, Permission.BANK_MANAGE)
    if not work.actor.all_sites:
        rule = FailedRule("sites", "a membership of all sites", "some sites")
        raise Denied("Only who manages all sites may connect one.", permission=Permission.BANK_MANAGE, failed=(rule,))
    tenant = work.enter(work.actor.organization_id)
    given = _checked(_bare(ask), ask, vendors)
    await own(work, given, vendors)
    name = checks.text("name", ask.name or "", most=100)
    values = {
        "id": given.id, "name": name, "vendor": given.vendor, "base_url": given.base_url,
        "settings": dict(given.settings), "secret_sealed": vendors.sealed(given),
    }  # fmt: skip
    await devices_store.add_connection(work.conn, tenant, values)
    work.emit(events.of_account("VendorAccountConnected", given.id, vendor=given.vendor))
    _record(work, given.id, "connect", name=name, vendor=given.vendor)
    await _ask_survey(work, given.id, None)
    return given.id


async def change(work: Work, id: UUID, ask: Account, vendors: Vendors) -> None:
    """Its banks are kept anew with what it says now; what is under way is finished first. Who manages some sites only
    changes it where all its banks stand there. A secret goes nowhere that it was not entered for."""
    row = await find(work, id)
    _authorize_all(work, await lockers.banks_of(work.conn, work.tenant, id))
    old = Connection(id, row["vendor"], row["base_url"], row["settings"])
    if ask.secret is None and row["secret_sealed"] is not None:
        old = replace(old, secret=_opened(vendors.sealer, row))
    given = _checked(old, ask, vendors)
    if ask.secret is None and old.secret and _addresses(given) - _addresses(old):
        raise Invalid("Enter the secret again: it would go to another address.", path=("input", "secret"))
    await own(work, given, vendors)
    name = row["name"] if ask.name is None else checks.text("name", ask.name, most=100)
    sealed = row["secret_sealed"] if ask.secret is None else vendors.sealed(given)
    await devices_store.CHANGE_CONNECTION.row(
        work.conn, tenant_id=work.tenant, id_=id, new_name=name, new_base_url=given.base_url,
        new_settings=dict(given.settings), new_secret_sealed=sealed,
    )  # fmt: skip
    await lockers_store.REVISE.rows(work.conn, tenant_id=work.tenant, bank_id=None, through=id)
    if given.base_url != old.base_url:
        # Only now: whoever notes something while the banks are kept as they were has done so by now, or does not.
        await vendors.forget(work, id)
    await devices_store.ring(work.conn, id)
    if any(each is not None for each in (ask.base_url, ask.settings, ask.secret)):
        await _survey_anew(work, id)
    changed = sorted(field for field in Account.__slots__ if getattr(ask, field) is not None)
    work.emit(events.of_account("VendorAccountChanged", id, fields=changed))
    _record(work, id, "update", fields=changed)


async def _survey_anew(work: Work, id: UUID) -> None:
    """Whether it works as it is now, and what it holds there, is found out at once."""
    given = {"of_tenant": work.tenant, "through": id, "now": work.now}
    await store.OUTDATED.rows(work.conn, **given, new_problem="The account was changed since: ask it again.")
    here, everywhere = await queries.unanswered(work.conn, work.tenant, id)
    if here == 0 and everywhere < MOST_OF_TENANT:
        await _ask_survey(work, id, None)


async def remove(work: Work, id: UUID) -> None:
    """Only an account without banks."""
    row = await find(work, id, "id")
    if await lockers.of_connection(work.conn, work.tenant, id):
        raise Rejected(Reason.STILL_IN_USE, f"Banks stand behind {row['name']}.", path=("input", "id"))
    await devices_store.REMOVE_CONNECTION.run(work.conn, tenant_id=work.tenant, id_=id)
    await store.DISOWN.run(work.conn, id_=id)
    work.emit(events.of_account("VendorAccountRemoved", id))
    _record(work, id, "delete", name=row["name"])


async def survey(work: Work, id: UUID) -> UUID:
    """Ask the vendor what the account holds. Answered within seconds by the background process."""
    await find(work, id)
    return await _ask_survey(work, id, None)


async def survey_bank(work: Work, bank_id: UUID) -> UUID:
    """Ask the vendor what one bank holds, and tell where our record differs."""
    bank = await lockers_service.find_bank(work, bank_id, "bankId")
    return await _ask_survey(work, bank.connection_id, bank)


async def _ask_survey(work: Work, account: UUID, bank: Bank | None) -> UUID:
    here, everywhere = await queries.unanswered(work.conn, work.tenant, account)
    if here >= MOST_UNANSWERED:
        raise Rejected(Reason.COMMAND_PENDING, "The vendor is being asked already.")
    if everywhere >= MOST_OF_TENANT:
        raise Rejected(Reason.COMMAND_PENDING, "So much is being asked of vendors that this has to wait.")
    id_ = new_id()
    site, of = (bank.site_id, bank.id) if bank else (None, None)
    await store.ADD.run(
        work.conn, tenant_id=work.tenant, id=id_, connection_id=account, site_id=site, bank_id=of,
        requested_by_name=work.actor.label, requested_at=work.now, revision=bank.revision if bank else None,
    )  # fmt: skip
    work.emit(events.of_survey("SurveyAsked", id_, site, of))
    work.audit(Entry(Permission.BANK_MANAGE, "Survey", id_, site, details={"act": "survey", "account": str(account)}))
    await devices_store.ring(work.conn, account)
    return id_


async def ready(work: Work, id: UUID) -> Row:
    """A survey that has been answered, by its id in an input."""
    row = await queries.survey(work.conn, work.actor, id)
    if row is None:
        raise NotFound("There is no such survey.", path=("input", "surveyId"))
    work.enter(row["tenant_id"])
    authorize(work.actor, Permission.BANK_MANAGE, row["site_id"])
    if row["state"] != SurveyState.READY:
        raise Rejected(Reason.WRONG_STATE, f"This survey is {row['state']}.", path=("input", "surveyId"))
    return row


async def only_once(work: Work, account: UUID, external_id: str, *, but: UUID | None = None) -> None:
    """Rejected where a bank, `but` one, stands behind the same address already: two would give out the same doors."""
    same = await devices.same_address(work.conn, work.tenant, account)
    other = await lockers.behind(work.conn, work.tenant, same, external_id)
    if other is not None and other.id != but:
        words = f"It is taken over already, as bank {other.label}."
        raise Rejected(Reason.ALREADY_EXISTS, words, path=("input", "externalId"))


async def find(work: Work, id: UUID, field: str = "accountId") -> Row:
    """The account, locked for this act, for somebody who may manage banks."""
    row = await devices.account(work.conn, work.actor, id)
    if row is None:
        raise NotFound("There is no such account.", path=("input", field))
    work.enter(row["tenant_id"])
    authorize(work.actor, Permission.BANK_MANAGE)
    return row


async def own(work: Work, given: Connection, vendors: Vendors) -> None:
    """What opens for whoever knows its address is the tenant's who connected it first, and within it of who manages the
    sites where its banks stand. Others are told what is told of any address that cannot be used."""
    try:
        others = await store.own(work.conn, work.tenant, given.id, await vendors.places(given))
        for each in others or ():
            _authorize_all(work, await lockers.banks_of(work.conn, work.tenant, each))
    except DeviceError as error:
        raise Invalid(f"{UNUSABLE[:-1]}: {error.detail}.", path=("input", "baseUrl")) from error
    except Denied as error:
        raise Invalid(UNUSABLE, path=("input", "baseUrl")) from error
    if others is None:
        raise Invalid(UNUSABLE, path=("input", "baseUrl"))


def _opened(sealer: Sealer, account: Row) -> dict[str, str]:
    try:
        secret: dict[str, str] = orjson.loads(sealer.open(account["secret_sealed"], account["id"].bytes))
    except SealBroken as error:
        raise Invalid("The secret cannot be opened any more: enter it again.", path=("input", "secret")) from error
    return secret


def _authorize_all(work: Work, banks: Sequence[Bank]) -> None:
    for site_id in sorted({bank.site_id for bank in banks}):
        authorize(work.actor, Permission.BANK_MANAGE, site_id)


def _addresses(account: Connection) -> set[str]:
    """Where its secret may be sent. Some vendors take further addresses among their settings."""
    return {account.base_url, *(text for text in _texts(account.settings) if "//" in text)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _checked(before: Connection, ask: Account, vendors: Vendors) -> Connection:
    """The account as it would be. Raises Invalid, naming the field, for what its vendor cannot work with."""
    after = before
    if ask.base_url is not None:
        after = replace(after, base_url=checks.text("baseUrl", ask.base_url, most=500))
    if ask.settings is not None:
        after = replace(after, settings=plain("settings", ask.settings))
    if ask.secret is not None:
        after = replace(after, secret=secrets_of(ask.secret))
    return vendors.fit(after)


def _bare(ask: Account) -> Connection:
    return Connection(new_id(), checks.text("vendor", ask.vendor or "", most=50), ask.base_url or "")


def _record(work: Work, id: UUID, act: str, **details: object) -> None:
    work.audit(Entry(Permission.BANK_MANAGE, "VendorAccount", id, details={"act": act, **details}))
