"""Who a secret stands for, and how that ends: at once, in every process, with every stream it holds."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary, WeakValueDictionary

import asyncpg

from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.kit.errors import NotFound
from tenants.audit.model import Entry
from tenants.identity import queries, store
from tenants.identity.model import CHANGED, KEY_PREFIX, REVOKED_CHANNEL, SIGN_OUT, hash_secret, is_secret
from tenants.model import Actor, ActorKind
from tenants.policy import Permission, authorize
from tenants.work import Work

log = logging.getLogger("lockyard.identity")

_KEPT = 20_000
# How long a lost notice can go unnoticed; also how long rights read once are believed.
_BELIEVED_SECONDS = 30.0
_TOUCH_SECONDS = 60.0


class Revocation(asyncio.Event):
    """Set when a right of a caller is taken or changed. `may_return`: its secret is still good, for other rights."""

    may_return = False


@dataclass(frozen=True, slots=True)
class Caller:
    """An actor as a transport holds it. `revoked` is set when a right of it is taken or changed: streams end."""

    actor: Actor
    revoked: Revocation
    secret_hash: bytes
    is_anonymous: bool = False

    @property
    def expires_at(self) -> datetime | None:
        return self.actor.expires_at

    @property
    def may_return(self) -> bool:
        return self.revoked.may_return

    @property
    def fingerprint(self) -> str:
        """Equal for callers who see the same rows: structure, tenants, sites; the person where rows are personal."""
        actor = self.actor
        person = actor.account_id if actor.is_recipient else ""
        tenants, sites = ",".join(sorted(map(str, actor.tenants))), ",".join(sorted(map(str, actor.site_ids)))
        return f"{actor.fingerprint}:{actor.organization_id}:{tenants}:{sites}:{person}"


class Authenticator:
    """secret -> Caller: one statement, then from memory until its rights change. `watch` must run beside it."""

    def __init__(self, db: Database, *, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock
        self._cache: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        # By their events: whoever still holds one is reached, also when the cache has long forgotten the caller.
        self._held: WeakKeyDictionary[Revocation, Caller] = WeakKeyDictionary()
        self._event: WeakValueDictionary[bytes, Revocation] = WeakValueDictionary()
        self._running: dict[bytes, asyncio.Task[Caller | None]] = {}
        self._touched: OrderedDict[UUID, float] = OrderedDict()
        self._aside: set[asyncio.Task[None]] = set()
        self._notices = 0

    async def caller(self, secret: str) -> Caller | None:
        """None for whatever is not a secret in force."""
        if not is_secret(secret):
            return None
        hashed = hash_secret(secret)
        caller = self._remembered(hashed)
        if caller is None:
            task = self._running.get(hashed)
            if task is None:
                reading = self._read(hashed, is_key=secret.startswith(KEY_PREFIX))
                task = self._running[hashed] = asyncio.create_task(reading)
                task.add_done_callback(lambda _: self._running.pop(hashed, None))
            caller = await asyncio.shield(task)
        if caller is not None and caller.actor.kind is ActorKind.API_KEY:
            self._note_use(caller)
        return caller

    def _remembered(self, hashed: bytes) -> Caller | None:
        kept = self._cache.get(hashed)
        if kept is None:
            return None
        caller, until = kept
        expires = caller.expires_at
        if caller.revoked.is_set() or time.monotonic() >= until or (expires is not None and expires <= self._clock()):
            del self._cache[hashed]
            return None
        self._cache.move_to_end(hashed)
        return caller

    async def _read(self, hashed: bytes, *, is_key: bool) -> Caller | None:
        while True:
            notices = self._notices
            found = await self._look_up([hashed], is_key=is_key)
            if notices == self._notices:
                break
            # Something was revoked while we read: what we read may be from before.
        actor = found.get(hashed)
        if actor is None:
            return None
        caller = self._held_with(hashed)
        if caller is not None and caller.actor != actor:
            self._end(caller, may_return=True)
            caller = None
        if caller is None:
            caller = Caller(actor, Revocation(), hashed)
            self._held[caller.revoked] = caller
            self._event[hashed] = caller.revoked
        self._cache[hashed] = (caller, time.monotonic() + _BELIEVED_SECONDS)
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        return caller

    def _held_with(self, hashed: bytes) -> Caller | None:
        event = self._event.get(hashed)
        return None if event is None or event.is_set() else self._held.get(event)

    async def _look_up(self, hashes: Iterable[bytes], *, is_key: bool) -> dict[bytes, Actor]:
        statement = queries.KEYS if is_key else queries.SESSIONS
        async with self._db.pool.acquire() as conn:
            rows = await statement.rows(conn, hashes=list(hashes), now=self._clock())
        return {row["secret_hash"]: queries.actor_of(row) for row in rows}

    def _note_use(self, caller: Caller) -> None:
        id_, now = caller.actor.credential_id, time.monotonic()
        if id_ is None or now - self._touched.get(id_, -_TOUCH_SECONDS) < _TOUCH_SECONDS:
            return
        self._touched[id_] = now
        self._touched.move_to_end(id_)
        while len(self._touched) > _KEPT:
            self._touched.popitem(last=False)
        self._start(self._touch(id_))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _touch(self, id_: UUID) -> None:
        try:
            async with self._db.pool.acquire() as conn:
                await store.TOUCH_KEY.run(conn, id_=id_, now=self._clock())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("the last use of an API key was not noted: %s", type(error).__name__)

    async def watch(self) -> None:
        """Run for ever: hears revocations, and asks about everybody held now and then, in case one went unheard."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("revocations cannot be heard for now: %s", type(error).__name__)
            await asyncio.sleep(0.5)

    async def _listen(self) -> None:
        lost = asyncio.Event()
        async with self._db.pool.acquire() as conn:
            conn.add_termination_listener(lambda _: lost.set())
            await conn.add_listener(REVOKED_CHANNEL, self._hear)
            try:
                while not lost.is_set():
                    await self.check_all()
                    try:
                        await asyncio.wait_for(lost.wait(), _BELIEVED_SECONDS)
                    except TimeoutError:
                        continue
            finally:
                if not lost.is_set():
                    await conn.remove_listener(REVOKED_CHANNEL, self._hear)

    def _hear(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        self._notices += 1
        word = str(payload)
        if word.startswith(CHANGED):
            self._start(self._ask_anew(word.removeprefix(CHANGED)))
        else:
            self.drop(word)

    async def _ask_anew(self, organization_id: str) -> None:
        """Whose rights are as they were goes on; nobody goes on where that cannot be found out."""
        held = [each for each in self._held.values() if str(each.actor.organization_id) == organization_id]
        try:
            await self._check(held)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("rights cannot be asked for now: %s", type(error).__name__)
            for caller in held:
                self._end(caller, may_return=True)

    def drop(self, id_: str) -> None:
        """End every caller of this credential, membership, account or organization."""
        for caller in list(self._held.values()):
            actor = caller.actor
            if id_ in map(str, (actor.credential_id, actor.membership_id, actor.account_id, actor.organization_id)):
                self._end(caller)

    async def check_all(self) -> None:
        """Ask again about everybody held: end whose rights are gone, or no longer what they were."""
        await self._check(list(self._held.values()))

    async def _check(self, held: Sequence[Caller]) -> None:
        for is_key in (False, True):
            mine = [c for c in held if (c.actor.kind is ActorKind.API_KEY) is is_key]
            if not mine:
                continue
            found = await self._look_up({c.secret_hash for c in mine}, is_key=is_key)
            for caller in mine:
                actor = found.get(caller.secret_hash)
                if actor != caller.actor:
                    self._end(caller, may_return=actor is not None)

    def _end(self, caller: Caller, *, may_return: bool = False) -> None:
        caller.revoked.may_return = may_return
        caller.revoked.set()
        self._held.pop(caller.revoked, None)
        self._cache.pop(caller.secret_hash, None)


async def sign_out(work: Work, *, everywhere: bool = False) -> bool:
    """End the actor's session and everything it holds open. False for what is no session, or ended already.

    `everywhere`: the account's other sessions too.
    """
    actor = work.actor
    if actor.kind is not ActorKind.PERSON or actor.credential_id is None:
        return False
    work.enter(actor.organization_id)
    if await store.END_SESSION.row(work.conn, id_=actor.credential_id, now=work.now) is None:
        return False
    await store.tell_revoked(work.conn, actor.credential_id)
    work.audit(Entry(SIGN_OUT, "Session", actor.credential_id))
    others = await store.END_SESSIONS.rows(work.conn, of_account=actor.account_id, now=work.now) if everywhere else []
    for row in others:
        await store.tell_revoked(work.conn, row["id"])
        work.audit(Entry(SIGN_OUT, "Session", row["id"]))
    return True


async def revoke_membership(work: Work, id_: UUID) -> None:
    """The member leaves the organization: sessions, API keys and streams of theirs end at once."""
    organization = work.enter(work.actor.organization_id)
    found = await store.FIND_MEMBERSHIP.row(work.conn, id_=id_, of_organization=organization)
    if found is None:
        raise NotFound("No such membership.")
    authorize(work.actor, Permission.MEMBER_MANAGE)
    given = {"of_account": found["account_id"], "of_organization": organization, "now": work.now}
    for row in await store.REVOKE_MEMBERSHIPS.rows(work.conn, **given):
        await store.tell_revoked(work.conn, row["id"])
    work.audit(Entry(Permission.MEMBER_MANAGE, "Membership", id_, details={"change": "revoked"}))


async def disable_account(work: Work, account_id: UUID) -> None:
    """For whoever runs the installation: the account ends everywhere at once."""
    if await store.DISABLE_ACCOUNT.row(work.conn, id_=account_id, now=work.now) is None:
        raise NotFound("No such account.")
    await store.tell_revoked(work.conn, account_id)
    work.audit(Entry(Permission.MEMBER_MANAGE, "Account", account_id, details={"change": "disabled"}))
