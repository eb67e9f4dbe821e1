from datetime import UTC, datetime, timedelta

import pytest

from app.pushes.model import Made

SENT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("told", "made"), [(-600, 0), (1, 1), (600, 3)])
def test_what_a_vendor_made_is_no_older_than_its_order_and_no_newer_than_its_news(told: int, made: int) -> None:
    news = Made("r-1", SENT + told * SECOND, SENT + 3 * SECOND)
    assert news.since(SENT) == SENT + made * SECOND
