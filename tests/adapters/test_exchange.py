"""What is read of an answer beside its body."""

import httpx2
import pytest

from adapters.exchange import retry_after

DATE = "Sun, 01 Mar 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "99999"}, 3600),
        ({"Retry-After": "Sun, 01 Mar 2026 10:00:20 GMT", "Date": DATE}, 20),
        ({"Retry-After": "Sun, 01 Mar 2026 09:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:00 GMT", "Date": DATE}, 3600),
        ({"Retry-After": "Sun, 01 Mar 2026 10:00:20 GMT"}, None),
        ({"Retry-After": "Sun, 01 Mar 2026 10:00:20 -0000", "Date": DATE}, None),
        ({"Retry-After": "Sun, 99 Mar 2026 10:00:20 GMT", "Date": DATE}, None),
        ({"Retry-After": "Fri, 31 Dec 99999999999 23:59:59 GMT", "Date": DATE}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "-3", "Date": DATE}, None),
        ({}, None),
    ],
)
def test_a_pause_is_read_in_seconds_or_as_a_date_by_the_answer_s_own_clock(
    given: dict[str, str], seconds: int | None
) -> None:
    found = retry_after(httpx2.Headers(given))
    assert (None if found is None else found.total_seconds()) == seconds
