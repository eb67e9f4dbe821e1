from datetime import timedelta

import pytest

from adapters.pacing import Pace
from app.devices.port import Unreachable


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def pace(watch: Watch, **more: int) -> Pace:
    return Pace(60, clock=watch, **more)


async def spend(pace: Pace, *, urgent: bool = False) -> int:
    """How many go at once."""
    done = 0
    while True:
        try:
            await pace.turn(patience=0.0, urgent=urgent)
        except Unreachable:
            return done
        done += 1


async def test_a_burst_goes_at_once_and_then_as_many_as_the_rate_allows() -> None:
    watch = Watch()
    limited = pace(watch)
    assert await spend(limited) == 60

    watch.now += 5
    assert await spend(limited) == 5


async def test_what_is_kept_back_is_there_for_what_cannot_wait() -> None:
    limited = pace(Watch(), kept_back=10)

    assert (await spend(limited), await spend(limited, urgent=True)) == (50, 10)


async def test_who_must_wait_too_long_is_told_when_to_come_back() -> None:
    limited = pace(Watch())
    await spend(limited)
    with pytest.raises(Unreachable) as told:
        await limited.turn(patience=0.5)

    assert told.value.retry_after == timedelta(seconds=1)


async def test_others_who_use_the_same_key_count() -> None:
    limited = pace(Watch())
    limited.told(3)

    assert await spend(limited) == 3


async def test_after_a_pause_was_asked_for_nobody_goes_before_it_is_over() -> None:
    watch = Watch()
    limited = pace(watch, kept_back=10)
    limited.stop_for(timedelta(seconds=30))
    watch.now += 29
    assert await spend(limited, urgent=True) == 0

    watch.now += 1.0
    assert await spend(limited, urgent=True) == 10
