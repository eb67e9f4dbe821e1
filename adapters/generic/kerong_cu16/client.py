"""How CU16 boards are talked to: a status question with its reply, and an unlock whose reply proves nothing."""

from collections.abc import Sequence

from adapters.generic import transport
from adapters.generic.boards import BoardClient
from adapters.generic.dialect import Looks, Pulsed, Reading
from adapters.generic.kerong_cu16 import wire
from adapters.generic.transport import Bus


class KerongDialect:
    sensors = True

    def __init__(self, reply_seconds: float) -> None:
        self._reply_seconds = reply_seconds

    def one_by_one(self, board: int) -> bool:  # noqa: ARG002 - none does
        return False

    async def look(self, bus: Bus, board: int, lock: int | None) -> Reading:  # noqa: ARG002 - one reply tells all
        bus.write(wire.status(board))
        said = await bus.answer(lambda received: wire.find_status(received, board), self._reply_seconds)
        return Reading(said.closed, said.items)

    async def pulse(self, bus: Bus, board: int, lock: int) -> Pulsed:
        looks = Looks()
        bus.write(wire.unlock(board, lock))
        return Pulsed(taken=False, looks=looks)

    async def settle(self) -> None:
        """The board itself ends the current through a lock."""


def kerong_client(address: str, boards: Sequence[int], *, baudrate: int, reply_seconds: float) -> BoardClient:
    return BoardClient(transport.shared(address, baudrate), boards, KerongDialect(reply_seconds))
