"""Builds the parts and joins them. The only reader of settings, and the only one who sees the adapters."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from obstore.store import ObjectStore, from_url

from adapters import reach, registry
from app import due
from app.fleet.jobs import Fleet, connection_of
from app.http import COOKIE, Doors
from app.introductions import service as introductions
from app.kit.bus import LOST, PostgresBus
from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.edge import LOCAL_HOSTS
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.page import Page
from app.kit.patience import patiently
from app.kit.reacting import Reactor
from app.kit.schedule import Job, Service
from app.kit.seal import Sealer
from app.kit.sequencer import Sequencer
from app.kit.settings import Settings, SettingsError, decode_key
from app.kit.streams import Facts
from app.kit.tries import Tries
from app.mailbox import Mailbox
from app.passes.model import Vault
from app.reactions import park, reactions
from app.reports.jobs import Exporter
from app.reports.service import Links
from app.shown import shown_codes, shown_parts
from app.stays.model import PickupCodes
from app.vendors.service import Vendors
from schema.catalogue import CATALOGUE
from schema.execution import CompiledEngine
from schema.explaining import SPECIAL, vendors_listed
from schema.live import Hub
from schema.schema import build_schema, sdl
from schema.subscriptions import LiveEngine
from schema.transport.access import Credentials
from schema.transport.access import Settings as Limits
from schema.transport.http import GraphQLHTTP
from schema.transport.pipeline import Pipeline
from schema.transport.websocket import GraphQLWebSocket
from tenants.audit.service import Checkpoints, Signer, seal
from tenants.identity.service import Authenticator, Caller
from tenants.signin.service import SignIns
from tenants.system import system_context
from tenants.work import Context

log = logging.getLogger("lockyard.wiring")

# Connections that are held for long beside those of the pool's short work: lock, sequencer, fleet, revocations.
_HELD = 4
# The exporter reads behind the wall of whoever asked: one copies, one looks things up.
_EXPORTS = 2


def settings() -> Settings:
    return Settings()


def dsns(given: Settings) -> Dsns:
    """Where the database is. Without addresses in the settings: the embedded server of the data folder, started."""
    addresses = (given.database_url, given.worker_database_url, given.owner_database_url)
    if not any(addresses):
        return EmbeddedPostgres(given.data_dir / "postgres").start()
    app, worker, owner = (address.get_secret_value() if address else "" for address in addresses)
    return Dsns(owner=owner, app=app, worker=worker, admin="")


@contextmanager
def embedded_while() -> Iterator[None]:
    """For short commands: an embedded server that they had to start is ended with them."""
    given = settings()
    named = any((given.database_url, given.worker_database_url, given.owner_database_url))
    server = EmbeddedPostgres(given.data_dir / "postgres")
    ran = named or server.running()
    try:
        yield
    finally:
        if not ran:
            server.stop()


# How a vendor connection is tried, for who must not see the adapters.
trial = registry.trial
places = registry.places


def owner_dsn() -> str:
    """For migrations and seeding."""
    return needed(dsns(settings()).owner, "OWNER_DATABASE_URL")


def create_database(administrator: str) -> None:
    """Roles and database on a server of one's own, with the passwords that stand in the three addresses."""
    from migrations.setup import create

    known = dsns(settings())
    owner, app = needed(known.owner, "OWNER_DATABASE_URL"), needed(known.app, "DATABASE_URL")
    asyncio.run(create(administrator, owner=owner, app=app, worker=needed(known.worker, "WORKER_DATABASE_URL")))


def needed(dsn: str, name: str) -> str:
    """Raises SettingsError, naming the variable."""
    if not dsn:
        raise SettingsError(f"LOCKYARD_{name} is not set, though another database address is")
    return dsn


def signer(given: Settings) -> Signer:
    if given.audit_signing_key is not None:
        return Signer(decode_key(given.audit_signing_key.get_secret_value()))
    return Signer.derived(given.key)


def _fence(given: Settings) -> None:
    """What no connection may name, whoever enters it."""
    reach.deny(given.denied_networks)
    reach.allow_devices(given.serial_devices)


@dataclass(slots=True)
class Background:
    """What the background process runs."""

    db: Database
    bus: PostgresBus
    jobs: Sequence[Job]
    services: Sequence[Service]
    checkpoints: Checkpoints
    app_db: Database

    async def last_words(self) -> None:
        """At shutdown: where every audit chain stands, signed."""
        try:
            async with asyncio.timeout(1.5):
                await self.checkpoints.run()
        except LOST as error:
            log.warning("the last checkpoints could not be signed: %s", type(error).__name__)

    async def close(self) -> None:
        await close(self.app_db)
        await close(self.db)


def export_files(given: Settings) -> ObjectStore:
    return (
        from_url(given.export_url, mkdir=True) if given.export_url.startswith("file:") else from_url(given.export_url)
    )


async def close(db: Database) -> None:
    """Give the pool a moment to end in order: a connection that hangs must not keep the process."""
    try:
        async with asyncio.timeout(1):
            await db.close()
    except TimeoutError:
        db.pool.terminate()


async def connected(dsn: str, *, size: int, name: str, light: bool = False) -> Database:
    """A database that is away is waited for."""
    return await patiently(lambda: Database.connect(dsn, size=size, name=name, light=light), "the database")


async def background(given: Settings) -> Background:
    dsn = needed(dsns(given).worker, "WORKER_DATABASE_URL")
    _fence(given)
    sealer, audit = Sealer.among(given.sealing), signer(given)
    db = await connected(dsn, size=given.worker_pool_size + _HELD, name="lockyard worker")
    bus = PostgresBus(dsn, name="lockyard worker bus")
    checkpoints = Checkpoints(db, audit, given.data_dir / "audit", utc_now)

    def system(tenant: UUID) -> Context:
        return system_context(db, tenant)

    app_db = await connected(needed(dsns(given).app, "DATABASE_URL"), size=_EXPORTS, name="lockyard exports")
    exporter = Exporter(
        app_db, db, system, CATALOGUE, export_files(given), given.data_dir / "spool", audit, given.export_lifetime
    )
    services = (
        Service("sequencer", Sequencer(db, seal, bus).run),
        Service("reactions", Reactor(db, bus, reactions(system), park(system)).run),
        Service("fleet", Fleet(db, bus, registry.connect, sealer, places=registry.places).run),
    )
    return Background(
        db,
        bus,
        due.jobs(
            db,
            system,
            checkpoints,
            exporter,
            held_open=timedelta(seconds=given.held_open_seconds),
            outage=timedelta(seconds=given.outage_seconds),
        ),
        services,
        checkpoints,
        app_db,
    )


@dataclass(slots=True)
class Web:
    """What the web process runs: an application, and what must run beside it."""

    settings: Settings
    db: Database
    bus: PostgresBus
    hub: Hub
    authenticator: Authenticator
    engine: CompiledEngine
    sockets: GraphQLWebSocket
    http: GraphQLHTTP
    doors: Doors
    hosts: frozenset[str]
    guard: Database
    mailbox: Mailbox

    async def close(self) -> None:
        await close(self.guard)
        await close(self.db)


async def web(given: Settings) -> Web:
    _fence(given)
    dsn = needed(dsns(given).app, "DATABASE_URL")
    db = await connected(dsn, size=given.database_pool_size, name="lockyard web", light=True)
    # Apart from the pool: a try is counted while its own act holds a connection of that.
    guard = await connected(dsn, size=1, name="lockyard web guard", light=True)
    bus = PostgresBus(dsn, name="lockyard web bus")
    hub, authenticator = Hub(Facts(db), bus), Authenticator(db)
    sealer = Sealer.among(given.sealing)
    codes, links = PickupCodes.of(sealer, Tries(guard)), Links(db, given.key, given.base_url)
    sign_ins = SignIns(db, lifetime=given.session_lifetime)
    parts = {
        "sign_ins": sign_ins,
        "pickup_codes": codes,
        "vendors": Vendors(registry.problems, sealer, registry.bank_id, registry.places, introductions.forget),
    }
    special = {**SPECIAL, "vendors": vendors_listed(registry.vendors().values())}
    late = {"pickupCode": shown_codes(codes), "downloadUrl": links.download_urls}
    late["passPart"] = shown_parts(Vault(sealer))
    engine = CompiledEngine(build_schema(), db, late=late, parts=parts, special=special)
    await patiently(engine.start, "the database")
    origins = frozenset((*given.allowed_origins, *((given.base_url,) if given.public_url else ())))
    pipeline = Pipeline(LiveEngine(engine, hub), settings=limits(given, origins))

    async def authenticate(credentials: Credentials) -> Caller | None:
        secret = credentials.bearer or credentials.cookie(COOKIE)
        return await authenticator.caller(secret) if secret else None

    doors = Doors(
        db, authenticator, sign_ins, links, export_files(given), signer(given).keys(), sdl(), page(given),
        secure=given.base_url.startswith("https:"), origins=origins,
    )  # fmt: skip
    sockets, http = GraphQLWebSocket(pipeline, authenticate), GraphQLHTTP(pipeline, authenticate)
    mailbox = Mailbox(db, registry.receive, partial(connection_of, sealer=sealer), Vault(sealer))
    return Web(given, db, bus, hub, authenticator, engine, sockets, http, doors, hosts(given), guard, mailbox)


def limits(given: Settings, origins: frozenset[str]) -> Limits:
    return Limits(origins=origins, requests_per_second=given.requests_per_second)


def page(given: Settings) -> Page:
    """The built dashboard: where the settings say, in the package, or in the working copy, where it may come later."""
    here = Path(__file__).resolve().parent
    places = [given.static_dir] if given.static_dir else [here / "static", here.parent / "frontend" / "dist"]
    return Page(next((place for place in places if (place / "index.html").exists()), places[-1]))


def hosts(given: Settings) -> frozenset[str]:
    """The names this process answers to."""
    named = (urlsplit(address).hostname for address in (given.base_url, *given.allowed_origins))
    return LOCAL_HOSTS | {given.host} | {name for name in named if name}
