"""The lines as TCP servers; boards that push say at once when a door has changed."""

import asyncio
from typing import Self

from adapters.generic.frame_board.simulator.world import FrameWorld, profile_of
from adapters.simulation.lines import Line, LineServer, LineWorld

LOOK_SECONDS = 0.05


class FrameLineServer(LineServer):
    def __init__(self, world: LineWorld, line: Line, host: str = "127.0.0.1") -> None:
        super().__init__(world, line, host)
        assert isinstance(world, FrameWorld)
        self._frames = world
        self._pushing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if profile_of(self._line).pushed:
            self._pushing = asyncio.create_task(self._push())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pushing:
            self._pushing.cancel()
        await super().__aexit__()

    async def _push(self) -> None:
        units = [unit for bank, unit in self._frames.doors if bank == self._line.bank]
        before = dict.fromkeys(units, False)
        while True:
            for unit in units:
                now = self._frames.doors.at(self._line.bank, unit).is_open
                if now is not before[unit]:
                    before[unit] = now
                    await self.say(self._frames.push(self._line, unit), "push")
            await asyncio.sleep(LOOK_SECONDS)
