"""Checks a live database or an exported file, with public material only: keys and, against a rewriting of everything,
checkpoints kept elsewhere."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from app.kit.db import SET_TENANT, Conn, Database, Row
from tenants.verification import queries
from tenants.verification.model import FIELDS, ChainCheck, Line, Pin, Problem, Report, UnreadableError, signed_by

# (what is being checked, done, of how many)
Progress = Callable[[str, int, int], None]
_STEP = 1000
_SEALED_TEXT = ("details", "commitments")
_FROM_ROW = FIELDS - {"sequence", "v", *_SEALED_TEXT}


@dataclass(frozen=True, slots=True)
class Trust:
    """What the checker brings along: keys by their id, and checkpoints kept outside of what is checked."""

    keys: Mapping[str, bytes] = field(default_factory=dict)
    pins: tuple[Pin, ...] = ()

    def pins_of(self, tenant: UUID) -> list[Pin]:
        return [pin for pin in self.pins if pin.tenant_id == tenant]


def read_keys(text: str) -> dict[str, bytes]:
    """Keys in the form /audit-keys answers. Their ids are computed, not believed."""
    try:
        publics = [bytes.fromhex(key["public_key"]) for key in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError("these are no audit keys") from error
    return {hashlib.sha256(public).hexdigest()[:16]: public for public in publics}


def read_pins(text: str) -> tuple[Pin, ...]:
    """Checkpoints, one JSON object a line. A last line that a crash cut short is left out."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    return tuple(_pin(_object(line, number)) for number, line in enumerate(lines, 1))


def _pin(given: Mapping[str, Any]) -> Pin:
    try:
        return Pin(
            UUID(given["tenant_id"]), int(given["sequence"]), bytes.fromhex(given["hash"]), str(given["at"]),
            str(given["key_id"]), bytes.fromhex(given["signature"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError("this is no checkpoint") from error


def _object(line: str | bytes, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise UnreadableError(f"line {number} is not JSON") from error
    if not isinstance(found, dict):
        raise UnreadableError(f"line {number} is no JSON object")
    return found


async def verify_database(
    db: Database, trust: Trust, *, tenant: UUID | None = None, progress: Progress = lambda *_: None
) -> list[Report]:
    """One report a tenant that has a log, all read in one snapshot. `db`: the worker's role, or the owner's."""
    reports = []
    async with db.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        known = {row["id"] for row in await queries.TENANTS.rows(conn)} | {pin.tenant_id for pin in trust.pins}
        for one in sorted(known if tenant is None else {tenant}):
            await conn.execute(SET_TENANT, str(one), "")
            report = await verify_tenant(conn, one, trust, progress)
            if report.entries or report.problems:
                reports.append(report)
    return reports


async def verify_tenant(conn: Conn, tenant: UUID, trust: Trust, progress: Progress) -> Report:
    """Of one tenant, in the caller's transaction."""
    total = await queries.COUNT.value(conn, of_tenant=tenant)
    stored = [Pin(*row) for row in await queries.CHECKPOINTS.rows(conn, of_tenant=tenant)]
    check = ChainCheck(str(tenant), [*stored, *trust.pins_of(tenant)], trust.keys, whole=True, current=True)
    chain = queries.CHAIN
    async for row in conn.cursor(chain.text, *chain.arguments({"of_tenant": tenant}), prefetch=_STEP):
        check.take(_line_of_row(row))
        if check.report.entries % _STEP == 0:
            progress(str(tenant), check.report.entries, total)
    head = await queries.HEAD.row(conn, of_tenant=tenant)
    report = check.finish(None if head is None else (head["sequence"], head["hash"]))
    for row in await queries.SLIPPED_IN.rows(conn, of_tenant=tenant):
        report.problems.append(
            Problem("slipped in", 0, row["id"], f"entry {row['id']} was never sealed, nor does it wait to be")
        )
    if report.entries and not report.checkpoints:
        report.notes.append("no trusted checkpoint: a cut tail or a rewriting of everything would go unnoticed")
    progress(str(tenant), report.entries, max(total, report.entries))
    return report


def _line_of_row(row: Row) -> Line:
    kept = json.loads(row["personal"] or "{}")
    entry: dict[str, object] | None = None
    if row["id"] is not None:
        entry = {name: row[name] for name in _FROM_ROW} | {name: json.loads(row[name]) for name in _SEALED_TEXT}
        entry |= {"sequence": row["sequence"], "v": 1}
    personal = {name: (bytes.fromhex(salt), value) for name, (salt, value) in kept.items()}
    return Line(row["sequence"], row["hash"], entry, row["entry_id"], personal=personal)


def verify_file(
    path: Path, trust: Trust, *, manifest: Path | None = None, progress: Progress = lambda *_: None
) -> Report:
    """An audit export as NDJSON, with the manifest that came with it (by default beside it). Nothing else is asked."""
    beside = path.with_name(path.name + ".manifest.json")
    manifest = manifest or (beside if beside.exists() else None)
    report, said, keys = Report(path.name), {}, dict(trust.keys)
    if manifest is None:
        report.notes.append("no manifest: lines left out at the end, or around a gap, would go unnoticed")
    else:
        said = _object(manifest.read_text(), 1)
        keys = keys or _own_keys(said, report)
        _check_manifest(path, said, keys, report)
    pins = [*trust.pins, *(_pin(given) for given in said.get("checkpoints", ()))]
    whole = bool(said.get("whole"))
    checks: dict[str, ChainCheck] = {}
    for line in _lines(path, report, progress):
        tenant = str(line.entry["tenant_id"]) if line.entry else ""
        if tenant not in checks:
            mine = [pin for pin in pins if str(pin.tenant_id) == tenant]
            # An export ends where the log ended then: later checkpoints say nothing about it.
            checks[tenant] = ChainCheck(tenant, mine, keys, whole=whole, current=False)
        checks[tenant].take(line)
    for check in checks.values():
        found = check.finish()
        report.entries += found.entries
        report.checkpoints += found.checkpoints
        report.problems += found.problems
    if said and report.entries != said.get("rows"):
        text = f"the manifest counts {said.get('rows')} entries, the file has {report.entries}"
        report.problems.append(Problem("cut", report.entries + 1, None, text))
    return report


def _own_keys(said: Mapping[str, Any], report: Report) -> dict[str, bytes]:
    report.notes.append("checked with the key the export brings along: compare it with /audit-keys, or pass it")
    return read_keys(json.dumps({"keys": said.get("keys", [])}))


def _check_manifest(path: Path, said: dict[str, Any], keys: Mapping[str, bytes], report: Report) -> None:
    signature = str(said.get("signature", ""))
    plain = {name: value for name, value in said.items() if name != "signature"}
    data = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    public = keys.get(str(said.get("key_id")))
    if public is None:
        report.problems.append(Problem("unknown key", 0, None, "the manifest is signed with a key that is not trusted"))
    elif not _is_hex(signature) or not signed_by(public, bytes.fromhex(signature), data):
        report.problems.append(Problem("bad signature", 0, None, "the manifest does not bear its key's signature"))
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != said.get("sha256"):
            report.problems.append(
                Problem("changed file", 0, None, "the file is not the one the manifest was made for")
            )


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(character in "0123456789abcdef" for character in text)


def _lines(path: Path, report: Report, progress: Progress) -> Iterator[Line]:
    size, done = path.stat().st_size, 0
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            done += len(text)
            try:
                yield _line_of_export(_object(text, number))
            except (UnreadableError, ValueError, KeyError, TypeError) as error:
                words = str(error) if isinstance(error, UnreadableError) else f"line {number} is no audit entry"
                report.problems.append(Problem("unreadable", 0, None, words))
            if number % _STEP == 0:
                progress(path.name, done, size)
    progress(path.name, size, size)


def _line_of_export(given: dict[str, Any]) -> Line:
    entry = {name: value for name, value in given.items() if name not in {"hash", "previous"}}
    UUID(entry["tenant_id"])
    return Line(
        int(given["sequence"]), bytes.fromhex(given["hash"]), entry, str(entry["id"]), bytes.fromhex(given["previous"])
    )


def summary(reports: Iterable[Report]) -> list[dict[str, object]]:
    """For the command line: `ok`, `text`, and what was counted."""
    return [
        {
            "subject": report.subject, "ok": report.ok, "entries": report.entries, "checkpoints": report.checkpoints,
            "problems": [asdict(problem) for problem in report.problems],
            "notes": report.notes,
            "text": _text(report),
        }
        for report in reports
    ]  # fmt: skip


def _text(report: Report) -> str:
    counted = f"{report.subject}: {report.entries} entries, {report.checkpoints} checkpoints"
    notes = "".join(f"\n  note: {note}" for note in report.notes)
    if report.ok:
        return f"{counted}: whole{notes}"
    first = report.problems[0]
    named = f" (entry {first.entry_id})" if first.entry_id else ""
    more = f"\n  and {len(report.problems) - 1} more" if len(report.problems) > 1 else ""
    return f"{counted}: BROKEN\n  first at {first.sequence}{named}: {first.text}{more}{notes}"
