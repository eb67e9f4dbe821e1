"""What was posted of passes."""

from dataclasses import dataclass
from datetime import datetime

from app.devices.port import VendorWord


@dataclass(frozen=True, slots=True)
class Use:
    """A pass, by the vendor's id of it, opened its door. `word`: what the books said then; `at`: by the device's clock,
    `heard_at` by ours."""

    reference: str
    word: VendorWord | None
    at: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """What a vendor made for an order of ours, by its id of it. `at`: when, by its own clock; `heard_at`: when it was
    first heard of, by ours."""

    reference: str
    at: datetime
    heard_at: datetime

    def since(self, sent_at: datetime | None) -> datetime:
        """When it was made. Clocks go wrong: not before it was asked for, and not after it was heard of."""
        return min(max(self.at, sent_at or self.at), self.heard_at)
