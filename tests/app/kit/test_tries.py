import asyncio

import pytest

from app.kit.db import Database
from app.kit.guesses import Guesses, Window
from app.kit.ids import new_id
from app.kit.tries import Tries, forget_old_tries


def window(most: int = 5, seconds: float = 900.0) -> Window:
    return Window(f"test {new_id()}", most, seconds)


async def test_many_processes_together_get_no_more_tries_than_one(app_db: Database) -> None:
    """Each of eight takes as many as it can, all at one moment."""
    processes, mine = [Tries(app_db) for _ in range(8)], window()
    found = await asyncio.gather(*(each.take([mine]) for each in processes for _ in range(20)))
    assert found.count(0.0) == mine.most
    assert all(0 < wait <= 900 for wait in found if wait)


async def test_a_try_that_one_full_window_refuses_counts_in_no_other(app_db: Database) -> None:
    tries, full, wide = Tries(app_db), window(most=1), window(most=3)
    assert await tries.take([full, wide]) == 0
    for _ in range(10):
        assert await tries.take([full, wide]) > 0
    assert [await tries.take([wide]) > 0 for _ in range(3)] == [False, False, True]


async def test_a_right_guess_ends_its_own_count_and_takes_back_one_try_of_the_others(app_db: Database) -> None:
    tries, own, other = Tries(app_db), window(most=2), window(most=3)
    for _ in range(2):
        await tries.take([own, other])
    await tries.give_back(own, [other])
    assert [await tries.take([own, other]) > 0 for _ in range(3)] == [False, False, True]


async def test_a_window_slides_and_is_forgotten_when_it_has_passed(app_db: Database, worker_db: Database) -> None:
    tries, short = Tries(app_db), window(most=1, seconds=0.3)
    assert await tries.take([short]) == 0
    assert 0 < await tries.take([short]) <= 0.3
    await asyncio.sleep(0.35)
    assert await tries.take([short]) == 0
    await asyncio.sleep(0.35)
    assert await forget_old_tries(worker_db) >= 1


async def test_what_is_kept_does_not_say_who_tried(app_db: Database, admin_db: Database) -> None:
    await Tries(app_db).take([Window("sign-in somebody@example.com", 5, 900.0)])
    kept = await admin_db.pool.fetch("SELECT * FROM guess_window")
    assert kept
    assert not any(b"example" in row["key"] for row in kept)


def test_one_process_counts_on_a_clock_that_nobody_can_turn() -> None:
    now = [0.0]
    guesses, mine = Guesses(monotonic=lambda: now[0]), window(most=2, seconds=10)
    assert [guesses.take([mine]) for _ in range(3)] == [0.0, 0.0, 10.0]
    now[0] = 10.0
    assert guesses.take([mine]) == 0.0


@pytest.mark.parametrize("most", [1, 3])
def test_one_process_forgets_the_oldest_keys_first(most: int) -> None:
    guesses, windows = Guesses(keys=2, monotonic=lambda: 0.0), [window(most=most) for _ in range(3)]
    for each in windows:
        for _ in range(most):
            guesses.take([each])
    assert guesses.take([windows[0]]) == 0
    assert guesses.take([windows[2]]) > 0


async def test_tries_that_meet_at_the_same_keys_never_wait_for_each_other_for_ever(app_db: Database) -> None:
    tries = Tries(app_db)
    windows = [Window(f"meeting {number}", 10_000, 60.0) for number in range(12)]

    async def one(turn: int) -> None:
        mine = windows[turn % 12 :] + windows[: turn % 12]
        assert await tries.take(mine) == 0
        await tries.give_back(mine[0], mine[1:])

    for _ in range(8):
        await asyncio.gather(*(one(turn) for turn in range(24)))
