"""Clients that write down what they were promised while the product is hurt, and a check of every promise."""

import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from websockets.exceptions import WebSocketException

from tests.e2e.world import Json, World, act_text

VENDOR = "kerong_cu16"
PATIENCE_SECONDS = 25.0
_EVENTS = """subscription($after: String!) { events(after: $after) {
  ... on FactEvent { cursor event { sequence } } ... on ResyncRequiredEvent { message } } }"""


@dataclass(slots=True)
class Ledger:
    """`stays`: tracking -> stay, and `commands`: the opening's id -> its stay, as acknowledged to a client."""

    world: World
    prefix: str = field(default_factory=lambda: f"CRASH-{uuid.uuid4().hex[:6]}-")
    stays: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    seen: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def client(self, seed: int) -> None:
        """Reserve, open, shut, release, over and over, each act with one key however often it is asked."""
        chance = random.Random(seed)
        banks = self.world.banks(VENDOR)
        while not self.stop.is_set():
            bank = chance.choice(banks)
            self._visit(bank, chance)

    def _visit(self, bank: Json, chance: random.Random) -> None:
        tracking = f"{self.prefix}{uuid.uuid4().hex[:12]}"
        size = chance.choice(["S", "M", "L"])
        stay = self._act(
            "reserveCompartment", "... on Stay { id compartment { id label } }",
            bankId=bank["id"], size=size, tracking=tracking,
        )  # fmt: skip
        if stay is None:
            return
        self.stays[tracking] = stay["id"]
        if chance.random() < 0.6:
            door = stay["compartment"]
            command = self._act("openCompartment", "... on Command { id }", compartmentId=door["id"], reason="crash")
            if command is not None:
                self.commands[command["id"]] = stay["id"]
                self._shut(bank, door["label"])
        given = {"stayId": stay["id"], "outcome": "CANCELLED", "reason": "over"}
        if self._act("releaseStay", "... on Stay { id }", **given) is not None:
            self.released.add(stay["id"])

    def _shut(self, bank: Json, label: str) -> None:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and not self.world.openings(VENDOR)[self.world.unit(bank, label)]["is_open"]:
            time.sleep(0.1)
        self.world.door(bank, label, "close")

    def _act(self, mutation: str, selection: str, **given: Any) -> Json | None:
        """None: refused for good, or never known. The same key goes with every repetition."""
        variables = {"input": {"idempotencyKey": uuid.uuid4().hex, **given}}
        text, deadline = act_text(mutation, selection), time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                response = self.world.post(text, variables)
                said = response.json()
            except (httpx.HTTPError, ValueError):
                time.sleep(0.1)
                continue
            result = (said.get("data") or {}).get(mutation)
            if result is None or result.get("code") == "CONFLICT":
                time.sleep(0.1)
            elif "code" in result:
                self.refused[f"{mutation} {result['message']}"] += 1
                return None
            else:
                return dict(result)
        self.unknown += 1
        return None

    def follow(self, cursor: str) -> None:
        """A subscriber who comes back with its last cursor each time it is cut off."""
        while not self.stop.is_set():
            try:
                with self.world.watch(_EVENTS, {"after": cursor}) as watching:
                    while not self.stop.is_set():
                        said = watching.message(0.5)
                        if said["type"] != "next" or "errors" in said["payload"]:
                            break
                        message = next(iter(said["payload"]["data"].values()))
                        assert "event" in message, message
                        self.seen.append(message["event"]["sequence"])
                        cursor = message["cursor"]
            except TimeoutError:
                continue
            except (OSError, WebSocketException, json.JSONDecodeError):
                time.sleep(0.1)


def in_threads(ledger: Ledger, works: list[Callable[[], None]], meanwhile: Callable[[], None]) -> None:
    """Run the works while something happens, then let them finish. What one raised is raised here."""
    problems: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:  # noqa: BLE001 - raised again below, in the test's own thread
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        meanwhile()
    finally:
        ledger.stop.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS * 3)
    if problems:
        raise problems[0]


async def broken_promises(ledger: Ledger, since: Any) -> list[str]:
    """What the database says against what clients were told."""
    connection = await asyncpg.connect(ledger.world.said["dsns"]["admin"])
    try:
        rows = await connection.fetch(
            """SELECT p.tracking, count(DISTINCT p.id) AS parcels, count(DISTINCT s.id) AS stays,
              min(s.id::text) AS stay,
              (SELECT count(*) FROM fact f WHERE f.kind = 'StayHeld' AND f.subject_id = min(s.id::text)::uuid) AS held,
              (SELECT count(*) FROM audit_entry a WHERE a.action = 'stay:create'
                 AND a.target_id = min(s.id::text)::uuid) AS entries
            FROM parcel p LEFT JOIN stay s ON (s.tenant_id, s.id) = (p.tenant_id, p.stay_id)
            WHERE p.tracking LIKE $1 || '%' GROUP BY p.tracking""",
            ledger.prefix,
        )
        found = [
            f"{row['tracking']}: {dict(row)}"
            for row in rows
            if {row["parcels"], row["stays"], row["held"], row["entries"]} != {1}
        ]
        kept = {row["tracking"]: row["stay"] for row in rows}
        found += [f"lost: {one}" for one, stay in ledger.stays.items() if kept.get(one) != _number(stay)]
        commands = {
            str(row["id"]) for row in await connection.fetch("SELECT id FROM command WHERE requested_at >= $1", since)
        }
        found += [f"lost command {one}" for one in ledger.commands if _number(one) not in commands]
        found += [f"facts with a gap: {dict(row)}" for row in await connection.fetch(_GAPS)]
        found += [f"not sequenced: {row['count']}" for row in await connection.fetch(_WAITING) if row["count"]]
        found += [f"twice in the log: {dict(row)}" for row in await connection.fetch(_TWICE, since)]
        found += [f"not settled: {dict(row)}" for row in await connection.fetch(_UNSETTLED, since)]
        ended = {
            str(row["id"])
            for row in await connection.fetch("SELECT id FROM stay WHERE state IN ('RELEASED', 'REVOKING')")
        }
        found += [f"came back: {one}" for one in ledger.released if _number(one) not in ended]
    finally:
        await connection.close()
    return found


_GAPS = """SELECT f.tenant_id, count(*), max(f.sequence), min(f.sequence), h.sequence AS head FROM fact f
  JOIN fact_head h USING (tenant_id) GROUP BY f.tenant_id, h.sequence
  HAVING count(*) <> max(f.sequence) - min(f.sequence) + 1 OR max(f.sequence) <> h.sequence"""
_WAITING = "SELECT count(*) AS count FROM outbox"
_TWICE = """SELECT target_id, action, request_id, count(*) FROM audit_entry WHERE occurred_at >= $1
  AND action IN ('stay:create', 'stay:release') GROUP BY 1, 2, 3 HAVING count(*) > 1"""
_UNSETTLED = (
    """SELECT id, state, requested_at FROM command WHERE requested_at >= $1 AND state IN ('REQUESTED', 'SENT')"""
)


async def opened_too_often(ledger: Ledger, before: dict[tuple[str, str], Json], since: Any) -> list[str]:
    """Doors that sprang open more often than there were commands for them, by the hardware's own counters."""
    connection = await asyncpg.connect(ledger.world.said["dsns"]["admin"])
    try:
        rows = await connection.fetch(
            """SELECT b.external_id AS bank, c.external_id AS unit, count(*) AS asked,
              count(*) FILTER (WHERE o.state IN ('DOOR_OPENED', 'DOOR_CLOSED')) AS seen
            FROM command o JOIN bank b ON (b.tenant_id, b.id) = (o.tenant_id, o.bank_id)
            JOIN compartment c ON (c.tenant_id, c.id) = (o.tenant_id, o.compartment_id)
            WHERE o.kind = 'OPEN' AND o.requested_at >= $1 GROUP BY 1, 2""",
            since,
        )
    finally:
        await connection.close()
    asked = {(row["bank"], row["unit"]): row for row in rows}
    wrong = []
    for unit, door in ledger.world.openings(VENDOR).items():
        sprung = door["openings"] - before[unit]["openings"]
        row = asked.get(unit, {"asked": 0, "seen": 0})
        if not row["seen"] <= sprung <= row["asked"]:
            wrong.append(f"{unit}: opened {sprung} times, asked {row['asked']}, seen open {row['seen']}")
    return wrong


def _number(id_: str) -> str:
    from base64 import b64decode

    return b64decode(id_).decode().split(":")[1]
