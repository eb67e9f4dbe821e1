"""Sign-in: the same answer after the same time for every failure, failures counted, hashing bounded."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import anyio
from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.kit.db import Database, Row
from app.kit.errors import Denied, FailedRule
from app.kit.guesses import Window
from app.kit.ids import new_id
from app.kit.tries import Tries
from tenants.audit.model import Entry
from tenants.identity import queries, store
from tenants.identity.model import (
    SESSION_LIFE,
    SESSION_PREFIX,
    SIGN_IN,
    Failures,
    Session,
    counters,
    hash_secret,
    new_secret,
)
from tenants.model import Actor, ActorKind, AuditOutcome, OrganizationKind, Role
from tenants.work import Context

log = logging.getLogger("lockyard.identity")

# OWASP's figures for argon2id: 19 MiB keeps a burst of sign-ins within a web process's memory.
_HASHER = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = 2
# No refusal answers sooner, whatever it had to look up: its time tells nothing.
_REFUSAL_SECONDS = 0.4
_PASSWORD_CHARACTERS = 1024


class TooManyTries(Denied):
    """Too many failed sign-ins: nothing was looked at. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        rule = FailedRule("attempts", "fewer failed sign-ins", "too many; wait a while")
        super().__init__("Too many failed sign-ins. Wait a while.", permission=SIGN_IN, failed=(rule,))
        self.retry_after = retry_after


class SignIns:
    """One for a process: it counts failures and bounds how much hashing runs at once."""

    def __init__(self, db: Database, *, lifetime: timedelta = SESSION_LIFE) -> None:
        self._db, self._lifetime = db, lifetime
        self._failures, self._everywhere = Failures(), Tries(db)
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def sign_in(
        self,
        email: str,
        password: str,
        now: datetime,
        *,
        source: str,
        request_id: str,
        organization_id: UUID | None = None,
    ) -> tuple[str, Session]:
        """(secret, session) of the account's first membership, or of the one in `organization_id`.

        Raises Denied with the same words for every kind of failure, TooManyTries when too many came before.
        """
        email = email.strip().lower()
        wait = self._failures.wait(email, source, time.monotonic())
        windows = [
            Window(" ".join(("sign-in", *key)), limit.failures, limit.seconds) for key, limit in counters(email, source)
        ]
        # Counted before the check and forgiven after: tries made at one moment cannot slip past the limit together,
        # neither here nor in several processes.
        if not wait:
            self._failures.add(email, source, time.monotonic())
            wait = await self._everywhere.take(windows)
        if wait:
            log.warning("sign-in refused: too many failures", extra={"trace_id": request_id})
            raise TooManyTries(wait)
        async with _no_sooner_than(_REFUSAL_SECONDS):
            account, members = await self._find(email)
            fits = await self._fits(account, password)
            chosen = next((m for m in members if organization_id in {None, m["organization_id"]}), None)
            if account is None or not fits:
                await self._record_failure(account, members, now, request_id)
            if account is None or not fits or chosen is None:
                log.info("sign-in failed", extra={"trace_id": request_id})
                rule = FailedRule("password", "the right one", "another")
                raise Denied("E-mail or password is wrong.", permission=SIGN_IN, failed=(rule,))
        self._failures.forgive(email, source)
        await self._everywhere.give_back(windows[0], windows[1:])
        return await self._open(chosen["id"], now, request_id)

    async def _find(self, email: str) -> tuple[Row | None, list[Row]]:
        if "\0" in email:
            return None, []  # PostgreSQL's text cannot hold it: nobody has such an address.
        async with self._db.pool.acquire() as conn:
            account = await queries.ACCOUNT.row(conn, email=email)
            return account, [] if account is None else await queries.MEMBERSHIPS.rows(conn, account_id=account["id"])

    async def _fits(self, account: Row | None, password: str) -> bool:
        """An unknown e-mail costs what a known one costs."""
        known = account["password_hash"] if account is not None else None
        if len(password) > _PASSWORD_CHARACTERS:
            known, password = None, ""
        fits = await to_thread.run_sync(_verify, known or _nobody(), password, limiter=self._limiter)
        return fits and known is not None

    async def _record_failure(self, account: Row | None, members: list[Row], now: datetime, request_id: str) -> None:
        """In the log of every operator concerned. Who tried is not known: nobody is named but the account tried."""
        if account is None:
            return
        for operator in {m["organization_id"] for m in members if m["kind"] == OrganizationKind.OPERATOR}:
            context = Context(self._db, _stranger(operator), request_id=request_id, origin="sign-in", clock=lambda: now)
            denied = Entry(SIGN_IN, "Account", account["id"], outcome=AuditOutcome.DENIED, reason="wrong password")
            async with context.begin() as work:
                work.audit(denied)

    async def _open(self, membership_id: UUID, now: datetime, request_id: str) -> tuple[str, Session]:
        async with self._db.pool.acquire() as conn:
            row = await queries.MEMBER.row(conn, membership_id=membership_id, now=now)
        if row is None:
            raise Denied("E-mail or password is wrong.", permission=SIGN_IN)
        secret, expires_at = new_secret(SESSION_PREFIX), now + self._lifetime
        actor = replace(queries.actor_of(row), credential_id=new_id(), expires_at=expires_at)
        session = Session(actor.credential_id or new_id(), actor, expires_at)
        context = Context(self._db, actor, request_id=request_id, origin="sign-in", clock=lambda: now)
        async with context.begin() as work:
            work.enter(actor.organization_id)
            await store.ADD_SESSION.run(
                work.conn, id=session.id, membership_id=membership_id, secret_hash=hash_secret(secret), created_at=now,
                expires_at=expires_at,
            )  # fmt: skip
            work.audit(Entry(SIGN_IN, "Session", session.id))
        return secret, session


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash(new_secret(SESSION_PREFIX))


async def hash_password(password: str) -> str:
    """For storing a new password; takes a moment, in a thread."""
    return await to_thread.run_sync(_HASHER.hash, password)


@asynccontextmanager
async def _no_sooner_than(seconds: float) -> AsyncIterator[None]:
    start = time.monotonic()
    try:
        yield
    except Denied:
        await asyncio.sleep(start + seconds - time.monotonic())
        raise


def _stranger(operator: UUID) -> Actor:
    nobody = UUID(int=0)
    return Actor(
        kind=ActorKind.PERSON,
        account_id=nobody,
        label="nobody known",
        organization_id=operator,
        organization_kind=OrganizationKind.OPERATOR,
        role=Role.RECIPIENT,
        permissions=frozenset(),
        all_sites=False,
        site_ids=(),
        tenants=(operator,),
        membership_id=nobody,
    )
