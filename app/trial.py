"""Trying one vendor connection, operation by operation: `lockyard adapter check`. Never prints a secret."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from app import wiring
from app.devices.port import Ability, Adapter, Capability, Check, Connection, DeviceError, Refused
from app.devices.queries import connections_called
from app.fleet.jobs import FLEET, connection_of
from app.kit.db import Database, Row
from app.kit.lease import free
from app.kit.seal import SealBroken, Sealer
from app.lockers import queries as lockers
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.system import system_context

__all__ = [
    "Finding", "NotFoundHere", "Refused", "Tried", "attempt", "described", "findings", "known", "longest", "stored",
]  # fmt: skip

# For what a try looks up, reserves and takes back around the one order that its hardware may be long over.
CHECK_SECONDS = 60.0
MASK = "•••"


class NotFoundHere(LookupError):  # noqa: N818 - says what happened
    """No such connection, or more than one; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one operation. `ok` None: it was not tried."""

    name: str
    ok: bool | None
    said: str
    advice: str = ""

    @property
    def text(self) -> str:
        mark = {True: "ok     ", False: "FAILED ", None: "not tried"}[self.ok]
        advice = f"\n          to do: {self.advice}" if self.advice else ""
        return f"{mark:9} {self.name}: {self.said}{advice}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried. Of a connection of the database also: `kept`, a worker runs meanwhile; `used`, a bank's id at its
    vendor and how many of its doors are in use by our record."""

    connection: Connection
    kept: bool = False
    used: Mapping[str, int] = field(default_factory=dict)


# Where one of these is there, the vendor's own books say which unit is free to try with.
_BOOKS = (Capability.VENDOR_RESERVATION, Capability.VENDOR_ASSIGNS_UNIT, Capability.PHONE_TOKENS)
# A line has one master; two that talk at once hear each other's answers.
SHARED = Finding(
    "having the hardware alone", None, "a worker runs and may be talking to it meanwhile; what fails may be that",
    "stop `lockyard worker` while you try, and start it again afterwards",
)  # fmt: skip


async def stored(given: str, *, write: bool = False) -> Tried:
    """A connection of the database by its id or its name, its secret opened. With `write` the record of its tenant says
    that it is tried, before anything is."""
    settings = wiring.settings()
    dsn = wiring.needed(wiring.dsns(settings).worker, "WORKER_DATABASE_URL")
    db = await Database.connect(dsn, size=1, name="lockyard adapter check")
    try:
        async with db.plain() as conn:
            row = _only(await connections_called(conn, given), given)
            kept, used = not await free(conn, FLEET), await lockers.used_behind(conn, row["id"])
        tried = Tried(connection_of(row, Sealer.among(settings.sealing)), kept, used)
        if write:
            await _record(db, row)
    except SealBroken as error:
        raise NotFoundHere(f"the secret of {given!r} cannot be opened: {error}") from error
    finally:
        await db.close()
    return tried


def _only(rows: Sequence[Row], given: str) -> Row:
    if len(rows) != 1:
        known = "; ".join(f"{row['id']} ({row['vendor']})" for row in rows)
        raise NotFoundHere(f"several connections are called so: {known}" if rows else f"no connection {given!r}")
    return rows[0]


async def _record(db: Database, account: Row) -> None:
    async with system_context(db, account["tenant_id"], origin="command line").begin() as work:
        work.enter(account["tenant_id"])
        reason, details = "lockyard adapter check --write", {"act": "try", "name": account["name"]}
        work.audit(Entry(Permission.BANK_MANAGE, "VendorAccount", account["id"], reason=reason, details=details))


def known(given: str, *, write: bool = False) -> Tried:
    """As `stored`, with an embedded database started for as long as it takes."""
    with wiring.embedded_while():
        return asyncio.run(stored(given, write=write))


def described(vendor: str, url: str, settings: Sequence[str], secrets: Sequence[str]) -> Tried:
    """`settings`: name=value, the value as JSON where it is. `secrets`: name=VARIABLE. Raises ValueError."""
    pairs = [_pair(each) for each in secrets]
    missing = [variable for _, variable in pairs if variable not in os.environ]
    if missing:
        raise ValueError(f"not in the environment: {', '.join(missing)}")
    given = {name: _value(text) for name, text in map(_pair, settings)}
    return Tried(Connection(uuid4(), vendor, url, given, {name: os.environ[variable] for name, variable in pairs}))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ValueError(f"{name or text!r}: say name=value")
    return name, value


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def findings(tried: Tried, bank: str | None, *, write: bool) -> Iterator[Finding]:
    """One after the other, as they are made. Raises Refused where the settings cannot work."""
    connection = tried.connection
    with asyncio.Runner() as runner, _closing(runner, connection, bank) as (adapter, checks):
        if tried.kept and runner.run(wiring.places(connection)):
            yield SHARED
        why_not = _kept_from(adapter, tried.used, bank) if write else WRITES
        for check in checks:
            if check.writes and why_not is not None:
                yield Finding(check.name, None, *why_not)
            else:
                yield _safe(connection.secret, runner.run(attempt(check, longest(adapter))))


WRITES = ("it changes something: say --write", "")


def _kept_from(adapter: Adapter, used: Mapping[str, int], bank: str | None) -> tuple[str, str] | None:
    """Why nothing is opened to try: hardware without books cannot tell behind which door a parcel is."""
    doors = sum(count for id_, count in used.items() if bank in {None, id_})
    books = any(adapter.capabilities.get(each, Ability.ABSENT) is not Ability.ABSENT for each in _BOOKS)
    if books or not doors:
        return None
    advice = "open one door on the page, where it is recorded, or name an empty bank with --bank"
    return f"doors in use by our record: {doors}; one of them might open", advice


@contextmanager
def _closing(
    runner: asyncio.Runner, connection: Connection, bank: str | None
) -> Iterator[tuple[Adapter, tuple[Check, ...]]]:
    async def begun() -> tuple[Adapter, tuple[Check, ...]]:
        return wiring.trial(connection, bank)

    adapter, checks = runner.run(begun())
    try:
        yield adapter, checks
    finally:
        runner.run(adapter.close())


def longest(adapter: Adapter) -> float:
    """Seconds that a try may take. Ended sooner it would clean up while the hardware is still at it."""
    return CHECK_SECONDS + adapter.timing.deadline.total_seconds()


async def attempt(check: Check, limit: float) -> Finding:
    try:
        async with asyncio.timeout(limit):
            return Finding(check.name, True, await check.run())
    except DeviceError as error:
        return Finding(check.name, False, f"{type(error).__name__}: {error.detail}", check.advice)
    except TimeoutError:
        return Finding(check.name, False, f"no end within {limit:g} s", check.advice)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide what the others find
        return Finding(check.name, False, f"the adapter itself broke: {type(error).__name__}", check.advice)


def _safe(secret: Mapping[str, str], finding: Finding) -> Finding:
    """Adapters redact; this is the second lock on that door."""
    masked = asdict(finding)
    for word in sorted(secret.values(), key=len, reverse=True):
        if len(word) > 3:
            masked |= {name: masked[name].replace(word, MASK) for name in ("said", "advice")}
    return Finding(**masked)
