"""The check of one chain, entry by entry, after the format in tenants/audit/model.py. Shares no code with sealing."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIELDS = frozenset(
    {
        "action", "actor_id", "actor_kind", "actor_label", "carrier_id", "commitments", "details", "id", "occurred_at",
        "organization_id", "origin", "outcome", "reason", "request_id", "sequence", "site_id", "target_id",
        "target_type", "tenant_id", "v",
    }
)  # fmt: skip
NO_HASH = b"\0" * 32


class UnreadableError(Exception):
    """What was given to check is not what it should be. Says what and where."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sealed entry as found. `entry` is None when only its seal is left. `previous`: the hash it says came before."""

    sequence: int
    hash: bytes
    entry: Mapping[str, object] | None
    entry_id: str | None = None
    previous: bytes | None = None
    personal: Mapping[str, tuple[bytes, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pin:
    """A signed checkpoint as found."""

    tenant_id: UUID
    sequence: int
    hash: bytes
    at: str
    key_id: str
    signature: bytes

    def holds(self, public: bytes) -> bool:
        """Whether the key signed just this."""
        said = {
            "at": self.at, "hash": self.hash.hex(), "key_id": self.key_id, "sequence": self.sequence,
            "tenant_id": str(self.tenant_id), "v": 1,
        }  # fmt: skip
        return signed_by(public, self.signature, _plain(said))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the first entry that shows it. `sequence` 0 where no entry is to blame."""

    kind: str
    sequence: int
    entry_id: str | None
    text: str


@dataclass(slots=True)
class Report:
    """Of one tenant's log, or one file. Problems in the order of the log."""

    subject: str
    entries: int = 0
    checkpoints: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def signed_by(public: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _plain(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


class ChainCheck:
    """Takes one tenant's lines in order.

    `whole`: from the first entry on, without gaps; else links are checked where neighbours stand together, and a line
    against the hash it says came before. `current`: nothing may be missing at the end either.
    """

    def __init__(
        self, subject: str, pins: Iterable[Pin], keys: Mapping[str, bytes], *, whole: bool, current: bool
    ) -> None:
        self.report = Report(subject)
        self._keys, self._whole, self._current = keys, whole, current
        self._pins: dict[int, bytes] = {}
        self._last: Line | None = None
        self._good = 0
        for pin in sorted(pins, key=lambda each: each.sequence):
            self._take_pin(pin)

    def take(self, line: Line) -> None:
        self.report.entries += 1
        before = self._before(line)
        entry = line.entry
        if entry is None:
            self._bad("deleted", line, f"entry {line.sequence} is gone; only its seal is left")
        elif set(entry) != FIELDS:
            self._bad("changed", line, f"entry {line.sequence} has not the fields of a sealed entry")
        elif entry["sequence"] != line.sequence or str(entry["id"]) != str(line.entry_id or entry["id"]):
            self._bad("swapped", line, f"entry {line.sequence} stands under another's seal")
        elif before is not None and hashlib.sha256(before + _plain(entry)).digest() != line.hash:
            self._bad("changed", line, f"entry {line.sequence} is not what was sealed")
        else:
            self._check_personal(line, entry)
        self._compare_pin(line)
        self._last = line

    def _before(self, line: Line) -> bytes | None:
        """The hash this entry continues; None when it cannot be known."""
        last = self._last
        expected = 1 if last is None else last.sequence + 1
        if last is not None and line.sequence <= last.sequence:
            self._bad("order", line, f"entry {line.sequence} comes after {last.sequence}")
            return line.previous
        if line.sequence == expected:
            known = NO_HASH if last is None else last.hash
            if line.previous not in (None, known):
                self._bad("broken link", line, f"entry {line.sequence} does not continue the one before it")
            return known
        if self._whole:
            gap = str(expected) if expected == line.sequence - 1 else f"{expected} to {line.sequence - 1}"
            self.report.problems.append(Problem("missing", expected, None, f"missing: {gap}"))
        return line.previous

    def _check_personal(self, line: Line, entry: Mapping[str, object]) -> None:
        committed = entry["commitments"]
        for name, (salt, value) in line.personal.items():
            expected = committed.get(name) if isinstance(committed, dict) else None
            if hashlib.sha256(salt + value.encode()).hexdigest() != expected:
                self._bad("personal value changed", line, f"the {name} kept beside entry {line.sequence} is another")

    def _take_pin(self, pin: Pin) -> None:
        public = self._keys.get(pin.key_id)
        where = f"the checkpoint at {pin.sequence} of {pin.at}"
        if public is None:
            self._note_bad(
                "unknown key", pin.sequence, f"{where} is signed with a key that is not trusted: {pin.key_id}"
            )
        elif not pin.holds(public):
            self._note_bad("bad signature", pin.sequence, f"{where} does not bear its key's signature")
        elif pin.sequence not in self._pins:
            self._pins[pin.sequence] = pin.hash
            self.report.checkpoints += 1
        elif self._pins[pin.sequence] != pin.hash:
            self._note_bad("forked", pin.sequence, f"two signed checkpoints at {pin.sequence} tell two histories")

    def _compare_pin(self, line: Line) -> None:
        pinned = self._pins.pop(line.sequence, None)
        if pinned is None:
            return
        if pinned == line.hash:
            self._good = line.sequence
            return
        if any(self._good < problem.sequence <= line.sequence for problem in self.report.problems):
            return  # What broke it is named already, and more precisely.
        text = (
            f"the signed checkpoint at {line.sequence} tells another history: something from entry {self._good + 1} on "
            "was written anew"
        )
        self.report.problems.append(Problem("rewritten", self._good + 1, line.entry_id, text))

    def finish(self, head: tuple[int, bytes] | None = None) -> Report:
        """`head`: where the log itself says it ends."""
        end = 0 if self._last is None else self._last.sequence
        if self._current:
            later = [sequence for sequence in self._pins if sequence > end]
            if later:
                text = f"cut: a signed checkpoint stands at {max(later)}, the log ends at {end}"
                self.report.problems.append(Problem("cut", end + 1, None, text))
            if head is not None and head != (end, NO_HASH if self._last is None else self._last.hash):
                text = f"the log says it ends at {head[0]} with another seal than what is there, which ends at {end}"
                self.report.problems.append(Problem("cut", end + 1, None, text))
        self.report.problems.sort(key=lambda problem: problem.sequence)
        return self.report

    def _bad(self, kind: str, line: Line, text: str) -> None:
        id_ = line.entry_id or (str(line.entry["id"]) if line.entry is not None and "id" in line.entry else None)
        self.report.problems.append(Problem(kind, line.sequence, id_, text))

    def _note_bad(self, kind: str, sequence: int, text: str) -> None:
        self.report.problems.append(Problem(kind, sequence, None, text))
