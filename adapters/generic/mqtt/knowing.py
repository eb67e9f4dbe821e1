"""What is known of controllers and doors on the present connection, by what was heard on it. No I/O."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.generic.mqtt.wire import Alive, News, State, Strange, shown
from app.devices.port import Door, DoorHint, Unmapped

# Bounce of a door switch: a change counts when nothing else is told for so long.
BOUNCE_SECONDS = 0.06
# Whoever may publish could fill our memory: no broker has more units for us.
UNITS_LIMIT = 20_000


@dataclass(slots=True)
class Heard:
    """What is known of one unit on the present connection. `told`: its newest word, which may be a bounce still;
    `since`: the one with which its door came to be told so."""

    state: State
    at: datetime
    told: State
    since: State


class Known:
    """Whoever puts a queue among `hearers` is told of every change of a door that is believed."""

    def __init__(self) -> None:
        self.alive: dict[tuple[str, str | None], tuple[bool, datetime]] = {}
        self.heard: dict[tuple[str, str], Heard] = {}
        # Topic -> bank and what makes no sense, until something else is said there.
        self.strange: dict[str, tuple[tuple[str, Unmapped], ...]] = {}
        self.hearers: set[asyncio.Queue[DoorHint | None]] = set()

    def take(self, topic: str, told: Sequence[News]) -> None:
        self._wonder(topic, [each for each in told if isinstance(each, Strange)])
        for news in told:
            self._know(news)

    def forget(self) -> None:
        for told in (self.alive, self.heard, self.strange):
            told.clear()

    def offline_since(self, bank: str, unit: str | None) -> datetime | None:
        """When the controller was said to be gone; None while it is there, or has never said anything."""
        online, at = self.alive.get((bank, unit), (True, None))
        return None if online else at

    def away(self, bank: str, unit: str) -> datetime | None:
        """The same, by the word of the whole bank or by the unit's own."""
        return self.offline_since(bank, None) or self.offline_since(bank, unit)

    def _wonder(self, topic: str, odd: Sequence[Strange]) -> None:
        self.strange.pop(topic, None)
        if odd and len(self.strange) < UNITS_LIMIT:
            found = ((each.bank, Unmapped(each.unit, each.what, shown(each.raw))) for each in odd)
            self.strange[topic] = tuple(dict.fromkeys(found))

    def _know(self, news: News) -> None:
        now = datetime.now(UTC)
        match news:
            case Alive(bank, unit, online) if (bank, unit) in self.alive or len(self.alive) < UNITS_LIMIT:
                self.alive[bank, unit] = (online, now)
                # It counts anew when it comes back, and while it is gone nothing is known of its doors.
                for key in [key for key in self.heard if key[0] == bank and unit in {None, key[1]}]:
                    if not online:
                        del self.heard[key]
                    else:
                        self.heard[key].told = self.heard[key].told.uncounted()
            # One that is gone tells nothing: the broker has kept it, and by the time it is back it may be otherwise.
            case State(bank, unit) if not self.away(bank, unit):
                self._know_state(news, (bank, unit), now)
            case _:
                # What became of an order is for whoever waits for it; what makes no sense is kept beside.
                pass

    def _know_state(self, news: State, key: tuple[str, str], now: datetime) -> None:
        before = self.heard.get(key)
        if before is not None and news.older_than(before.told):
            return
        if before is None:
            if len(self.heard) < UNITS_LIMIT:
                self.heard[key] = Heard(news, now, news, news)
            return
        if news.door is not before.told.door:
            before.since = news
        before.told = news
        if news.door is before.state.door or news.door is Door.UNKNOWN:
            before.state, before.at = news, now
        elif before.since is news:
            asyncio.get_running_loop().call_later(BOUNCE_SECONDS, self._believe, key, news)

    def _believe(self, key: tuple[str, str], news: State) -> None:
        """What else was told meanwhile, as of content, does not make a door less sure."""
        heard = self.heard.get(key)
        if heard is None or heard.since is not news or news.door is None:
            return
        heard.state, heard.at = heard.told, datetime.now(UTC)
        event = None if news.seq is None else str(news.seq)
        for hearer in self.hearers:
            hearer.put_nowait(DoorHint(*key, news.door, heard.at, event))
