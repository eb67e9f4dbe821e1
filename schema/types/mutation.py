"""The root of all writing: one input each, and a result that is either the thing changed or the problem."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

import strawberry

from schema.types import (
    carriers,
    commissioning,
    entering,
    errors,
    hardware,
    identity,
    inputs,
    lockers,
    openings,
    parcels,
    record,
    watch,
)
from schema.types.telling import told
from tenants.policy import Permission


@strawberry.type(description="You are signed in.")
class SignInPayload:
    token: str = told("The secret to send along as a bearer token. It is not shown again.")
    expires_at: datetime = told("Until when it is good.")
    viewer: identity.Viewer = told("You.")


@strawberry.type(description="The secret is shown once and cannot be read again.")
class CreateApiKeyPayload:
    secret: str = told("What the program sends as its bearer token.")
    api_key: identity.ApiKey = told("The key.")


@strawberry.type(description="It is gone.")
class DeletePayload:
    deleted_id: strawberry.ID = told("Its id.")


Problem: TypeAlias = (
    errors.NotFoundError | errors.DeniedError | errors.RejectedError | errors.ConflictError | errors.InvalidError
)


def _named(name: str) -> Any:
    return strawberry.union(name, description="What was done, or what kept it from being done.")


SignInResult: TypeAlias = Annotated[SignInPayload | errors.DeniedError | errors.InvalidError, _named("SignInResult")]
ReserveCompartmentResult: TypeAlias = Annotated[parcels.Stay | Problem, _named("ReserveCompartmentResult")]
ConfirmDepositResult: TypeAlias = Annotated[parcels.Stay | Problem, _named("ConfirmDepositResult")]
AddParcelsResult: TypeAlias = Annotated[parcels.Stay | Problem, _named("AddParcelsResult")]
TakeParcelsResult: TypeAlias = Annotated[parcels.Stay | Problem, _named("TakeParcelsResult")]
CollectResult: TypeAlias = Annotated[watch.Command | Problem, _named("CollectResult")]
ReleaseStayResult: TypeAlias = Annotated[parcels.Stay | Problem, _named("ReleaseStayResult")]
ExtendStayResult: TypeAlias = Annotated[parcels.Stay | Problem, _named("ExtendStayResult")]
OpenCompartmentResult: TypeAlias = Annotated[watch.Command | Problem, _named("OpenCompartmentResult")]
SettleCommandResult: TypeAlias = Annotated[watch.Command | Problem, _named("SettleCommandResult")]
SetServiceStateResult: TypeAlias = Annotated[lockers.Compartment | Problem, _named("SetServiceStateResult")]
AcknowledgeAlarmResult: TypeAlias = Annotated[watch.Alarm | Problem, _named("AcknowledgeAlarmResult")]
ShelveAlarmResult: TypeAlias = Annotated[watch.Alarm | Problem, _named("ShelveAlarmResult")]
GrantCarrierResult: TypeAlias = Annotated[carriers.Grant | Problem, _named("GrantCarrierResult")]
ChangeGrantResult: TypeAlias = Annotated[carriers.Grant | Problem, _named("ChangeGrantResult")]
CreateApiKeyResult: TypeAlias = Annotated[CreateApiKeyPayload | Problem, _named("CreateApiKeyResult")]
RevokeApiKeyResult: TypeAlias = Annotated[identity.ApiKey | Problem, _named("RevokeApiKeyResult")]
CreateExportResult: TypeAlias = Annotated[record.Export | Problem, _named("CreateExportResult")]
CreateSiteResult: TypeAlias = Annotated[lockers.Site | Problem, _named("CreateSiteResult")]
UpdateSiteResult: TypeAlias = Annotated[lockers.Site | Problem, _named("UpdateSiteResult")]
DeleteResult: TypeAlias = Annotated[DeletePayload | Problem, _named("DeleteResult")]
CreateBankResult: TypeAlias = Annotated[lockers.Bank | Problem, _named("CreateBankResult")]
UpdateBankResult: TypeAlias = Annotated[lockers.Bank | Problem, _named("UpdateBankResult")]
AskOpeningResult: TypeAlias = Annotated[openings.Opening | Problem, _named("AskOpeningResult")]
DecideOpeningResult: TypeAlias = Annotated[openings.Opening | Problem, _named("DecideOpeningResult")]
ConnectVendorResult: TypeAlias = Annotated[hardware.VendorAccount | Problem, _named("ConnectVendorResult")]
ChangeVendorAccountResult: TypeAlias = Annotated[hardware.VendorAccount | Problem, _named("ChangeVendorAccountResult")]
SurveyResult: TypeAlias = Annotated[hardware.Survey | Problem, _named("SurveyResult")]
CommissionBankResult: TypeAlias = Annotated[lockers.Bank | Problem, _named("CommissionBankResult")]
CreatePersonResult: TypeAlias = Annotated[identity.Person | Problem, _named("CreatePersonResult")]
UpdatePersonResult: TypeAlias = Annotated[identity.Person | Problem, _named("UpdatePersonResult")]


def act(description: str, input_: type, needed: Permission | None = None) -> Any:
    return told(description, needed, input=(input_, "What is asked."))


@strawberry.type(description="Everything that can be done. Each act is one transaction with one record.")
class Mutation:
    sign_in: SignInResult = act("Begin a session.", entering.SignInInput)
    sign_out: bool = act("End this session; its sockets close.", entering.SignOutInput)
    reserve_compartment: ReserveCompartmentResult = act(
        "Set a free compartment aside.", inputs.ReserveCompartmentInput, Permission.STAY_CREATE
    )
    confirm_deposit: ConfirmDepositResult = act(
        "Say that a parcel was put in.", inputs.ConfirmDepositInput, Permission.STAY_DEPOSIT
    )
    add_parcels: AddParcelsResult = act(
        "Set more parcels into a stay; they are put in by confirmDeposit.",
        inputs.AddParcelsInput,
        Permission.STAY_CREATE,
    )
    take_parcels: TakeParcelsResult = act(
        "Say that some parcels left a stay while others remain.", inputs.TakeParcelsInput, Permission.STAY_RELEASE
    )
    collect: CollectResult = act("Open the door to take a parcel out.", inputs.CollectInput, Permission.STAY_COLLECT)
    release_stay: ReleaseStayResult = act(
        "End a stay without its door.", inputs.ReleaseStayInput, Permission.STAY_RELEASE
    )
    extend_stay: ExtendStayResult = act("Give a stay more time.", inputs.ExtendStayInput, Permission.STAY_EXTEND)
    open_compartment: OpenCompartmentResult = act(
        "Open a door. Of a bank's doors without a stay one person opens five a minute; more need an approved opening.",
        inputs.OpenCompartmentInput,
        Permission.COMPARTMENT_OPEN,
    )
    ask_opening: AskOpeningResult = act(
        "Ask to open several doors, or all of a bank; a second person has to approve.",
        openings.AskOpeningInput,
        Permission.COMPARTMENT_OPEN,
    )
    approve_opening: DecideOpeningResult = act(
        "Approve what somebody else asked for; the doors open.",
        openings.DecideOpeningInput,
        Permission.COMPARTMENT_OPEN,
    )
    reject_opening: DecideOpeningResult = act(
        "Reject what somebody asked for, or take back what you asked for yourself.",
        openings.DecideOpeningInput,
        Permission.COMPARTMENT_OPEN,
    )
    settle_command: SettleCommandResult = act(
        "Say what became of a command that nothing can be read back of.",
        inputs.SettleCommandInput,
        Permission.COMMAND_SETTLE,
    )
    set_service_state: SetServiceStateResult = act(
        "Take a compartment out of service, or back.", inputs.SetServiceStateInput, Permission.COMPARTMENT_SERVICE
    )
    set_bank_service_state: CommissionBankResult = act(
        "Take every door of a bank out of service, or back.",
        commissioning.SetBankServiceStateInput,
        Permission.COMPARTMENT_SERVICE,
    )
    acknowledge_alarm: AcknowledgeAlarmResult = act(
        "Take care of an alarm.", inputs.AcknowledgeAlarmInput, Permission.ALARM_ACKNOWLEDGE
    )
    shelve_alarm: ShelveAlarmResult = act(
        "Put an alarm aside for a while.", inputs.ShelveAlarmInput, Permission.ALARM_SHELVE
    )
    grant_carrier: GrantCarrierResult = act(
        "Give a carrier a right.", inputs.GrantCarrierInput, Permission.GRANT_MANAGE
    )
    suspend_grant: ChangeGrantResult = act(
        "Stop a grant for a while.", inputs.ChangeGrantInput, Permission.GRANT_MANAGE
    )
    resume_grant: ChangeGrantResult = act(
        "Let a stopped grant go on.", inputs.ChangeGrantInput, Permission.GRANT_MANAGE
    )
    revoke_grant: ChangeGrantResult = act("End a grant for good.", inputs.ChangeGrantInput, Permission.GRANT_MANAGE)
    create_api_key: CreateApiKeyResult = act(
        "Make a key for a program.", entering.CreateApiKeyInput, Permission.API_KEY_MANAGE
    )
    revoke_api_key: RevokeApiKeyResult = act("End a key.", entering.RevokeApiKeyInput, Permission.API_KEY_MANAGE)
    create_export: CreateExportResult = act("Have a file made.", inputs.CreateExportInput, Permission.EXPORT_CREATE)
    create_site: CreateSiteResult = act("Add a site.", inputs.CreateSiteInput, Permission.SITE_MANAGE)
    update_site: UpdateSiteResult = act("Change a site.", inputs.UpdateSiteInput, Permission.SITE_MANAGE)
    delete_site: DeleteResult = act("Delete a site without banks.", inputs.DeleteNodeInput, Permission.SITE_MANAGE)
    create_bank: CreateBankResult = act("Add a bank.", inputs.CreateBankInput, Permission.BANK_MANAGE)
    update_bank: UpdateBankResult = act("Change a bank.", inputs.UpdateBankInput, Permission.BANK_MANAGE)
    delete_bank: DeleteResult = act(
        "Delete a bank that was never used.", inputs.DeleteNodeInput, Permission.BANK_MANAGE
    )
    connect_vendor: ConnectVendorResult = act(
        "Connect an account at a vendor; what it holds is surveyed at once.",
        commissioning.ConnectVendorInput,
        Permission.BANK_MANAGE,
    )
    change_vendor_account: ChangeVendorAccountResult = act(
        "Change an account; its banks are kept anew, and what it holds is surveyed at once.",
        commissioning.ChangeVendorAccountInput,
        Permission.BANK_MANAGE,
    )
    delete_vendor_account: DeleteResult = act(
        "Remove an account without banks.", inputs.DeleteNodeInput, Permission.BANK_MANAGE
    )
    survey_vendor_account: SurveyResult = act(
        "Ask a vendor what an account holds.", commissioning.SurveyVendorAccountInput, Permission.BANK_MANAGE
    )
    survey_bank: SurveyResult = act(
        "Ask a vendor what a bank holds, and where our record differs.",
        commissioning.SurveyBankInput,
        Permission.BANK_MANAGE,
    )
    import_bank: CommissionBankResult = act(
        "Take over a bank that a survey found.", commissioning.ImportBankInput, Permission.BANK_MANAGE
    )
    apply_survey: CommissionBankResult = act(
        "Change our record to the vendor's, for the differences named. A bank that is not as it was opens doors again "
        "once nothing is left in which it differs.",
        commissioning.ApplySurveyInput,
        Permission.BANK_MANAGE,
    )
    confirm_bank: CommissionBankResult = act(
        "Say that a bank which is not as it was taken over is the right one: it is known by what the survey found from "
        "now on, and its doors open again.",
        commissioning.ConfirmBankInput,
        Permission.BANK_MANAGE,
    )
    replace_controller: CommissionBankResult = act(
        "Put another controller, as a survey of its account found it within a day, behind the same doors.",
        commissioning.ReplaceControllerInput,
        Permission.BANK_MANAGE,
    )
    create_person: CreatePersonResult = act("Add a person.", inputs.CreatePersonInput, Permission.PERSON_MANAGE)
    update_person: UpdatePersonResult = act("Change a person.", inputs.UpdatePersonInput, Permission.PERSON_MANAGE)
    delete_person: DeleteResult = act("Erase a person.", inputs.DeleteNodeInput, Permission.PERSON_MANAGE)
