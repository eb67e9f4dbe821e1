import asyncio
from contextlib import suppress

import pytest

from adapters.breaker import Breaker
from app.devices.port import AuthFailed, DeviceError, Refused, Unreachable


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def ask(breaker: Breaker, error: DeviceError | None = None) -> bool:
    """True when the question got through to the device."""
    through = False
    with suppress(DeviceError):
        async with breaker.guard():
            through = True
            if error:
                raise error
    return through


async def test_it_opens_after_failures_in_a_row_and_then_lets_nothing_through() -> None:
    breaker = Breaker(threshold=3, clock=Watch())
    for _ in range(3):
        assert not breaker.failing
        assert await ask(breaker, Unreachable("silent"))

    assert breaker.failing
    assert not await ask(breaker)


async def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker(threshold=2, clock=Watch())
    for _ in range(5):
        await ask(breaker, Unreachable("silent"))
        await ask(breaker)

    assert not breaker.failing


async def test_a_refusal_is_an_answer() -> None:
    breaker = Breaker(threshold=1, clock=Watch())
    await ask(breaker, Refused("no"))

    assert not breaker.failing


async def test_after_the_pause_one_question_probes_and_closes_it() -> None:
    watch = Watch()
    breaker = Breaker(threshold=1, cool_down=10, clock=watch)
    await ask(breaker, Unreachable("silent"))
    watch.now = 12

    async with breaker.guard():
        assert not await ask(breaker)

    assert not breaker.failing
    assert await ask(breaker)


async def test_a_failed_probe_makes_the_pause_longer_up_to_the_ceiling() -> None:
    watch = Watch()
    breaker = Breaker(threshold=1, cool_down=10, ceiling=30, clock=watch)
    await ask(breaker, Unreachable("silent"))
    watch.now = 12
    assert await ask(breaker, Unreachable("silent"))

    watch.now += 15
    assert not await ask(breaker)
    watch.now += 20
    assert await ask(breaker)


async def test_a_question_that_is_given_up_counts_where_whoever_asked_says_so() -> None:
    breaker = Breaker(threshold=1, clock=Watch())

    async def cancelled(why: str) -> None:
        async with breaker.guard():
            if why:
                breaker.give_up(why)
            raise asyncio.CancelledError

    for why in ("", "silent for long"):
        assert not breaker.failing
        with pytest.raises(asyncio.CancelledError):
            await cancelled(why)
    with pytest.raises(Unreachable, match="paused after: silent for long"):
        async with breaker.guard():
            pytest.fail("it let a question through")


async def test_refused_credentials_open_it_at_once_and_keep_being_the_reason() -> None:
    breaker = Breaker(threshold=5, clock=Watch())
    await ask(breaker, AuthFailed("refused"))

    with pytest.raises(AuthFailed):
        async with breaker.guard():
            pytest.fail("it let a question through")
