"""What is heard of one order while its door is watched, and what the order's end is by that. No I/O."""

from dataclasses import dataclass

from adapters.generic.mqtt.wire import Alive, News, Reacted, Result, State
from app.devices.port import Ambiguous, Door, Order, Outcome, Receipt, Refused


@dataclass(slots=True)
class Watch:
    """`sensor`: a contact tells of the door. `taken`: the controller has the order, or never says anything to one.
    `seen`: nothing hid the door from us."""

    order: Order
    sensor: bool
    taken: bool
    seen: bool
    # Its door was told open, though it may not have stood so: whatever is said later, it may have opened.
    glimpsed: bool = False
    # A no that is not the end: the lock may try again by itself. `retried`: it has said something else since.
    failed: Reacted | None = None
    retried: bool = False

    @property
    def over(self) -> bool:
        """Nothing more will be known."""
        return self.taken and not self.sensor and (self.failed is None or self.retried)

    def opens(self, heard: News) -> bool:
        """Whether the door is told open by it."""
        at = (self.order.bank, self.order.unit, Door.OPEN)
        found = isinstance(heard, State) and (heard.bank, heard.unit, heard.door) == at
        self.glimpsed |= found
        return found

    def hear(self, heard: News) -> bool:
        """Whether the controller says that this order opened its door: it sees its contact itself. Raises Refused."""
        if isinstance(heard, Alive) and heard.bank == self.order.bank and heard.unit in {None, self.order.unit}:
            self.seen = False
        if not isinstance(heard, Reacted) or not self._ours(heard):
            return False
        self.taken = True
        if heard.result in {Result.FAILED, Result.EXPIRED}:
            self._fail(heard)
        elif self.failed is not None:
            self.retried = True
        return heard.result is Result.OPENED

    def end(self, door: Door) -> Receipt:
        """Of a door that nobody saw open, and what it is told to be in the end. Raises Ambiguous and Refused."""
        if not self.taken:
            raise Ambiguous("the order was published and the controller said nothing")
        if self.glimpsed:
            raise Ambiguous("the door was told open, but not long enough to be believed")
        if not self.sensor and self.failed is None:
            return Receipt(Outcome.ACCEPTED, "the controller took it; no sensor tells whether the door opened")
        closed = door is Door.CLOSED if self.sensor else not self.retried
        if not closed or not self.seen:
            raise Ambiguous("the order was taken, and nobody can say what the door did")
        if self.failed is not None:
            raise refusal(self.failed)
        raise Refused("the door stayed closed: it is jammed, or the lock has no power", reason="OPEN_FAILED")

    def _ours(self, heard: Reacted) -> bool:
        if heard.order is not None:
            return heard.order == str(self.order.id)
        return (heard.bank, heard.unit) == (self.order.bank, self.order.unit)

    def _fail(self, heard: Reacted) -> None:
        if heard.order is not None and not self.glimpsed:
            raise refusal(heard)
        self.failed = heard


def refusal(heard: Reacted) -> Refused:
    if heard.result is Result.EXPIRED:
        return Refused("the order came too late, by the controller's clock; nothing was done", reason="EXPIRED")
    return Refused(f"the controller could not open: {heard.reason or 'no reason given'}", reason="OPEN_FAILED")
