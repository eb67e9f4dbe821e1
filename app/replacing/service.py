"""Putting another controller behind doors that are there: ids, stays and history go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.devices import queries as devices
from app.devices import store as devices_store
from app.devices.port import Ability, Capability, OrderKind
from app.kit import checks
from app.kit.db import Row
from app.kit.errors import Invalid, NotFound, Reason, Rejected
from app.likeness.model import likeness_in
from app.lockers import events as locker_events
from app.lockers import queries as lockers
from app.lockers import service as lockers_service
from app.lockers import store as lockers_store
from app.lockers.model import Bank, Service, Use
from app.passes import queries as passes
from app.stays import queries as stay_queries
from app.stays import service as stays
from app.stays.model import OPEN_BEFORE_DEPOSIT, State, Stay
from app.vendors import queries as surveys
from app.vendors import service as vendors
from app.vendors.model import sized_or_ours
from app.vendors.service import Vendors
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Work

# What was there a day ago need not be what is there now.
FRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ReplaceController:
    """`units`: the old unit id -> the new one, for those that are called otherwise behind the new controller."""

    bank_id: UUID
    account_id: UUID
    external_id: str
    units: Mapping[str, str]
    reason: str


async def replace_controller(work: Work, ask: ReplaceController, known: Vendors) -> UUID:
    """Only what a survey of the new account has found. What is under way must have ended: neither a command nor a pass
    can move from one controller to another. What the new vendor's books must know they are told."""
    bank = await lockers_service.find_bank(work, ask.bank_id, "bankId")
    account = await vendors.find(work, ask.account_id)
    reason = checks.text("reason", ask.reason, most=500)
    external = known.called(account["vendor"], ask.external_id)
    # Everybody locks a stay before its door.
    await stay_queries.open_at(work.conn, work.tenant, bank.id)
    if not await lockers.hold_bank(work.conn, bank):
        raise Rejected(Reason.WRONG_STATE, f"Bank {bank.label} was changed meanwhile: look at it again.")
    if await devices.unsettled(work.conn, work.tenant, bank.id):
        raise Rejected(Reason.COMMAND_PENDING, f"Commands to bank {bank.label} are still under way.")
    if await passes.live_at(work.conn, work.tenant, bank.id):
        raise Rejected(Reason.STILL_IN_USE, f"Passes to bank {bank.label} may still be used.")
    await _rename(work, bank, ask.units)
    survey, listed = await _surveyed(work, account, external)
    await _fits(work, bank, listed)
    open_ = await stay_queries.open_at(work.conn, work.tenant, bank.id)
    _may_go_on(bank, survey["capabilities"], open_)
    await vendors.only_once(work, account["id"], external, but=bank.id)
    await _rewire(work, bank, account, external, survey["capabilities"], listed)
    details = {
        "act": "replace_controller", "account": str(account["id"]), "vendor": account["vendor"],
        "external_id": external, "before": bank.external_id, "units": dict(ask.units),
    }  # fmt: skip
    work.emit(locker_events.of_bank("ControllerReplaced", bank, vendor=account["vendor"], units=len(ask.units)))
    work.audit(Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, reason=reason, details=details))
    for stay in open_:
        await _told(work, stay)
    await devices_store.ring(work.conn, bank.connection_id)
    return bank.id


async def _surveyed(work: Work, account: Row, external: str) -> tuple[Row, Mapping[str, Any]]:
    survey = await surveys.latest(work.conn, work.tenant, account["id"], work.now - FRESH)
    if survey is None:
        words = f"Survey the account {account['name']} first: it must be known what stands there."
        raise Rejected(Reason.WRONG_STATE, words, path=("input", "accountId"))
    listed = next((each for each in survey["found"] if each["externalId"] == external), None)
    if listed is None:
        raise NotFound("The survey found no such bank.", path=("input", "externalId"))
    return survey, listed


async def _fits(work: Work, bank: Bank, listed: Mapping[str, Any]) -> None:
    """Each door that is in use has its unit there, of its size where the vendor tells one, and nobody's as yet."""
    units = {unit["externalId"]: unit for unit in listed["units"]}
    words = await lockers.size_words(work.conn, bank)
    for door in await lockers.doors(work.conn, bank):
        unit = units.get(door["external_id"])
        if unit is None and (door["service"] != Service.OUT_OF_SERVICE or door["use"] != Use.FREE):
            words_ = f"The survey found no unit {door['external_id']} for door {door['label']}."
            raise Invalid(words_, path=("input", "units"))
        size = sized_or_ours(unit["size"], words) if unit else None
        if unit and size is not None and size != door["size"]:
            words_ = f"Unit {door['external_id']} is {size}, door {door['label']} is {door['size']}."
            raise Invalid(words_, path=("input", "units"))
        if unit and unit["inUse"]:
            words_ = f"Unit {door['external_id']} is in use in the new vendor's books: free it there, and survey again."
            raise Rejected(Reason.STILL_IN_USE, words_, path=("input", "units"))


def _may_go_on(bank: Bank, capabilities: Mapping[str, str], open_: Sequence[Stay]) -> None:
    """A vendor that chooses doors itself, or opens them to passes, cannot be told that somebody is in one already."""
    own_way = (Capability.VENDOR_ASSIGNS_UNIT, Capability.PHONE_TOKENS)
    if open_ and any(capabilities.get(each, Ability.ABSENT) != Ability.ABSENT for each in own_way):
        words = f"Bank {bank.label} has {len(open_)} stays, and the new vendor gives places out itself: end them first."
        raise Rejected(Reason.STILL_IN_USE, words)


async def _rewire(
    work: Work, bank: Bank, account: Row, external: str, capabilities: Mapping[str, str], listed: Mapping[str, Any]
) -> None:
    given = {
        "new_connection_id": account["id"], "new_vendor": account["vendor"], "new_external_id": external,
        "new_capabilities": dict(capabilities), "new_likeness": likeness_in(listed),
        # As in changing a bank: who chooses doors must answer for that.
        "new_blind_allocation": bank.blind_allocation
        and capabilities.get(Capability.VENDOR_ASSIGNS_UNIT, Ability.ABSENT) == Ability.ABSENT,
    }  # fmt: skip
    try:
        await lockers_store.REWIRE.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, **given)
    except asyncpg.UniqueViolationError as error:
        raise Rejected(
            Reason.ALREADY_EXISTS, "Another bank stands behind that id.", path=("input", "externalId")
        ) from error
    await lockers_store.FORGET_DOORS.run(work.conn, tenant_id=work.tenant, bank_id=bank.id)
    if bank.differs_since is not None:
        work.emit(locker_events.of_bank("BankRecognised", bank))


# What a vendor that keeps books must know of a stay that was there before it.
_TELLS: Mapping[State, tuple[OrderKind, ...]] = {
    **dict.fromkeys((*OPEN_BEFORE_DEPOSIT, State.DEPOSITING), (OrderKind.RESERVE,)),
    **dict.fromkeys((State.DEPOSITED, State.COLLECTING), (OrderKind.RESERVE, OrderKind.DEPOSIT)),
}


async def _told(work: Work, stay: Stay) -> None:
    door = await stays.door_of(work, stay)
    for kind in _TELLS.get(stay.state, ()):
        await stays.told(work, stay, door, kind)


async def _rename(work: Work, bank: Bank, units: Mapping[str, str]) -> None:
    after = [checks.text("units", unit, most=100) for unit in units.values()]
    known = {row["external_id"] for row in await lockers.doors(work.conn, bank)}
    unknown = units.keys() - known
    if unknown:
        raise Invalid(f"The bank has no unit {min(unknown)!r}.", path=("input", "units"))
    if len(set(after)) < len(after) or set(after) & (known - units.keys()):
        raise Invalid("Two doors would be the same unit.", path=("input", "units"))
    if units:
        given = {"tenant_id": work.tenant, "bank_id": bank.id, "befores": list(units), "afters": after}
        await lockers_store.MOVE_ASIDE.run(work.conn, **given)
        await lockers_store.RENAME.run(work.conn, **given)
