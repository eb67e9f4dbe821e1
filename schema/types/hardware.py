"""Vendors, accounts at them, and what they hold."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.devices.port import SettingKind
from app.vendors.model import DifferenceKind, SurveyState
from schema.types.paging import Connection, Node
from schema.types.refs import BankRef
from schema.types.scalars import Json
from schema.types.telling import needs, paged, told
from tenants.policy import Permission

manage = needs(Permission.BANK_MANAGE)


@strawberry.type(description="One field of an account at a vendor.")
class VendorSettingStats:
    name: str = manage("Its name.")
    kind: SettingKind = manage("What it holds.")
    help: str = manage("What it is for.")
    required: bool = manage("Whether it must be given.")
    secret: bool = manage("Whether it belongs into `secret`, where it cannot be read again.")
    default: Json | None = manage("What it is when left out.")


@strawberry.type(description="A make of hardware that can be connected.")
class VendorStats:
    name: str = manage("Its name for programs.")
    title: str = manage("Its name for people.")
    address_help: str = manage("What its address looks like.")
    settings: list[VendorSettingStats] = manage("What an account needs.")


@strawberry.type(description="One thing in which a vendor and our record disagree.")
class DifferenceStats:
    key: str = manage("Its name in this survey.")
    kind: DifferenceKind = manage("In what they disagree.")
    external_id: str = manage("The unit, by the vendor's id.")
    label: str = manage("The door, as people call it.")
    ours: str | None = manage("What our record has; null where it has nothing.")
    theirs: str | None = manage("What the vendor has; null where it has nothing.")
    applicable: bool = manage(
        "Whether our record can be changed to the vendor's; the others need a person at the door."
    )
    as_taken_over: bool = manage(
        "Whether the vendor told the same when the bank was taken over: somebody called it otherwise here on purpose."
    )


@strawberry.type(description="An account at a vendor: the way to its banks. Its secret cannot be read by anybody.")
class VendorAccount(Node):
    id: strawberry.ID = manage("Opaque id.")
    name: str = manage("What people call it.")
    vendor: str = manage("Which vendor.")
    base_url: str = manage("Its address.")
    settings: Json = manage("What it was given besides, without secrets.")
    has_secret: bool = manage("Whether it has a secret.")
    created_at: datetime = manage("When it was connected.")
    banks: Connection[BankRef] = paged("Its banks, by label.", Permission.SITE_READ)
    surveys: Connection[Survey] = paged("What it was asked, the newest first.", Permission.BANK_MANAGE)


@strawberry.type(description="What a vendor was asked, and what it holds. Nothing is taken over by itself.")
class Survey(Node):
    id: strawberry.ID = manage("Opaque id.")
    state: SurveyState = manage("How far it is.")
    requested_by: str = manage("Who asked.")
    requested_at: datetime = manage("When it was asked for.")
    finished_at: datetime | None = manage("When it was answered.")
    problem: str | None = manage("Why it failed, and what to do.")
    found: Json = manage(
        "Banks as listed: `externalId name location unread units`, `unread` where not all of it could be read; each "
        "unit with `externalId label size accessible serial inService inUse`, where null means that the vendor does "
        "not tell."
    )
    differences: list[DifferenceStats] = manage("Where one bank differs from our record; empty for whole accounts.")
    account: VendorAccount | None = manage("Which account; null when you may not see it.")
    bank: BankRef | None = told("Which bank; null for whole accounts.", Permission.SITE_READ)
