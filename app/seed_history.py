"""Ninety days of a plausible past as rows to copy: stays, parcels, commands, audit, facts, occupancy."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import orjson

from app.seed_people import PersonPlan
from app.seed_visits import Visit, drawn_id, person_id
from app.seed_world import SITES, BankPlan, SitePlan, organization_id

Row = tuple[Any, ...]

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(names.split())
    for table, names in {
        "stay": """
            tenant_id id site_id bank_id compartment_id carrier_id recipient_id flow state outcome evidence
            created_by created_at expires_at deposited_at deposit_expires_at released_at overdue_at""",
        "parcel": """
            tenant_id id site_id stay_id carrier_id person_id tracking state created_at deposited_at
            collected_at""",
        "command": """
            tenant_id id site_id bank_id compartment_id stay_id carrier_id kind purpose state reason
            requested_by requested_by_name requested_at expires_at sent_at accepted_at opened_at closed_at
            settled_at settled""",
        "audit_entry": """
            tenant_id id occurred_at actor_id actor_kind actor_label organization_id action target_type
            target_id site_id carrier_id outcome reason request_id origin details""",
        "fact": """
            tenant_id sequence id kind version subject_type subject_id site_id bank_id carrier_id occurred_at
            recorded_at source evidence actor_id payload""",
        "alarm": """
            tenant_id id site_id bank_id compartment_id kind severity condition cause detail raised_at
            last_seen_at cleared_at""",
        "alarm_handling": """
            tenant_id alarm_id acknowledged_at acknowledged_by acknowledged_by_name comment""",
        "occupancy_hour": """
            tenant_id site_id hour size compartments used_seconds""",
    }.items()
}

# What is proven by hardware without door sensors; the others saw their doors open and close.
EVIDENCE = {"harbor": "E2", "pitney": "E1"}
COMMANDS_KEPT = timedelta(days=14)
OCCUPANCY_KEPT = timedelta(days=30)
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class History:
    """Rows by table, facts and audit entries still without their order."""

    now: datetime
    random: Random
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[UUID, list[tuple[datetime, UUID]]] = field(default_factory=lambda: defaultdict(list))
    open_visits: list[Visit] = field(default_factory=list)
    _facts: dict[UUID, list[tuple[datetime, Row]]] = field(default_factory=lambda: defaultdict(list))
    _used: dict[tuple[UUID, UUID, datetime, str], float] = field(default_factory=lambda: defaultdict(float))

    def add(self, visit: Visit) -> None:
        self._stay(visit)
        self._parcel(visit)
        if visit.held > self.now - COMMANDS_KEPT:
            self._commands(visit)
        self._record(visit)
        self._occupancy(visit)
        if visit.released is None:
            self.open_visits.append(visit)

    def _stay(self, v: Visit) -> None:
        bank, tenant = v.door.bank, organization_id(v.door.bank.site.operator)
        state = "RELEASED" if v.released else "DEPOSITED" if v.deposited else "HELD"
        until = v.deposited + timedelta(days=3) if v.deposited else None
        overdue = until if until and until < (v.released or self.now) else None
        evidence = "E0" if not v.deposited else EVIDENCE.get(bank.vendor, "E3")
        self.rows["stay"].append(
            (
                tenant,
                v.id,
                bank.site.id,
                bank.id,
                v.door.id,
                organization_id(v.courier.organization),
                person_id(v.recipient),
                "DELIVER",
                state,
                "COLLECTED" if v.released else None,
                evidence,
                v.courier.account_id,
                v.held,
                v.held + HOUR if v.deposited else self.now + HOUR,
                v.deposited,
                until,
                v.released,
                overdue,
            )
        )

    def _parcel(self, v: Visit) -> None:
        state = "COLLECTED" if v.released else "IN_LOCKER" if v.deposited else "ALLOCATED"
        tenant = organization_id(v.door.bank.site.operator)
        self.rows["parcel"].append(
            (
                tenant,
                drawn_id(self.random),
                v.door.bank.site.id,
                v.id,
                organization_id(v.courier.organization),
                person_id(v.recipient),
                v.tracking,
                state,
                v.held,
                v.deposited,
                v.released,
            )
        )

    def _commands(self, v: Visit) -> None:
        for purpose, at, who in (("DEPOSIT", v.deposited, v.courier), ("PICKUP", v.released, v.recipient)):
            # Phones open towers: nobody orders it.
            if at is None or v.door.bank.vendor == "harbor":
                continue
            bank, asked = v.door.bank, at - timedelta(seconds=40)
            seen = bank.vendor not in EVIDENCE
            self.rows["command"].append(
                (
                    organization_id(bank.site.operator),
                    drawn_id(self.random),
                    bank.site.id,
                    bank.id,
                    v.door.id,
                    v.id,
                    organization_id(v.courier.organization),
                    "OPEN",
                    purpose,
                    "DOOR_CLOSED" if seen else "ACCEPTED",
                    purpose.lower(),
                    who.account_id,
                    who.name,
                    asked,
                    asked + timedelta(minutes=1),
                    asked + timedelta(seconds=1),
                    asked + timedelta(seconds=2),
                    asked + timedelta(seconds=3) if seen else None,
                    at if seen else None,
                    at,
                    True,
                )
            )

    def _record(self, v: Visit) -> None:
        acts = (
            ("StayHeld", "stay:create", v.held, v.courier, None),
            ("StayDeposited", "stay:deposit", v.deposited, v.courier, EVIDENCE.get(v.door.bank.vendor, "E3")),
            ("StayReleased", "stay:collect", v.released, v.recipient, EVIDENCE.get(v.door.bank.vendor, "E3")),
        )
        for kind, action, at, who, evidence in acts:
            if at is not None:
                self.audit(
                    v.door.bank.site,
                    at,
                    who,
                    action,
                    "Stay",
                    v.id,
                    {"compartment": str(v.door.id)},
                    v.courier.organization,
                )
                payload = {"compartment_id": str(v.door.id)} | ({"outcome": "COLLECTED"} if v.released == at else {})
                self.fact(
                    v.door.bank,
                    at,
                    kind,
                    "Stay",
                    v.id,
                    payload,
                    organization_id(v.courier.organization),
                    evidence,
                    who.account_id,
                )

    def audit(
        self,
        site: SitePlan,
        at: datetime,
        who: PersonPlan,
        action: str,
        target: str,
        id: UUID,
        details: dict[str, object],
        carrier: str | None = None,
    ) -> None:
        tenant, entry = organization_id(site.operator), drawn_id(self.random)
        self.rows["audit_entry"].append(
            (
                tenant,
                entry,
                at,
                who.account_id,
                "PERSON",
                who.name,
                organization_id(who.organization),
                action,
                target,
                id,
                site.id,
                organization_id(carrier) if carrier else None,
                "DONE",
                None,
                f"seed-{entry.hex[:12]}",
                "history",
                orjson.dumps(details).decode(),
            )
        )
        self.entries[tenant].append((at, entry))

    def fact(
        self,
        bank: BankPlan,
        at: datetime,
        kind: str,
        subject: str,
        id: UUID,
        payload: dict[str, str],
        carrier: UUID | None,
        evidence: str | None,
        who: UUID | None,
    ) -> None:
        tenant = organization_id(bank.site.operator)
        row = (
            drawn_id(self.random),
            kind,
            1,
            subject,
            id,
            bank.site.id,
            bank.id,
            carrier,
            at,
            at,
            "lockyard",
            evidence,
            who,
            orjson.dumps(payload).decode(),
        )
        self._facts[tenant].append((at, row))

    def _occupancy(self, v: Visit) -> None:
        first = max(v.held, (self.now - OCCUPANCY_KEPT).replace(minute=0, second=0, microsecond=0))
        end = v.released or self.now
        tenant, site, size = organization_id(v.door.bank.site.operator), v.door.bank.site.id, v.door.size
        while first < end:
            hour = first.replace(minute=0, second=0, microsecond=0)
            upto = min(hour + HOUR, end)
            self._used[tenant, site, hour, size] += (upto - first).total_seconds()
            first = upto

    def finish(self) -> dict[UUID, int]:
        """Put facts in order, fill the occupancy rows; the number of facts by tenant."""
        for tenant, facts in self._facts.items():
            facts.sort(key=lambda fact: fact[0])
            self.rows["fact"] += [(tenant, number, *row) for number, (_, row) in enumerate(facts, 1)]
        doors = _doors_by_size()
        this_hour = self.now.replace(minute=0, second=0, microsecond=0)
        self.rows["occupancy_hour"] = [
            (tenant, site, hour, size, doors[site, size], round(used))
            for (tenant, site, hour, size), used in self._used.items()
            if hour < this_hour
        ]
        return {tenant: len(facts) for tenant, facts in self._facts.items()}


def _doors_by_size() -> dict[tuple[UUID, str], int]:
    counted: dict[tuple[UUID, str], int] = defaultdict(int)
    for site in SITES:
        for number, (vendor, size) in enumerate(site.banks):
            for door in BankPlan(site, number, vendor, size).doors():
                counted[site.id, door.size] += 1
    return counted
