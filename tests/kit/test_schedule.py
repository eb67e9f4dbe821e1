"""One tenant's fault is no other's."""

import pytest

from app.kit.bus import LOST
from app.kit.schedule import each

ROWS = [{"tenant_id": number} for number in range(4)]


async def test_everybody_has_their_turn_and_the_first_fault_is_told_in_the_end() -> None:
    met: list[int] = []

    async def act(row: dict[str, int]) -> int:
        met.append(row["tenant_id"])
        if row["tenant_id"] % 2:
            raise ValueError(row["tenant_id"])
        return 1

    with pytest.raises(ValueError, match="1"):
        await each(ROWS, act)
    assert met == [0, 1, 2, 3]


async def test_what_was_done_is_counted() -> None:
    async def act(row: dict[str, int]) -> int:
        return row["tenant_id"]

    assert await each(ROWS, act) == 6


async def test_a_database_that_is_away_is_away_for_all() -> None:
    met: list[int] = []

    async def act(row: dict[str, int]) -> int:
        met.append(row["tenant_id"])
        raise LOST[0]("gone")

    with pytest.raises(LOST):
        await each(ROWS, act)
    assert met == [0]
