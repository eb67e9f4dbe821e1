"""What may go wrong at a device; adapters raise nothing else."""

from datetime import timedelta

# --- errors: each says what happened and whether trying again can help -------------------------------------------
#
#   DeviceError
#   ├── Unreachable      nothing was sent: trying again is safe
#   ├── Refused          the vendor said no: trying again does not help
#   ├── Ambiguous        sent, no answer: it may have happened; NEVER send again, settle by reading back
#   ├── AuthFailed       credentials refused after one renewal: a person must act
#   ├── ContractBroken   the answer made no sense; after a write this counts as Ambiguous
#   └── Unsupported      this hardware cannot do it


class DeviceError(Exception):
    """Base of every error an adapter may raise. `detail` is safe to show: adapters redact before raising."""

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Unreachable(DeviceError):  # noqa: N818 - as above
    """Nothing reached the device (refused connection, no route, breaker open, 429/503 before any effect)."""


class Refused(DeviceError):  # noqa: N818 - as above
    """The device answered no. `reason` is one of our words."""

    def __init__(self, detail: str, *, reason: str = "REFUSED") -> None:
        super().__init__(detail)
        self.reason = reason


class Ambiguous(DeviceError):  # noqa: N818 - as above
    """The request may have taken effect and no trustworthy answer came."""


class AuthFailed(DeviceError):  # noqa: N818 - as above
    """The credentials were refused, also after one renewal."""


class ContractBroken(DeviceError):  # noqa: N818 - as above
    """The device's answer does not fit its contract."""


class Unsupported(DeviceError):  # noqa: N818 - as above
    """This hardware has no such operation."""
