"""How these boards are talked to: all doors at once where the family can, else one by one; pushes where it has them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from adapters.generic import transport
from adapters.generic.boards import BoardClient
from adapters.generic.dialect import Looks, Pulsed, Reading
from adapters.generic.frame_board import wire
from adapters.generic.frame_board.wire import Fields, Profile
from adapters.generic.transport import Bus

# So many bytes are looked through for pushes at a time; of what a babbling line says the rest is not worth it.
HEAR_LIMIT = 512


class FrameDialect:
    """`turned`: the locks' switches close the other way round."""

    sensors = True

    def __init__(self, profile: Profile, boards: dict[int, int], *, turned: bool, reply_seconds: float) -> None:
        self.profile = profile
        self._boards = boards
        self._turned = turned
        self._reply_seconds = reply_seconds

    def one_by_one(self, board: int) -> bool:
        return not self.profile.ask_all or 0 < self.profile.covers < self._boards[board]

    async def look(self, bus: Bus, board: int, lock: int | None) -> Reading:
        if lock is not None:
            return await self._only(bus, board, lock)
        closed, known, told = 0, 0, 0
        if self.profile.ask_all:
            closed, known, told = await self._all(bus, board)
        for each in range(told + 1, self._boards[board] + 1):
            if (state := await self._one(bus, board, each)) is not None:
                closed, known = closed | state << each - 1, known | 1 << each - 1
        return Reading(closed, 0, known)

    async def _only(self, bus: Bus, board: int, lock: int) -> Reading:
        if self.profile.ask_all and lock <= (self.profile.covers or lock):
            closed, known, _ = await self._all(bus, board)
            return Reading(closed, 0, known)
        state = await self._one(bus, board, lock)
        return Reading(bool(state) << lock - 1, 0, 0 if state is None else 1 << lock - 1)

    async def pulse(self, bus: Bus, board: int, lock: int) -> Pulsed:
        """What they answer is not waited for: the lock reports what it believes, the door what is."""
        looks = Looks()
        bus.write(wire.spell(self.profile.unlock, board=board, lock=lock))
        return Pulsed(taken=False, looks=looks)

    async def settle(self) -> None:
        """The board itself ends the current through a lock."""

    def state(self, status: int) -> bool | None:
        closed = self.profile.words.get(status)
        return closed if closed is None else closed is not self._turned

    async def _all(self, bus: Bus, board: int) -> tuple[int, int, int]:
        """Closed doors and known doors as bits, and how many locks the answer covers."""
        fields = await self._ask(bus, self.profile.ask_all, self.profile.told_all, board)
        if self.profile.covers:
            known = (1 << self.profile.covers) - 1
            return (wire.bits(fields) ^ (known if self._turned else 0)) & known, known, self.profile.covers
        doors = fields["doors*"]
        assert isinstance(doors, bytes)
        states = [self.state(status) for status in doors]
        closed = sum(1 << at for at, state in enumerate(states) if state)
        # More locks in the settings than on the board: asked for one by one they would not answer either.
        return closed, sum(1 << at for at, state in enumerate(states) if state is not None), self._boards[board]

    async def _one(self, bus: Bus, board: int, lock: int) -> bool | None:
        fields = await self._ask(bus, self.profile.ask_one, self.profile.told_one, board, lock)
        return self.state(int(fields["status"]))

    async def _ask(self, bus: Bus, question: str, reply: str, board: int, lock: int = 0) -> Fields:
        def ours(fields: Fields) -> bool:
            # A converter that echoes our own question must not pass for the board: its status is no word of theirs.
            sound = fields["board"] == board and ("status" not in fields or fields["status"] in self.profile.words)
            return sound and fields.get("lock", lock) == lock and fields.get("result", 0) == 0

        found, _ = await bus.ask(
            wire.spell(question, board=board, lock=lock),
            lambda received: wire.find(reply, received, ours),
            self._reply_seconds,
        )
        return found


class FrameClient(BoardClient):
    """Listens to what boards say unasked. A push is a hint, never a state: the door is read again."""

    def __init__(self, bus: Bus, boards: Sequence[int], dialect: FrameDialect) -> None:
        super().__init__(bus, boards, dialect)
        self._boards = frozenset(boards)
        self._frames = dialect
        self._tail = b""
        self._hearers: set[asyncio.Queue[tuple[int, int, bool | None] | None]] = set()
        self._deafen = bus.listen(self._hear) if dialect.profile.pushed else None

    async def pushes(self) -> AsyncIterator[tuple[int, int, bool | None]]:
        if self._deafen is None:
            return
        hearer: asyncio.Queue[tuple[int, int, bool | None] | None] = asyncio.Queue()
        self._hearers.add(hearer)
        try:
            while (told := await hearer.get()) is not None:
                yield told
        finally:
            self._hearers.discard(hearer)

    async def close(self) -> None:
        if self._deafen is not None:
            self._deafen()
            self._deafen = None
        for hearer in self._hearers:
            hearer.put_nowait(None)
        await super().close()

    def _hear(self, data: bytes) -> None:
        self._tail = (self._tail + data[-HEAR_LIMIT:])[-HEAR_LIMIT:]
        while found := wire.find(self._frames.profile.pushed, self._tail):
            fields, end = found
            self._tail = self._tail[end:]
            board, lock, status = (int(fields[name]) for name in ("board", "lock", "status"))
            if board in self._boards:
                for hearer in self._hearers:
                    hearer.put_nowait((board, lock, self._frames.state(status)))


def frame_client(
    address: str, profile: Profile, boards: dict[int, int], *, turned: bool, baudrate: int, reply_seconds: float
) -> FrameClient:
    dialect = FrameDialect(profile, boards, turned=turned, reply_seconds=reply_seconds)
    return FrameClient(transport.shared(address, baudrate), tuple(boards), dialect)
