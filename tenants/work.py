"""Work: one person, one transaction, one record. Nobody else commits."""

import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from app.kit.ahead import Ahead
from app.kit.clock import Clock, utc_now
from app.kit.db import Act, Conn, Database, Row, Statement
from app.kit.errors import Conflict, Denied, Invalid, LockyardError
from app.kit.events import Fact
from app.kit.ids import new_id
from tenants import record
from tenants.audit.model import Entry
from tenants.model import Actor, AuditOutcome

# What a mutation answered, by reference: (GraphQL type name, id). The payload is read back through the read path.
Answer = tuple[str, UUID]
_KEY_PATH = ("input", "idempotencyKey")


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key with the request it stands for. Keys belong to the asking organization."""

    key: str
    mutation: str
    input_hash: bytes

    @classmethod
    def of(cls, key: str, mutation: str, given: Mapping[str, object]) -> "Key":
        """Raises Invalid for a key that is empty, longer than 255 characters or not printable."""
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise Invalid("An idempotency key has 1 to 255 printable characters.", path=_KEY_PATH)
        canonical = orjson.dumps(given, option=orjson.OPT_SORT_KEYS, default=str)
        return cls(key, mutation, hashlib.sha256(canonical).digest())


class Replay(Exception):  # noqa: N818 - not an error: the answer was given before
    """The key was spent on the same request before: this is the first answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(slots=True)
class Work:
    """Actor, connection, clock and the record of one act. Services take it; `enter` names the tenant."""

    conn: Conn
    actor: Actor
    now: datetime
    request_id: str
    origin: str
    tenant_id: UUID | None
    ahead: Ahead | None = None
    answer: Answer | None = None
    _despite: list["Despite"] = field(default_factory=list)
    _facts: list[Fact] = field(default_factory=list)
    _entries: list[Entry] = field(default_factory=list)

    def enter(self, tenant_id: UUID) -> UUID:
        """Say whose data this act changes. One act changes one tenant's."""
        if self.tenant_id is not None and self.tenant_id != tenant_id:
            raise ValueError("one act cannot change two tenants")
        self.tenant_id = tenant_id
        return tenant_id

    @property
    def tenant(self) -> UUID:
        if self.tenant_id is None:
            raise ValueError("the act has not entered a tenant")
        return self.tenant_id

    async def first(self, statement: Statement, **given: Any) -> None:
        """What must be done before the next statement, and gives no rows: it costs no round trip of its own."""
        if self.ahead is None:
            await statement.rows(self.conn, **given)
            return
        self.ahead.put(statement, **given)
        self.ahead.send()

    def emit(self, fact: Fact) -> None:
        """Record that something happened. Written in this transaction, sequenced milliseconds after commit."""
        self._facts.append(fact)

    def audit(self, entry: Entry) -> None:
        """Record who did what. Written in this transaction, sealed milliseconds after commit."""
        self._entries.append(entry)

    def despite_refusal(self, remember: "Despite") -> None:
        """What must stay though this act is refused, such as a count of wrong codes. In its own transaction."""
        self._despite.append(remember)

    def write_down(self, ahead: Ahead, key: Key | None) -> None:
        """Say everything recorded, ahead of the commit."""
        rows = [_entry_row(self, entry) for entry in self._entries]
        for row, personal in rows:
            ahead.put(record.ADD_ENTRY, **row)
            for value in personal:
                ahead.put(record.ADD_PERSONAL, **value)
        for row in _outbox_rows(self, [row for row, _ in rows]):
            ahead.put(record.ADD_OUTBOX, **{**_NO_FACT, **row})
        if key is not None:
            ahead.put(record.SPEND, **_spent_row(self, key))


Despite = Callable[[Work], Awaitable[None]]


def _entry_row(work: Work, entry: Entry) -> tuple[dict[str, object], list[dict[str, object]]]:
    id_ = new_id()
    salted = {name: (os.urandom(16), value) for name, value in entry.personal.items()}
    commitments = {name: hashlib.sha256(salt + value.encode()).hexdigest() for name, (salt, value) in salted.items()}
    actor = work.actor
    row = {
        "tenant_id": work.tenant,
        "id": id_,
        "occurred_at": work.now,
        "actor_id": actor.account_id,
        "actor_kind": actor.kind.value,
        "actor_label": actor.label,
        "organization_id": actor.organization_id,
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "site_id": entry.site_id,
        "carrier_id": entry.carrier_id or (actor.organization_id if actor.is_carrier else None),
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "request_id": work.request_id,
        "origin": work.origin,
        "details": dict(entry.details),
        "commitments": commitments,
    }
    personal: list[dict[str, object]] = [
        {"tenant_id": work.tenant, "entry_id": id_, "field": name, "salt": salt, "value": value}
        for name, (salt, value) in salted.items()
    ]
    return row, personal


_NO_FACT: dict[str, object] = dict.fromkeys(record.OUTBOX)


def _outbox_rows(work: Work, entries: list[dict[str, object]]) -> list[dict[str, object]]:
    """One row per fact, and one per audit entry to seal. The first fact carries the first entry, and so on."""
    rows: list[dict[str, object]] = [
        {
            "tenant_id": work.tenant,
            "fact_id": new_id(),
            "kind": fact.kind,
            "version": fact.version,
            "subject_type": fact.subject_type,
            "subject_id": fact.subject_id,
            "site_id": fact.site_id,
            "bank_id": fact.bank_id,
            "carrier_id": fact.carrier_id,
            "occurred_at": fact.occurred_at or work.now,
            "source": fact.source,
            "evidence": fact.evidence,
            "actor_id": work.actor.account_id,
            "payload": dict(fact.payload),
            "trace_id": work.request_id,
        }
        for fact in work._facts  # noqa: SLF001 - same module, one concern
    ]
    for index, entry in enumerate(entries):
        if index < len(rows):
            rows[index]["audit_id"] = entry["id"]
        else:
            rows.append({"tenant_id": work.tenant, "version": 1, "audit_id": entry["id"]})
    return rows


def _spent_row(work: Work, key: Key) -> dict[str, object]:
    if work.answer is None:
        raise ValueError("an act with an idempotency key must set its answer")
    return {
        "tenant_id": work.tenant,
        "organization_id": work.actor.organization_id,
        "key": key.key,
        "mutation": key.mutation,
        "input_hash": key.input_hash,
        "answer": {"type": work.answer[0], "id": work.answer[1]},
    }


@dataclass(slots=True)
class Closing:
    """How an answer is read along with the commit that makes it true. `statement` gives text and arguments, or None."""

    statement: Callable[[Answer], Awaitable[tuple[str, Sequence[Any]] | None]]
    rows: dict[Answer, Row | None] = field(default_factory=dict)


class Context:
    """What a request has in hand: the database, its actor, a clock. `begin` is the only door to a transaction."""

    def __init__(
        self,
        db: Database,
        actor: Actor,
        *,
        request_id: str,
        origin: str,
        clock: Clock = utc_now,
        closing: Closing | None = None,
    ) -> None:
        self.db, self.actor, self.clock, self.closing = db, actor, clock, closing
        self.request_id, self.origin = request_id, origin

    @asynccontextmanager
    async def begin(self, key: Key | None = None) -> AsyncIterator[Work]:
        """A transaction that commits with its record, or leaves nothing but the record of a denial.

        Raises Replay with the first answer when `key` was spent on the same request, Conflict when on another one:
        with the first statement, ahead of which the key is looked up. Do nothing before it that cannot be undone.
        """
        home = None if self.actor.is_carrier else self.actor.organization_id
        work: Work | None = None
        try:
            async with self._act() as act:
                if key is not None:
                    act.ahead.put(record.STOP_IF_SPENT, organization_id=self.actor.organization_id, key=key.key)
                work = self._work(act, home)
                yield work
                work.write_down(act.ahead, key)
                await self._close(act, work, key)
        except Denied as denied:
            await self._record_denial(denied, None if work is None else work.tenant_id)
            raise
        except LockyardError:
            # The refusal may itself come from a first use of this key that has just finished: its answer counts.
            await self._replay(key)
            if work is not None:
                await self._remember(work)
            raise
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as error:
            # STOP_IF_SPENT, a race for the key, or the reading after a commit: where the key stands, the act was done.
            await self._replay(key)
            if getattr(error, "constraint_name", None) == record.ONCE:
                raise Conflict("This idempotency key was spent a moment ago.", path=_KEY_PATH) from error
            raise

    def _act(self) -> AbstractAsyncContextManager[Act]:
        return self.db.act(self.actor.tenants, self.actor.organization_id)

    def _work(self, act: Act, tenant_id: UUID | None) -> Work:
        return Work(act.conn, self.actor, self.clock(), self.request_id, self.origin, tenant_id, act.ahead)

    async def _close(self, act: Act, work: Work, key: Key | None) -> None:
        reading = None
        if self.closing is not None and key is not None and work.answer is not None:
            reading = await self.closing.statement(work.answer)
        if self.closing is None or reading is None or work.answer is None:
            await act.commit()
            return
        self.closing.rows[work.answer] = await act.commit_and_read(*reading)

    async def _remember(self, refused: Work) -> None:
        for remember in refused._despite:  # noqa: SLF001 - same module, one concern
            async with self._act() as act:
                work = self._work(act, refused.tenant_id)
                await remember(work)
                work.write_down(act.ahead, None)

    async def _replay(self, key: Key | None) -> None:
        """Raises Replay or Conflict where the key was spent."""
        if key is None:
            return
        async with self._act() as act:
            row = await record.READ_KEY.row(act.conn, organization_id=self.actor.organization_id, key=key.key)
        if row is None:
            return
        if row["mutation"] != key.mutation or row["input_hash"] != key.input_hash:
            raise Conflict("This idempotency key was used for another request.", path=_KEY_PATH)
        raise Replay((row["answer"]["type"], UUID(row["answer"]["id"])))

    async def _record_denial(self, denied: Denied, tenant_id: UUID | None) -> None:
        if tenant_id is None:
            return
        async with self._act() as act:
            work = self._work(act, tenant_id)
            rules = {"rules": [rule.rule for rule in denied.failed]}
            outcome = AuditOutcome.DENIED
            work.audit(Entry(denied.permission, "Permission", outcome=outcome, reason=denied.message, details=rules))
            work.write_down(act.ahead, None)
