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
