"""Mutations of vendor accounts, and those that bring banks in."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.commissioning import service as commissioning
from app.commissioning.service import ImportBank
from app.kit.errors import Invalid
from app.reconciling import service as reconciling
from app.reconciling.service import ApplySurvey, ConfirmBank
from app.replacing import service as replacing
from app.replacing.service import ReplaceController
from app.vendors import service as vendors
from app.vendors.service import Account, Vendors
from schema.mutations import Call, Mutations, Outcome, delete


def _account(call: Call) -> Account:
    return Account(**{name: call.given.get(name) for name in Account.__slots__})


async def connect_vendor(call: Call) -> Outcome:
    known = call.part("vendors", Vendors)
    async with call.context.begin(call.key) as work:
        work.answer = ("VendorAccount", await vendors.connect(work, _account(call), known))
    return work.answer


async def change_vendor_account(call: Call) -> Outcome:
    id_, known = call.id("account_id", "VendorAccount"), call.part("vendors", Vendors)
    async with call.context.begin(call.key) as work:
        await vendors.change(work, id_, _account(call), known)
        work.answer = ("VendorAccount", id_)
    return work.answer


async def delete_vendor_account(call: Call) -> Outcome:
    return await delete(call, "VendorAccount", vendors.remove)


async def survey_vendor_account(call: Call) -> Outcome:
    id_ = call.id("account_id", "VendorAccount")
    async with call.context.begin(call.key) as work:
        work.answer = ("Survey", await vendors.survey(work, id_))
    return work.answer


async def survey_bank(call: Call) -> Outcome:
    id_ = call.id("bank_id", "Bank")
    async with call.context.begin(call.key) as work:
        work.answer = ("Survey", await vendors.survey_bank(work, id_))
    return work.answer


async def import_bank(call: Call) -> Outcome:
    given = call.given
    ask = ImportBank(
        survey_id=call.id("survey_id", "Survey"),
        site_id=call.id("site_id", "Site"),
        external_id=given["external_id"],
        label=given["label"],
        words=_words(given["sizes"]),
        doors=_by("external_id", given["doors"], "doors"),
    )
    async with call.context.begin(call.key) as work:
        work.answer = ("Bank", await commissioning.import_bank(work, ask))
    return work.answer


async def apply_survey(call: Call) -> Outcome:
    given = call.given
    survey = call.id("survey_id", "Survey")
    ask = ApplySurvey(survey, tuple(given["differences"]), given["reason"], _words(given["sizes"]))
    async with call.context.begin(call.key) as work:
        work.answer = ("Bank", await reconciling.apply(work, ask))
    return work.answer


async def confirm_bank(call: Call) -> Outcome:
    ask = ConfirmBank(call.id("survey_id", "Survey"), call.given["reason"])
    async with call.context.begin(call.key) as work:
        work.answer = ("Bank", await reconciling.confirm(work, ask))
    return work.answer


async def replace_controller(call: Call) -> Outcome:
    given = call.given
    units = _by("before", given["units"], "units")
    ask = ReplaceController(
        bank_id=call.id("bank_id", "Bank"),
        account_id=call.id("account_id", "VendorAccount"),
        external_id=given["external_id"],
        units={before: each["after"] for before, each in units.items()},
        reason=given["reason"],
    )
    known = call.part("vendors", Vendors)
    async with call.context.begin(call.key) as work:
        work.answer = ("Bank", await replacing.replace_controller(work, ask, known))
    return work.answer


def _words(given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {word: each["size"] for word, each in _by("word", given, "sizes").items()}


def _by(name: str, given: Sequence[Mapping[str, Any]], field: str) -> dict[str, Mapping[str, Any]]:
    found = {str(each[name]): each for each in given}
    if len(found) < len(given):
        raise Invalid(f"{field} names one thing twice.", path=("input", field))
    return found


MUTATIONS: Mutations = {
    "connectVendor": connect_vendor,
    "changeVendorAccount": change_vendor_account,
    "deleteVendorAccount": delete_vendor_account,
    "surveyVendorAccount": survey_vendor_account,
    "surveyBank": survey_bank,
    "importBank": import_bank,
    "applySurvey": apply_survey,
    "confirmBank": confirm_bank,
    "replaceController": replace_controller,
}
