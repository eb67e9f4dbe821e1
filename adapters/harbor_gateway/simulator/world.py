"""What gateways know of their lockers, and what each call does to them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from random import Random
from typing import Any

from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import Fault, Faults
from adapters.simulation.http import KINDS

# What a bank is made of where its lockers are not described one by one.
MIX = ("small", "medium", "small", "large", "medium", "small", "medium", "small", "large", "xlarge")
# Vendor documentation: how a gateway tries to open, and only where its boards do not answer.
ATTEMPTS, ATTEMPT_SECONDS, GAP_SECONDS = 3, 20.0, 1.0
# Bad luck behind the gateway, and where it strikes.
INSIDE = {
    "board_silent": "board",  # an attempt that reaches no lock and is not answered
    "board_lost": "board",  # an attempt that opens and is not answered
    "conflict": "assignment",  # the chosen locker went to somebody else in the same moment
}


class NotDone(Exception):  # noqa: N818 - it is the vendor's no
    """An error as the vendor answers it."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


class GatewayFaults(Faults):
    """Knows where each fault behind the gateway strikes, wherever it was asked for."""

    def add(self, described: Mapping[str, Any]) -> Fault:
        inside = INSIDE.get(str(described.get("kind")))
        return super().add({**described, "where": inside} if inside else described)


@dataclass(slots=True)
class SimLocker:
    """Flags are independent of each other; `available` is derived from them and from the transaction."""

    bank: str
    id: int
    type: str = "small"
    name: str | None = None
    out_of_service: bool = False
    operational: bool = True
    reason_code: str | None = None
    reason: str | None = None
    transaction: str | None = None
    created_at: str | None = None

    @property
    def usable(self) -> bool:
        return not self.out_of_service and self.operational and self.transaction is None


class GatewayWorld:
    """All gateways. `attempt_seconds`, `gap_seconds`: the vendor's own, shorter where a test cannot wait a minute."""

    def __init__(
        self,
        banks: Iterable[Mapping[str, Any]],
        *,
        close_after: float | None = None,
        attempt_seconds: float = ATTEMPT_SECONDS,
        gap_seconds: float = GAP_SECONDS,
    ) -> None:
        self.clock = Clock()
        self.doors = Doors(self.clock, close_after)
        self.faults: Faults = GatewayFaults(KINDS | INSIDE.keys())
        self.banks: dict[str, Mapping[str, Any]] = {}
        self.lockers: dict[tuple[str, int], SimLocker] = {}
        self._attempt, self._gap = attempt_seconds, gap_seconds
        # Always the same luck, so that a run can be repeated.
        self._luck = Random(1)  # noqa: S311 - not a secret
        self._given_away = 0
        for bank in banks:
            self.banks[bank["id"]] = bank
            for each in bank["lockers"]:
                own = {name: each[name] for name in ("type", "name") if name in each}
                self.lockers[bank["id"], each["id"]] = SimLocker(bank["id"], each["id"], **own)
                self.doors.add(bank["id"], str(each["id"]))

    def of(self, bank: str) -> list[SimLocker]:
        if bank not in self.banks:
            raise NotDone(404, "LOCATION_NOT_FOUND", f"no location {bank}")
        return [self.lockers[bank, each["id"]] for each in self.banks[bank]["lockers"]]

    def locker(self, bank: str, id: str) -> SimLocker:
        found = self.lockers.get((bank, int(id))) if id.isascii() and id.isdigit() else None
        if found is None:
            raise NotDone(404, "LOCKER_NOT_FOUND", f"no locker {id}")
        return found

    def holding(self, bank: str, transaction: str) -> SimLocker:
        for locker in self.of(bank):
            if locker.transaction == transaction:
                return locker
        raise NotDone(404, "TRANSACTION_NOT_FOUND", "no such transaction")

    def shown(self, locker: SimLocker) -> dict[str, Any]:
        why = {"reasonCode": locker.reason_code, "reason": locker.reason}
        return {
            "lockerId": locker.id,
            "name": locker.name or str(locker.id),
            "lockerType": {"slug": locker.type},
            "outOfService": locker.out_of_service,
            "operational": locker.operational,
            "doorOpen": not self.doors.switch(locker.bank, str(locker.id)),
            "available": locker.usable,
            **{name: value for name, value in why.items() if value},
        }

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        target = self.lockers[bank, int(unit)]
        if strange := changes.keys() - SETTERS.keys():
            raise ValueError(f"no such words: {', '.join(sorted(strange))}")
        for word, value in changes.items():
            setattr(target, SETTERS[word], value)
        if "transactionId" in changes:
            target.created_at = self.clock.now().isoformat() if target.transaction else None

    def dump(self) -> dict[str, Any]:
        return {"doors": self.doors.dump(), "lockers": [asdict(locker) for locker in self.lockers.values()]}

    def load(self, kept: Mapping[str, Any]) -> None:
        self.doors.load(kept["doors"])
        for row in kept["lockers"]:
            if (row["bank"], row["id"]) in self.lockers:
                self.lockers[row["bank"], row["id"]] = SimLocker(**row)

    # --- what the calls do ---------------------------------------------------------------------------------------

    def create(self, bank: str, id: str, kind: str | None) -> tuple[bool, SimLocker]:
        """Whether it is new, and its locker: whichever the gateway likes, as long as it is of that type."""
        for locker in self.of(bank):
            if locker.transaction == id:
                return False, locker
        if self.faults.take("assignment", bank):
            raise NotDone(503, "LOCKER_ASSIGNMENT_CONFLICT", "the locker was assigned to somebody else")
        free = [each for each in self.of(bank) if each.usable and kind in {None, each.type}]
        if not free:
            raise NotDone(400, "NO_AVAILABLE_LOCKERS", "no locker of this type is free")
        chosen = self._luck.choice(free)
        chosen.transaction, chosen.created_at = id, self.clock.now().isoformat()
        return True, chosen

    def delete(self, bank: str, id: str) -> None:
        locker = self.holding(bank, id)
        locker.transaction = locker.created_at = None

    def give_away(self, bank: str, kind: str | None = None) -> SimLocker:
        """Somebody at the gateway's own screen takes a locker: a transaction that none of its callers made."""
        self._given_away += 1
        return self.create(bank, f"screen-{self._given_away}", kind)[1]

    async def open(self, locker: SimLocker) -> dict[str, Any]:
        """Tried again only where the boards do not answer; a lock that stays shut is told as it is. Out of service or
        not: the gateway is optimistic about it."""
        bank, door = locker.bank, str(locker.id)
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._gap)
            fault = self.faults.take("board", bank)
            if fault is None:
                stands = self.doors.unlock(bank, door)
                said = "opened" if stands else "the lock did not release"
                return {
                    "success": stands,
                    "lockerId": locker.id,
                    "doorOpen": not self.doors.switch(bank, door),
                    "message": said,
                }
            if fault.kind == "board_lost":
                self.doors.unlock(bank, door)
            await asyncio.sleep(self._attempt)
        raise NotDone(503, "HARDWARE_COMMUNICATION_ERROR", f"{ATTEMPTS} attempts without an answer")


SETTERS = {
    "lockerType": "type",
    "operational": "operational",
    "outOfService": "out_of_service",
    "reason": "reason",
    "reasonCode": "reason_code",
    "transactionId": "transaction",
}


def plain_banks(count: int, lockers: int, prefix: str = "HG-") -> list[dict[str, Any]]:
    """So many banks of so many lockers: `HG-01` with lockers 1 and on, types mixed."""
    row = [{"id": place + 1, "type": kind} for place, kind in enumerate(islice(cycle(MIX), lockers))]
    return [{"id": f"{prefix}{number:02}", "name": f"Bank {number}", "lockers": row} for number in range(1, count + 1)]
