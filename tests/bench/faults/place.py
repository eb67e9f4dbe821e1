"""An operator with many banks of one vendor on real sockets, each behind a line that can fail."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from adapters.generic.kerong_cu16 import wire
from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, plain_lines
from adapters.pitney.simulator.cloud import PitneyCloud, operation
from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from adapters.simulation import control
from app.kit.db import Database
from app.kit.ids import new_id
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import ROLES
from tests.app.rig import BOOKS, SENSOR
from tests.bench.faults.proxy import Proxy

# Longer than the vendor's own deadline, so that the effect comes when nobody waits for it any more.
LATE = {"pitney": 12.0, "kerong_cu16": 4.0}
# Doors fall shut by themselves, later than anybody's look at them.
SHUT_SECONDS = 6.0
BOARDS = 2

Settings = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Place:
    """`banks`: id and the vendor's name of each. `doors`: compartments by bank, in order, each with the vendor's name."""

    vendor: str
    owner: Actor
    recipient: UUID
    banks: dict[UUID, str]
    doors: dict[UUID, list[tuple[UUID, str]]]
    simulated: PitneyWorld | KerongWorld
    proxies: list[Proxy]

    @property
    def struck(self) -> int:
        return sum(proxy.struck for proxy in self.proxies)

    def strike(self, mode: str) -> None:
        for proxy in self.proxies:
            proxy.mode = mode


def _moves_pitney(chunk: bytes) -> bool:
    method, _, rest = chunk[:400].partition(b" ")
    if method not in {b"POST", b"PATCH"}:
        return False
    return operation(method.decode(), rest.partition(b" ")[0].decode())[0] in {"open", "reserve"}


def _moves_kerong(chunk: bytes) -> bool:
    found = wire.find_command(chunk)
    return found is not None and found[1] == wire.UNLOCK


@asynccontextmanager
async def pitney(admin: Database, banks: int, units: int) -> AsyncIterator[Place]:
    world = PitneyWorld(plain_banks(banks, units), close_after=SHUT_SECONDS)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(control.Server(PitneyCloud(world).app()))
        proxy = Proxy("127.0.0.1", server.port, _moves_pitney, late=LATE["pitney"], waits=True)
        await stack.enter_async_context(proxy)
        urls = dict.fromkeys(world.banks, f"http://127.0.0.1:{proxy.port}")
        settings: Settings = {bank: {"poll_seconds": 2.0} for bank in urls}
        yield await _place(admin, "pitney", urls, settings, world, [proxy])


@asynccontextmanager
async def kerong(admin: Database, banks: int, units: int) -> AsyncIterator[Place]:
    lines = plain_lines(banks, BOARDS)
    world = KerongWorld(lines, close_after=SHUT_SECONDS)
    assert units <= BOARDS * wire.LOCKS
    async with AsyncExitStack() as stack:
        proxies, urls = [], {}
        for line in lines:
            server = await stack.enter_async_context(LineServer(world, line))
            host, port = urlsplit(server.url).hostname, server.port
            assert host is not None
            proxy = Proxy(host, port, _moves_kerong, late=LATE["kerong_cu16"], waits=False)
            proxies.append(await stack.enter_async_context(proxy))
            urls[line.bank] = f"socket://127.0.0.1:{proxy.port}"
        settings: Settings = {bank: {"bank": bank, "boards": list(range(BOARDS))} for bank in urls}
        yield await _place(admin, "kerong_cu16", urls, settings, world, proxies)


async def _place(
    admin: Database,
    vendor: str,
    urls: dict[str, str],
    settings: Settings,
    simulated: PitneyWorld | KerongWorld,
    proxies: list[Proxy],
) -> Place:
    """Everything the product wants to know of it, written down."""
    tenant, site, person, account = (new_id() for _ in range(4))
    banks, doors = {new_id(): name for name in urls}, {}
    async with admin.plain() as conn:
        await conn.execute("INSERT INTO organization (id, kind, name) VALUES ($1, 'OPERATOR', 'Harbour')", tenant)
        await conn.execute(
            "INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale) "
            "VALUES ($1, $2, 'Quay', '1 Quay', 'Lisboa', 'PT', 'Europe/Lisbon', 'pt-BR')", tenant, site,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO person (tenant_id, id, kind, name, account_id) VALUES ($1, $2, 'RECIPIENT', 'Ana', $3)",
            tenant, person, account,
        )  # fmt: skip
        for bank, name in banks.items():
            connection = new_id()
            await conn.execute(
                "INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url, settings) "
                "VALUES ($1, $2, $3, $4, $5, $6)",
                tenant, connection, name, vendor, urls[name], settings[name],
            )  # fmt: skip
            await conn.execute(
                "INSERT INTO bank "
                "(tenant_id, id, site_id, connection_id, vendor, external_id, label, poll_seconds, capabilities) "
                "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
                tenant, bank, site, connection, vendor, name, 2 if vendor == "pitney" else 1,
                dict(BOOKS if vendor == "pitney" else SENSOR),
            )  # fmt: skip
            units = [unit for where, unit in simulated.doors if where == name]
            doors[bank] = [(new_id(), unit) for unit in units]
            await conn.executemany(
                "INSERT INTO compartment "
                "(tenant_id, id, site_id, bank_id, external_id, label, size, row_no, column_no, door) "
                "VALUES ($1, $2, $3, $4, $5, $5, 'M', 1, 1, $6)",
                [(tenant, id_, site, bank, unit, "UNKNOWN" if vendor == "pitney" else "CLOSED")
                 for id_, unit in doors[bank]],
            )  # fmt: skip
    return Place(vendor, _owner(tenant), person, banks, doors, simulated, proxies)


def _owner(tenant: UUID) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        account_id=new_id(),
        label="Owner",
        organization_id=tenant,
        organization_kind=OrganizationKind.OPERATOR,
        role=Role.OWNER,
        permissions=ROLES[Role.OWNER],
        all_sites=True,
        site_ids=(),
        tenants=(tenant,),
        membership_id=new_id(),
    )
