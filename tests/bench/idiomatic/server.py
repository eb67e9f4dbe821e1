"""Queries, mutations and the server. Reads DSN and TENANT from the environment."""

import base64
import os
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import or_, select, text, tuple_
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL

from tests.bench.idiomatic.rows import TENANT, AuditRow, Loaders, ParcelRow, SiteRow, raw
from tests.bench.idiomatic.types import AuditEntry, Connection, Info, Parcel, Site, Stay, loaders, page


@strawberry.input
class ParcelFilter:
    tracking: str | None = None


@strawberry.input
class AuditFilter:
    site_id: strawberry.ID | None = None
    action: list[str] | None = None


def audit_cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(f"{row.occurred_at.isoformat()}|{row.id}".encode()).decode()


@strawberry.type
class Query:
    @strawberry.field
    async def sites(self, info: Info, first: int = 50) -> Connection[Site]:
        asked = select(SiteRow).where(SiteRow.tenant_id == TENANT).order_by(SiteRow.name, SiteRow.id).limit(first + 1)
        return page(list(await loaders(info).session.scalars(asked)), first, Site)

    @strawberry.field
    async def parcels(self, info: Info, filter: ParcelFilter, first: int = 50) -> Connection[Parcel]:
        found = or_(ParcelRow.tracking == filter.tracking, ParcelRow.secondary_tracking == filter.tracking)
        asked = (
            select(ParcelRow)
            .where(ParcelRow.tenant_id == TENANT, found)
            .order_by(ParcelRow.created_at.desc(), ParcelRow.id.desc())
        )
        return page(list(await loaders(info).session.scalars(asked.limit(first + 1))), first, Parcel)

    @strawberry.field
    async def audit(
        self, info: Info, filter: AuditFilter, first: int = 50, after: str | None = None
    ) -> Connection[AuditEntry]:
        asked = select(AuditRow).where(
            AuditRow.tenant_id == TENANT,
            AuditRow.site_id == raw(filter.site_id or ""),
            AuditRow.action.in_(filter.action or []),
        )
        if after:
            at, last = base64.urlsafe_b64decode(after).decode().split("|")
            asked = asked.where(tuple_(AuditRow.occurred_at, AuditRow.id) < (datetime.fromisoformat(at), UUID(last)))
        asked = asked.order_by(AuditRow.occurred_at.desc(), AuditRow.id.desc()).limit(first + 1)
        return page(list(await loaders(info).session.scalars(asked)), first, AuditEntry, audit_cursor)


@strawberry.type
class RejectedError:
    message: str


@strawberry.enum
class Size(StrEnum):
    S = "S"
    M = "M"
    L = "L"
    XL = "XL"


@strawberry.enum
class StayOutcome(StrEnum):
    CANCELLED = "CANCELLED"


@strawberry.input
class ReserveCompartmentInput:
    idempotency_key: str
    bank_id: strawberry.ID
    size: Size
    tracking: str


@strawberry.input
class ReleaseStayInput:
    idempotency_key: str
    stay_id: strawberry.ID
    outcome: StayOutcome
    reason: str


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def reserve_compartment(self, info: Info, input: ReserveCompartmentInput) -> Stay | RejectedError:
        session = loaders(info).session
        given = {"b": raw(input.bank_id), "s": input.size.name, "t": input.tracking, "k": input.idempotency_key}
        row = (await session.execute(text("SELECT * FROM bench_reserve(:b, :s, :t, :k)"), given)).one()
        if row.stay_id is None:
            return RejectedError(message="full")
        return Stay(row=await loaders(info).stay.load(row.stay_id))

    @strawberry.mutation
    async def release_stay(self, info: Info, input: ReleaseStayInput) -> Stay | RejectedError:
        stay = raw(input.stay_id)
        await loaders(info).session.execute(
            text("SELECT * FROM bench_release(:s, :k)"), {"s": stay, "k": input.idempotency_key}
        )
        return Stay(row=await loaders(info).stay.load(stay))


engine = create_async_engine(
    os.environ["DSN"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=10, max_overflow=0, pool_timeout=300
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
schema = strawberry.Schema(Query, Mutation)


class View(GraphQL[Any, Any]):
    """One session, and so one transaction, a request."""

    async def get_context(self, request: Any, response: Any) -> Any:
        return request.scope["bench"]


class Transaction:
    """The answer goes out once the transaction is committed: whoever reads it may act on it at once."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        async with sessions() as session, session.begin():
            await session.execute(text("SELECT set_config('app.tenant_id', :t, true)"), {"t": str(TENANT)})
            scope["bench"] = {"loaders": Loaders(session)}
            answer: list[Any] = []
            await self.inner(scope, receive, _kept(answer))
        for message in answer:
            await send(message)


def _kept(messages: list[Any]) -> Any:
    async def keep(message: Any) -> None:
        messages.append(message)

    return keep


app = Starlette()
app.router.routes.append(Route("/graphql", endpoint=Transaction(View(schema)), methods=["GET", "POST"]))
