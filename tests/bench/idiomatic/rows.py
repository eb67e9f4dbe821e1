"""ORM entities over the product's tables, and the request's loaders."""

import base64
import os
from collections import defaultdict
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

import app.alarms.tables as alarm_tables
import app.lockers.tables as locker_tables
import app.parcels.tables as parcel_tables
import app.sites.tables as site_tables
import app.stays.tables as stay_tables
import tenants.audit.tables as audit_tables
from app.kit.tables import metadata

TENANT = UUID(os.environ["TENANT"])


class Base(DeclarativeBase):
    metadata = metadata


class SiteRow(Base):
    __table__ = site_tables.sites


class BankRow(Base):
    __table__ = locker_tables.banks


class CompartmentRow(Base):
    __table__ = locker_tables.compartments


class StayRow(Base):
    __table__ = stay_tables.stays


class ParcelRow(Base):
    __table__ = parcel_tables.parcels


class AlarmRow(Base):
    __table__ = alarm_tables.alarms


class AuditRow(Base):
    __table__ = audit_tables.entries


def gid(kind: str, id_: UUID) -> str:
    return base64.b64encode(f"{kind}:{id_}".encode()).decode()


def raw(id_: str) -> UUID:
    return UUID(base64.b64decode(id_).decode().split(":")[1])


def word(door: Any, unreachable: object) -> str:
    if door.use != "FREE":
        return str(door.use)
    if door.service != "IN_SERVICE":
        return "OUT_OF_SERVICE"
    return "UNAVAILABLE" if door.door == "OPEN" or unreachable else "AVAILABLE"


class Loaders:
    """One set a request."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.bank = self._one(BankRow)
        self.site = self._one(SiteRow)
        self.door = self._one(CompartmentRow)
        self.stay = self._one(StayRow)
        self.banks_of = self._many(BankRow, BankRow.site_id, BankRow.label)
        self.doors_of = self._many(CompartmentRow, CompartmentRow.bank_id, CompartmentRow.label)
        self.alarms_of: DataLoader[UUID, int] = DataLoader(self._alarms)
        self.all_doors_of = self._many(CompartmentRow, CompartmentRow.site_id, CompartmentRow.label)

    def _one(self, row: Any) -> DataLoader[UUID, Any]:
        async def load(ids: list[UUID]) -> list[Any]:
            found = await self.session.scalars(select(row).where(row.tenant_id == TENANT, row.id.in_(ids)))
            by_id = {entity.id: entity for entity in found}
            return [by_id.get(id_) for id_ in ids]

        return DataLoader(load)

    def _many(self, row: Any, parent: Any, order: Any) -> DataLoader[UUID, list[Any]]:
        async def load(ids: list[UUID]) -> list[list[Any]]:
            found = await self.session.scalars(
                select(row).where(row.tenant_id == TENANT, parent.in_(ids)).order_by(order, row.id)
            )
            groups: dict[UUID, list[Any]] = defaultdict(list)
            for entity in found:
                groups[getattr(entity, parent.key)].append(entity)
            return [groups[id_] for id_ in ids]

        return DataLoader(load)

    async def _alarms(self, ids: list[UUID]) -> list[int]:
        asked = select(AlarmRow.site_id, func.count()).where(
            AlarmRow.tenant_id == TENANT, AlarmRow.site_id.in_(ids), AlarmRow.condition == "ACTIVE"
        )
        found = dict((await self.session.execute(asked.group_by(AlarmRow.site_id))).tuples().all())
        return [found.get(id_, 0) for id_ in ids]
