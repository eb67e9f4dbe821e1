"""What people do about differences that a survey of a bank has found: take them over, or say that it is the bank."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.devices import store as devices_store
from app.kit import checks
from app.kit.db import Row
from app.kit.errors import Invalid, Reason, Rejected
from app.likeness import service as likeness
from app.likeness.model import as_found, changed, likeness_in, taken_over
from app.lockers import queries as lockers
from app.lockers import service as lockers_service
from app.lockers import store as lockers_store
from app.lockers.model import Bank, Service
from app.lockers.service import MOST_COMPARTMENTS, NewCompartment
from app.vendors import events
from app.vendors import service as vendors
from app.vendors import store as survey_store
from app.vendors.model import APPLICABLE, DifferenceKind, kept, parts, said, sized_or_ours, words_of
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Work

K = DifferenceKind
_PATH = ("input", "differences")


@dataclass(frozen=True, slots=True)
class ApplySurvey:
    """`keys`: the differences to take over, as the survey names them; none only to confirm a bank that is not as it
    was. `sizes`: for units of a size nobody explained."""

    survey_id: UUID
    keys: tuple[str, ...]
    reason: str
    sizes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConfirmBank:
    survey_id: UUID
    reason: str


async def apply(work: Work, ask: ApplySurvey) -> UUID:
    """Change our record as the vendor has it, for the differences named and no others; all of them or none. What the
    vendor no longer has goes out of service and stays on record. A bank that is not as it was opens doors again once
    nothing is left in which it differs. Answers the bank."""
    row, bank = await _surveyed(work, ask.survey_id)
    if not ask.keys and bank.differs_since is not None:
        return await _confirm(work, row, bank, ask.reason)
    reason = checks.text("reason", ask.reason, most=500)
    chosen = _chosen(row, ask.keys)
    words = await lockers.size_words(work.conn, bank) | words_of(ask.sizes)
    for each in chosen:
        await _APPLY[K(each["kind"])](work, bank, each, words, reason)
    await _told_apart(work, bank)
    await lockers_store.SET_WORDS.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, words=kept(words))
    await _known_again(work, row, bank, [(K(each["kind"]), each["externalId"]) for each in chosen])
    await _settled(work, row, bank, list(ask.keys))
    details = {"act": "reconcile", "survey": str(ask.survey_id), "applied": list(ask.keys)}
    work.audit(Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, reason=reason, details=details))
    return bank.id


async def confirm(work: Work, ask: ConfirmBank) -> UUID:
    """A bank that is not as it was taken over is the right one all the same: somebody has compared it, and looked.
    From then on it is known by what the survey found, and its doors open again. Nothing else changes."""
    row, bank = await _surveyed(work, ask.survey_id)
    return await _confirm(work, row, bank, ask.reason)


async def _confirm(work: Work, row: Row, bank: Bank, why: str) -> UUID:
    if bank.differs_since is None:
        raise Rejected(Reason.WRONG_STATE, f"Bank {bank.label} is as it was taken over: there is nothing to confirm.")
    reason = checks.text("reason", why, most=500)
    before = await lockers.likeness(work.conn, bank) or {}
    now = _found(row, before)
    await likeness.recognised(work, bank, now)
    await _settled(work, row, bank, [])
    unlike = {id_: {"was": was, "is": is_} for id_, (was, is_) in changed(before, now).items()}
    details = {"act": "confirm", "survey": str(row["id"]), "unlike": unlike}
    work.audit(Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, reason=reason, details=details))
    return bank.id


async def _surveyed(work: Work, survey_id: UUID) -> tuple[Row, Bank]:
    """The survey of one bank, as the bank still is. Rejected where either is of another time."""
    row = await vendors.ready(work, survey_id)
    if row["bank_id"] is None:
        raise Rejected(Reason.WRONG_STATE, "This survey is of a whole account: survey one bank.")
    bank = await lockers_service.find_bank(work, row["bank_id"], "surveyId")
    late = None
    if (row["connection_id"], row["revision"]) != (bank.connection_id, bank.revision):
        late = f"Bank {bank.label} was changed since this survey: survey it again."
    elif bank.differs_since is not None and row["requested_at"] < bank.differs_since:
        late = f"Bank {bank.label} was found to be otherwise after this survey: survey it again."
    if late is not None:
        raise Rejected(Reason.WRONG_STATE, late, path=("input", "surveyId"))
    return row, bank


def _chosen(row: Row, keys: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """The differences of these keys, each with what was found of its unit. Raises Invalid."""
    known = {each["key"]: each for each in row["differences"] if each["kind"] in APPLICABLE}
    if not keys or any(key not in known for key in keys):
        raise Invalid("Name differences of this survey that can be taken over.", path=_PATH)
    units = {unit["externalId"]: unit for unit in row["found"][0]["units"]}
    return [{**units.get(known[key]["externalId"], {}), **known[key]} for key in dict.fromkeys(keys)]


def _found(row: Row, before: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    listed = row["found"][0]
    return as_found(before, likeness_in(listed), part=listed.get("unread") is True)


async def _known_again(work: Work, row: Row, bank: Bank, chosen: list[tuple[DifferenceKind, str]]) -> None:
    """By what was taken over and nothing else: whatever differs besides has still to be looked at."""
    before = await lockers.likeness(work.conn, bank)
    now = _found(row, before or {})
    after = now if before is None else taken_over(before, now, parts(chosen))
    act = likeness.known_by if changed(after, now) else likeness.recognised
    await act(work, bank, after)


async def _settled(work: Work, row: Row, bank: Bank, applied: list[str]) -> None:
    """Its keeper begins anew; what was done is no change that the survey does not know of."""
    await lockers_store.REVISE.row(work.conn, tenant_id=work.tenant, bank_id=bank.id, through=None)
    await survey_store.CARRY_ON.run(work.conn, of_tenant=work.tenant, id_=row["id"], after=bank.revision + 1)
    work.emit(events.of_survey("SurveyApplied", row["id"], bank.site_id, bank.id, applied=applied))
    await devices_store.ring(work.conn, bank.connection_id)


async def _told_apart(work: Work, bank: Bank) -> None:
    """People find their door by its label. What is out of service may still have the label of what replaced it."""
    rows = await lockers.doors(work.conn, bank)
    labels = [row["label"] for row in rows if row["service"] != Service.OUT_OF_SERVICE]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        why = f"Two doors of bank {bank.label} would be called {twice[0]!r}."
        raise Rejected(Reason.ALREADY_EXISTS, why, path=_PATH)
    if len(rows) > MOST_COMPARTMENTS:
        raise Invalid(f"A bank has {MOST_COMPARTMENTS} compartments at most.", path=_PATH)


_Apply = Callable[[Work, Bank, Mapping[str, Any], Mapping[str, str], str], Awaitable[None]]


async def _add_door(work: Work, bank: Bank, found: Mapping[str, Any], words: Mapping[str, str], reason: str) -> None:
    size = sized_or_ours(found["theirs"], words)
    if size is None:
        why = f"Say what size {found['theirs'] or 'nothing'!r} of unit {found['externalId']} is here."
        raise Invalid(why, path=("input", "sizes"))
    doors = await lockers.doors(work.conn, bank)
    place = max((door["column_no"] for door in doors), default=0) + 1
    new = NewCompartment(
        found["label"], found["externalId"], size, row=1, column=min(place, 100),
        accessible=found.get("accessible") is True, taken=found.get("inUse") is True,
    )  # fmt: skip
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
    K.ADDED: _add_door,
    K.GONE: _retire,
    K.LABEL: _correct,
    K.SIZE: _correct,
    K.ACCESSIBLE: _correct,
}


async def _door_of(work: Work, bank: Bank, found: Mapping[str, Any]) -> UUID:
    for row in await lockers.doors(work.conn, bank):
        if row["external_id"] == found["externalId"]:
            id_: UUID = row["id"]
            return id_
    raise Rejected(Reason.WRONG_STATE, f"Unit {found['externalId']} was changed meanwhile: survey the bank again.")
