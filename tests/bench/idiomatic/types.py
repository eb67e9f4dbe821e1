"""GraphQL types resolved from entities, field by field."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import strawberry

from tests.bench.idiomatic.rows import Loaders, gid, word

Info = strawberry.Info[Any, Any]
SIZES = ("S", "M", "L", "XL")
WORDS = ("AVAILABLE", "RESERVED", "OCCUPIED", "OUT_OF_SERVICE", "UNAVAILABLE")


def loaders(info: Info) -> Loaders:
    return info.context["loaders"]


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class OccupancyStats:
    size: str
    state: str
    count: int


T = TypeVar("T")


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


def page(rows: Sequence[Any], first: int, wrap: Any, cursor: Any = lambda row: str(row.id)) -> Any:
    edges = [Edge(cursor=cursor(row), node=wrap(row=row)) for row in rows[:first]]
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(rows) > first))


@strawberry.type
class Compartment:
    row: strawberry.Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(gid("Compartment", self.row.id))

    @strawberry.field
    def label(self) -> str:
        return str(self.row.label)

    @strawberry.field
    def size(self) -> str:
        return str(self.row.size)

    @strawberry.field
    def door(self) -> str:
        return str(self.row.door)

    @strawberry.field
    async def occupancy(self, info: Info) -> str:
        return word(self.row, (await loaders(info).bank.load(self.row.bank_id)).unreachable_since)

    @strawberry.field
    async def bank(self, info: Info) -> "Bank":
        return Bank(row=await loaders(info).bank.load(self.row.bank_id))

    @strawberry.field
    async def site(self, info: Info) -> "Site":
        return Site(row=await loaders(info).site.load(self.row.site_id))


@strawberry.type
class Bank:
    row: strawberry.Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(gid("Bank", self.row.id))

    @strawberry.field
    def label(self) -> str:
        return str(self.row.label)

    @strawberry.field
    async def compartments(self, info: Info, first: int = 50) -> Connection[Compartment]:
        return page(await loaders(info).doors_of.load(self.row.id), first, Compartment)


@strawberry.type
class Site:
    row: strawberry.Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(gid("Site", self.row.id))

    @strawberry.field
    def name(self) -> str:
        return str(self.row.name)

    @strawberry.field
    def city(self) -> str:
        return str(self.row.city)

    @strawberry.field
    def timezone(self) -> str:
        return str(self.row.timezone)

    @strawberry.field
    async def open_alarm_count(self, info: Info) -> int:
        return await loaders(info).alarms_of.load(self.row.id)

    @strawberry.field
    async def offline_bank_count(self, info: Info) -> int:
        return sum(bank.unreachable_since is not None for bank in await loaders(info).banks_of.load(self.row.id))

    @strawberry.field
    async def occupancy(self, info: Info) -> list[OccupancyStats]:
        offline = {bank.id: bank.unreachable_since for bank in await loaders(info).banks_of.load(self.row.id)}
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for door in await loaders(info).all_doors_of.load(self.row.id):
            counts[door.size, word(door, offline[door.bank_id])] += 1
        ordered = sorted(counts.items(), key=lambda item: (SIZES.index(item[0][0]), WORDS.index(item[0][1])))
        return [OccupancyStats(size=size, state=state, count=count) for (size, state), count in ordered]

    @strawberry.field
    async def banks(self, info: Info, first: int = 50) -> Connection[Bank]:
        return page(await loaders(info).banks_of.load(self.row.id), first, Bank)


@strawberry.type
class Stay:
    row: strawberry.Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(gid("Stay", self.row.id))

    @strawberry.field
    def state(self) -> str:
        return str(self.row.state)

    @strawberry.field
    async def compartment(self, info: Info) -> Compartment:
        return Compartment(row=await loaders(info).door.load(self.row.compartment_id))


@strawberry.type
class Parcel:
    row: strawberry.Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(gid("Parcel", self.row.id))

    @strawberry.field
    def tracking(self) -> str:
        return str(self.row.tracking)

    @strawberry.field
    def state(self) -> str:
        return str(self.row.state)

    @strawberry.field
    async def stay(self, info: Info) -> Stay | None:
        return Stay(row=await loaders(info).stay.load(self.row.stay_id)) if self.row.stay_id else None


@strawberry.type
class AuditEntry:
    row: strawberry.Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(gid("AuditEntry", self.row.id))

    @strawberry.field
    def occurred_at(self) -> str:
        return str(self.row.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    @strawberry.field
    def actor(self) -> str:
        return str(self.row.actor_label)

    @strawberry.field
    def action(self) -> str:
        return str(self.row.action)

    @strawberry.field
    def target_type(self) -> str:
        return str(self.row.target_type)

    @strawberry.field
    def target_id(self) -> strawberry.ID | None:
        return strawberry.ID(gid(self.row.target_type, self.row.target_id)) if self.row.target_id else None

    @strawberry.field
    def outcome(self) -> str:
        return str(self.row.outcome)

    @strawberry.field
    def reason(self) -> str | None:
        return self.row.reason

    @strawberry.field
    def request_id(self) -> str:
        return str(self.row.request_id)

    @strawberry.field
    def origin(self) -> str:
        return str(self.row.origin)
