"""Facts of vendor accounts and of surveys."""

from uuid import UUID

from app.kit.events import Fact


def of_account(kind: str, id_: UUID, **payload: object) -> Fact:
    """VendorAccountConnected, VendorAccountChanged, VendorAccountRemoved. Never its settings, never its secret."""
    return Fact(kind, "VendorAccount", id_, payload)


def of_survey(kind: str, id_: UUID, site_id: UUID | None, bank_id: UUID | None, **payload: object) -> Fact:
    """SurveyAsked, SurveyFinished, SurveyFailed, SurveyApplied."""
    return Fact(kind, "Survey", id_, payload, site_id, bank_id)
