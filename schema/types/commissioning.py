"""What the mutations that bring banks in take."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.lockers.model import Size
from schema.types.inputs import ID, must, once
from schema.types.scalars import Json
from schema.types.spoken import ServiceChange
from schema.types.telling import asked

SEALED = "Credentials; kept sealed, never shown again."


@strawberry.input(description="A new account at a vendor.")
class ConnectVendorInput:
    idempotency_key: str = once()
    name: str = must("What to call it.")
    vendor: str = must("Which vendor, as `vendors` names it.")
    base_url: str = must("Where it is reached.")
    settings: Json = must("What the vendor needs besides.")
    secret: Json | None = asked(SEALED)


@strawberry.input(description="Changes to an account; what is left out stays.")
class ChangeVendorAccountInput:
    idempotency_key: str = once()
    account_id: ID = must("Which account.")
    name: str | None = asked("What to call it.")
    base_url: str | None = asked("Where it is reached; elsewhere than before only with the secret again.")
    settings: Json | None = asked("What the vendor needs besides; replaces all of it.")
    secret: Json | None = asked(f"{SEALED} Replaces all of it.")


@strawberry.input(description="Which account to ask what it holds.")
class SurveyVendorAccountInput:
    idempotency_key: str = once()
    account_id: ID = must("Which account.")


@strawberry.input(description="Which bank to compare with its vendor.")
class SurveyBankInput:
    idempotency_key: str = once()
    bank_id: ID = must("Which bank.")


@strawberry.input(description="Take every door of a bank out of service, or back into it.")
class SetBankServiceStateInput:
    idempotency_key: str = once()
    bank_id: ID = must("Which bank.")
    service: ServiceChange = must("What its doors shall be.")
    reason: str = must("Why; it stands in the record.")
    until: datetime | None = asked("Until when.")


@strawberry.input(description="What a vendor's word for a size means here.")
class SizeWordInput:
    word: str = must("The vendor's word; empty for units whose size it does not tell.")
    size: Size = must("Our size.")


@strawberry.input(description="How a door that was found is called and placed here; what is left out is as found.")
class FoundDoorInput:
    external_id: str = must("Its id at the vendor.")
    label: str | None = asked("What stands on the door.")
    size: Size | None = asked("Its size.")
    accessible: bool | None = asked("Whether it can be reached from a wheelchair.")
    row: int | None = asked("Row, from the top.")
    column: int | None = asked("Column, from the left.")
    row_span: int | None = asked("How many rows it is high.")


@strawberry.input(description="Which bank to take over, where it stands, and what its sizes mean.")
class ImportBankInput:
    idempotency_key: str = once()
    survey_id: ID = must("The survey that found it.")
    site_id: ID = must("Where it stands.")
    external_id: str = must("Its id at the vendor.")
    label: str = must("What to call it.")
    sizes: list[SizeWordInput] = asked("What the vendor's words for sizes mean.", [])
    doors: list[FoundDoorInput] = asked("Doors that are called or placed otherwise than found.", [])


@strawberry.input(description="Which differences to take over into our record.")
class ApplySurveyInput:
    idempotency_key: str = once()
    survey_id: ID = must("The survey that found them.")
    differences: list[str] = must("Their keys; none does what `confirmBank` does.")
    reason: str = must("Why; it stands in the record.")
    sizes: list[SizeWordInput] = asked("What words for sizes mean that are new.", [])


@strawberry.input(description="That a bank which is not as it was taken over is the right one.")
class ConfirmBankInput:
    idempotency_key: str = once()
    survey_id: ID = must("The survey of it that you have looked at, asked for after it was found to be otherwise.")
    reason: str = must("How you know; it stands in the record.")


@strawberry.input(description="A unit that is called otherwise behind the new controller.")
class RenamedUnitInput:
    before: str = must("Its id behind the old controller.")
    after: str = must("Its id behind the new one.")


@strawberry.input(description="Another controller behind the same doors.")
class ReplaceControllerInput:
    idempotency_key: str = once()
    bank_id: ID = must("Which bank.")
    account_id: ID = must("The account the new controller is reached by.")
    external_id: str = must("The bank's id there.")
    units: list[RenamedUnitInput] = asked("Units that are called otherwise now.", [])
    reason: str = must("Why; it stands in the record.")
