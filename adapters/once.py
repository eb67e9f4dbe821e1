"""A last belt against sending one order twice: remembers which orders have gone out."""

from collections import OrderedDict
from uuid import UUID

from app.devices.port import Ambiguous


class Once:
    """Claim an order before its first byte may leave. The core's own record is the real one; this one dies with us."""

    def __init__(self, remember: int = 4096) -> None:
        self._remember = remember
        self._claimed: OrderedDict[UUID, None] = OrderedDict()

    def claim(self, order: UUID) -> None:
        if order in self._claimed:
            raise Ambiguous("this order was sent before; it is never sent again")
        self._claimed[order] = None
        while len(self._claimed) > self._remember:
            self._claimed.popitem(last=False)

    def release(self, order: UUID) -> None:
        """Nothing of the order has left us, or the other side did nothing: it may come again."""
        self._claimed.pop(order, None)
