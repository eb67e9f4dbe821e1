"""An operator with many banks of one vendor on real sockets, each behind a line that can fail."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from adapters.simulation.control import World
from adapters.simulation.faults import Fault
from app.kit.db import Conn, Database
from app.kit.ids import new_id
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import ROLES
from tests.bench.faults.kinds import KINDS, Kind, Stand
from tests.bench.faults.proxy import Proxy


@dataclass(frozen=True, slots=True)
class Place:
    """`banks`: id and the vendor's name of each. `doors`: compartments by bank, in order, each with the vendor's name."""

    vendor: str
    owner: Actor
    recipient: UUID
    banks: dict[UUID, str]
    doors: dict[UUID, list[tuple[UUID, str]]]
    simulated: World
    proxies: list[Proxy]
    _inside: list[Fault] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return KINDS[self.vendor]

    @property
    def struck(self) -> int:
        return sum(proxy.struck for proxy in self.proxies) + sum(fault.hits for fault in self._inside)

    def strike(self, mode: str, late: float = 0.0) -> None:
        """From now on what moves something meets this fault; none: '' ."""
        self.simulated.faults.clear()
        if mode in self.kind.inside:
            self._inside.append(self.simulated.faults.add(self.kind.inside[mode]))
            mode = ""
        for proxy in self.proxies:
            proxy.mode, proxy.late = mode, late


@asynccontextmanager
async def place(vendor: str, admin: Database, banks: int, units: int) -> AsyncIterator[Place]:
    kind = KINDS[vendor]
    async with AsyncExitStack() as stack:
        stand = await kind.start(stack, banks, units)
        proxies = {
            port: await stack.enter_async_context(Proxy("127.0.0.1", port, kind.moves, waits=kind.waits))
            for port in dict.fromkeys(stand.ports.values())
        }
        urls = {bank: f"{stand.scheme}://127.0.0.1:{proxies[port].port}" for bank, port in stand.ports.items()}
        yield await _written_down(admin, vendor, stand, urls, [*proxies.values()])


async def _written_down(
    admin: Database, vendor: str, stand: Stand, urls: dict[str, str], proxies: list[Proxy]
) -> Place:
    """Everything the product wants to know of it."""
    tenant, site, person, account = (new_id() for _ in range(4))
    banks = {new_id(): name for name in urls}
    doors: dict[UUID, list[tuple[UUID, str]]] = {id_: [] for id_ in banks}
    ids = {name: id_ for id_, name in banks.items()}
    for name, unit in stand.world.doors:
        doors[ids[name]].append((new_id(), unit))
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
            connection = (new_id(), name, vendor, urls[name], stand.settings[name])
            await _bank(conn, (tenant, site, bank), connection, doors[bank])
    return Place(vendor, _owner(tenant), person, banks, doors, stand.world, proxies)


async def _bank(
    conn: Conn,
    where: tuple[UUID, UUID, UUID],
    connection: tuple[UUID, str, str, str, dict[str, object]],
    doors: list[tuple[UUID, str]],
) -> None:
    (tenant, site, bank), (line, name, vendor, url, settings), kind = where, connection, KINDS[connection[2]]
    await conn.execute(
        "INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url, settings) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        tenant, line, name, vendor, url, settings,
    )  # fmt: skip
    await conn.execute(
        "INSERT INTO bank "
        "(tenant_id, id, site_id, connection_id, vendor, external_id, label, poll_seconds, capabilities) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
        tenant, bank, site, line, vendor, name, kind.poll_seconds, dict(kind.abilities),
    )  # fmt: skip
    door = "CLOSED" if "DOOR_SENSOR" in kind.abilities else "UNKNOWN"
    await conn.executemany(
        "INSERT INTO compartment "
        "(tenant_id, id, site_id, bank_id, external_id, label, size, row_no, column_no, door) "
        "VALUES ($1, $2, $3, $4, $5, $5, 'M', 1, 1, $6)",
        [(tenant, id_, site, bank, unit, door) for id_, unit in doors],
    )  # fmt: skip


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
