import asyncpg
import pytest

from app.kit.patience import patiently


async def test_a_server_that_is_away_is_asked_again() -> None:
    tries = list[None]()

    async def ask() -> str:
        tries.append(None)
        if len(tries) < 4:
            raise ConnectionRefusedError
        return "here"

    assert await patiently(ask, "it") == "here"
    assert len(tries) == 4


@pytest.mark.parametrize("dsn", ["postgresql://127.0.0.1:port/x", "mysql://127.0.0.1/x"])
async def test_an_address_that_cannot_be_one_is_not_waited_for(dsn: str) -> None:
    with pytest.raises((ValueError, asyncpg.InterfaceError)):
        await patiently(lambda: asyncpg.connect(dsn), "it")


async def test_what_waiting_does_not_cure_is_told_at_once() -> None:
    async def ask() -> str:
        raise asyncpg.InvalidPasswordError("no")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await patiently(ask, "it")
