"""Sealing the record, signing where it stands, and erasing a person from it without breaking it."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from anyio import to_thread
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.kit.clock import Clock
from app.kit.db import Conn, Database
from tenants.audit import queries, store
from tenants.audit.model import START, Checkpoint, Entry, Head, Seal, chain, key_id, moment
from tenants.policy import Permission, authorize
from tenants.work import Work

CHECKPOINT_FILE = "audit-checkpoints.ndjson"
KEY_FILE = "audit-keys.json"


async def seal(conn: Conn, waiting: Mapping[UUID, list[UUID]]) -> None:
    """Give these entries, in this order, their places in their tenants' chains.

    In the caller's transaction, behind the wall of these tenants. LookupError when an entry is not there: then the
    caller must roll back.
    """
    pairs = [(tenant, entry) for tenant, ids in waiting.items() for entry in ids]
    heads = {row["tenant_id"]: row for row in await store.LOCK_HEADS.rows(conn, tenants=sorted(waiting), start=START)}
    found = await store.ENTRIES.rows(conn, tenants=[t for t, _ in pairs], entrys=[e for _, e in pairs])
    rows = {(row["tenant_id"], row["id"]): _read(row) for row in found}
    missing = [entry for pair in pairs if pair not in rows for entry in pair[1:]]
    if missing:
        raise LookupError(f"audit entries are gone before they were sealed: {missing[:5]}")
    made: list[tuple[UUID, Seal]] = []
    last: dict[UUID, Seal] = {}
    for tenant, ids in waiting.items():
        head = Head(heads[tenant]["sequence"], heads[tenant]["hash"])
        for sealed in chain(head, (rows[tenant, id_] for id_ in ids)):
            made.append((tenant, sealed))
            last[tenant] = sealed
    await store.SEAL.run(
        conn,
        tenants=[tenant for tenant, _ in made], sequences=[s.sequence for _, s in made],
        entrys=[s.entry_id for _, s in made], hashs=[s.hash for _, s in made],
        head_tenants=list(last), head_sequences=[s.sequence for s in last.values()],
        head_hashs=[s.hash for s in last.values()],
    )  # fmt: skip


def _read(row: Any) -> dict[str, object]:
    return dict(row) | {name: json.loads(row[name]) for name in ("details", "commitments")}


class Signer:
    """Signs checkpoints. The public key is public; whoever pins it can check everything."""

    def __init__(self, private: bytes) -> None:
        """`private`: 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.key_id = key_id(self.public)

    @classmethod
    def derived(cls, secret: bytes) -> "Signer":
        """From the installation's secret key, where no key of its own is set."""
        return cls(HKDF(SHA256(), 32, salt=None, info=b"lockyard audit signing").derive(secret))

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def keys(self) -> dict[str, object]:
        """What /audit-keys answers and exports carry."""
        return {"keys": [{"key_id": self.key_id, "algorithm": "Ed25519", "public_key": self.public.hex()}]}


class Checkpoints:
    """Signs where every chain stands, in the database and in a file outside it that is only ever appended to."""

    def __init__(self, db: Database, signer: Signer, folder: Path, clock: Clock) -> None:
        """`db` reads every tenant's head: the worker's."""
        self._db, self._signer, self._clock = db, signer, clock
        self._file, self._keys = folder / CHECKPOINT_FILE, folder / KEY_FILE

    async def run(self) -> int:
        """Sign every chain that grew since its last checkpoint; how many."""
        async with self._db.pool.acquire() as conn:
            grown = await queries.UNSIGNED.rows(conn)
        lines = []
        for row in grown:
            at, signer = self._clock(), self._signer
            point = Checkpoint(row["tenant_id"], row["sequence"], row["hash"], at, signer.key_id)
            signature = signer.sign(point.signed())
            async with self._db.tenant([point.tenant_id]) as conn:
                added = await store.ADD_CHECKPOINT.row(
                    conn, tenant_id=point.tenant_id, sequence=point.sequence, hash=point.hash, at=at,
                    key_id=point.key_id, signature=signature,
                )  # fmt: skip
            if added is not None:
                lines.append(checkpoint_line(point, signature))
        if lines:
            await to_thread.run_sync(self._append, lines)
        return len(lines)

    def _append(self, lines: Iterable[bytes]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if not self._keys.exists():
            self._keys.write_text(json.dumps(self._signer.keys(), indent=1) + "\n")
        with self._file.open("ab") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())


def checkpoint_line(point: Checkpoint, signature: bytes) -> bytes:
    """A checkpoint as it stands in files: what was signed, and the signature in hex."""
    return json.dumps(
        {
            "tenant_id": str(point.tenant_id), "sequence": point.sequence, "hash": point.hash.hex(),
            "at": moment(point.at), "key_id": point.key_id, "signature": signature.hex(),
        }
    ).encode() + b"\n"  # fmt: skip


async def erase(work: Work, targets: Iterable[UUID], reason: str) -> int:
    """Forget the personal values in entries about these targets (a person and their stays); how many entries had some.

    What happened stays on record and the chain stays whole: it holds only commitments to the values.
    """
    authorize(work.actor, Permission.PERSON_MANAGE)
    wanted = sorted(set(targets))
    rows = await store.ERASE.rows(work.conn, of_tenant=work.tenant, targets=wanted)
    count = len({row["entry_id"] for row in rows})
    details = {"change": "personal data erased", "entries": count}
    for target in wanted:
        work.audit(Entry(Permission.PERSON_MANAGE, "Person", target, reason=reason, details=details))
    return count
