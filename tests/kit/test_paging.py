from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from app.kit.errors import Invalid
from app.kit.paging import DEFAULT, read_cursor, read_page, timestamp, write_cursor

KEY = UUID("00000000-0000-7000-8000-000000000001")


def test_a_cursor_gives_back_the_key_it_was_made_of() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    cursor = write_cursor([at, 'ü"', 7, str(KEY)])
    assert read_cursor(cursor, [datetime, str, int, UUID], "after") == (at, 'ü"', 7, KEY)


@pytest.mark.parametrize("text", ["", "x", "W10", "e30", "WyJhIiwiYiJd", "é", "=", "WyJhIl0gIA"])
def test_what_is_no_cursor_of_the_list_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(text, [str, UUID], "after")


def test_a_page_is_fifty_from_the_start_unless_said() -> None:
    page = read_page({}, [str])
    assert (page.limit, page.backward) == (DEFAULT, False)
    assert read_page({"last": 3}, [str]).backward


def test_a_moment_is_spelled_in_one_way() -> None:
    local = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(local) == "2025-12-31T23:00:00.000000Z"
