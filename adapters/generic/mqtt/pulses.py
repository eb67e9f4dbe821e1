"""Pulses that we end ourselves: off is said until the controller says that it is so, for a solenoid burns otherwise."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress

from adapters.generic.mqtt.client import MqttClient
from adapters.generic.mqtt.wire import Alive, Message, News, Output
from app.devices.port import Ambiguous, Unreachable

# How long the broker may take to confirm an off.
OFF_SECONDS = 2.0
# An off that the controller says nothing to is said again after so long, and then less and less often.
AGAIN_SECONDS, LESS_OFTEN, LONGEST_SECONDS = 0.25, 1.5, 10.0
# A lock that says nothing at all is told so often, within 1.2 s: a word that is lost on the way to it is not missed.
MUTE_TIMES = 4

Key = tuple[str, str]


class Pulses:
    """Of one client. `seconds`: how long a pulse lasts. Controllers that end theirs themselves have no `after`."""

    def __init__(self, client: MqttClient, seconds: float) -> None:
        self._client = client
        self._dialect = client.dialect
        self._seconds = seconds
        self._offs: dict[Key, asyncio.Event] = {}
        self._endings: dict[Key, asyncio.Task[None]] = {}
        self._closed = False
        client.listeners.append(self.hear)

    def begin(self, bank: str, unit: str) -> None:
        """Called before an order is published: from here on its end comes, whoever gives up waiting."""
        off = self._dialect.after(unit)
        if off is not None:
            self._start(bank, unit, self._end(bank, unit, (off,), self._seconds))

    async def over(self, bank: str, unit: str) -> None:
        """Returns when no pulse of ours runs there: another one begun before its end would make it longer."""
        if ending := self._endings.get((bank, unit)):
            await asyncio.wait([ending])

    def hear(self, told: Sequence[News], *, kept: bool) -> None:
        """An output that is on though no order of ours is out was left on, by whomever."""
        for news in told:
            match news:
                case Output(bank, unit, on=True) if (bank, unit) not in self._endings:
                    self.begin(bank, unit)
                case Output(bank, unit, on=False) if (bank, unit) in self._offs:
                    self._offs[bank, unit].set()
        back = [each for each in told if isinstance(each, Alive) and each.online and not kept]
        named = {each.unit for each in back}
        units = tuple(unit for _, unit in self._dialect.units() if unit in named or None in named)
        # It may have missed the end of a pulse, and begins with what its outputs were before it was gone. Each unit on
        # its own: what becomes of one must not end the off of another. What several share is asked once.
        said: set[Message] = set()
        for unit in units:
            greeting = [word for word in self._dialect.greet((unit,)) if word not in said]
            said.update(greeting)
            if greeting:
                self._start(back[0].bank, unit, self._end(back[0].bank, unit, greeting, 0.0))

    async def close(self) -> None:
        """The end of a pulse is waited for, but not for ever."""
        self._closed = True
        endings = set(self._endings.values())
        if endings:
            await asyncio.wait(endings, timeout=self._seconds + OFF_SECONDS)
        for ending in endings:
            ending.cancel()
        await asyncio.gather(*endings, return_exceptions=True)

    def _start(self, bank: str, unit: str, ending: Coroutine[None, None, None]) -> None:
        if self._closed:
            ending.close()
            return
        # An older one's off would cut this pulse short.
        if before := self._endings.get((bank, unit)):
            before.cancel()
        task = self._endings[bank, unit] = asyncio.create_task(ending)
        task.add_done_callback(self._over)

    def _over(self, ended: asyncio.Task[None]) -> None:
        self._endings = {key: task for key, task in self._endings.items() if task is not ended}

    async def _end(self, bank: str, unit: str, words: Sequence[Message], seconds: float) -> None:
        await asyncio.sleep(seconds)
        off, wait, times, reacts = asyncio.Event(), AGAIN_SECONDS, 0, self._dialect.reacts(unit)
        self._offs[bank, unit] = off
        # One that is gone is greeted when it comes back.
        while not self._client.known.offline_since(bank, unit):
            try:
                await self._say(words)
            except Unreachable:
                # Said again as soon as there is a connection: every one begins with off for all.
                return
            times += 1
            if not reacts and times == MUTE_TIMES:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await off.wait()
                    return
            wait = min(wait * LESS_OFTEN, LONGEST_SECONDS)

    async def _say(self, words: Sequence[Message]) -> None:
        for word in words:
            # Whether the broker has it shows in what the controller says.
            with suppress(Ambiguous):
                await self._client.publish(word, OFF_SECONDS)
