import pytest

from schema.errors import RequestError
from tests.schema.reading.conftest import Reading

pytestmark = pytest.mark.anyio

PAGE = """query($first: Int, $after: String, $last: Int, $before: String) {
  stays(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }"""


async def test_walking_back_is_walking_on_reversed(reading: Reading) -> None:
    forward: list[str] = []
    backward: list[str] = []
    after = before = None
    while True:
        page = (await reading.data("owner", PAGE, first=3, after=after))["stays"]
        forward += [edge["node"]["id"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    while True:
        page = (await reading.data("owner", PAGE, last=4, before=before))["stays"]
        backward = [edge["node"]["id"] for edge in page["edges"]] + backward
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert forward == backward
    assert len(forward) == len(set(forward)) > 12


async def test_a_page_of_none_is_empty_and_says_that_there_is_more(reading: Reading) -> None:
    page = (await reading.data("owner", PAGE, first=0))["stays"]
    assert page["edges"] == []
    assert page["pageInfo"] == {
        "hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"first": -1}, {"last": -1}, {"first": 201}, {"first": 1_000_000}, {"first": 1, "last": 1},
        {"after": "garbage"}, {"after": ""}, {"after": "YXJyYXljb25uZWN0aW9uOi0x"}, {"before": "' OR 1=1 --"},
        {"after": "A" * 20_000}, {"after": "W10"}, {"after": "WzEsMl0"}, {"after": "\x00"},
    ],
)  # fmt: skip
async def test_what_no_page_can_be_is_refused_before_anything_runs(reading: Reading, given: dict[str, object]) -> None:
    with pytest.raises(RequestError) as refused:
        await reading.data("owner", PAGE, **given)
    (error,) = refused.value.errors
    assert error.extensions == {"code": "BAD_USER_INPUT"}


async def test_a_cursor_of_one_order_is_refused_in_another(reading: Reading) -> None:
    found = await reading.data("owner", "{ sites(first: 1) { edges { cursor } } }")
    cursor = found["sites"]["edges"][0]["cursor"]
    text = "query($after: String) { sites(sort: {by: CREATED_AT}, after: $after) { edges { cursor } } }"
    with pytest.raises(RequestError):
        await reading.data("owner", text, after=cursor)


async def test_sorting_down_is_sorting_up_reversed(reading: Reading) -> None:
    text = "query($way: SortDirection!) { sites(sort: {by: CITY, direction: $way}) { edges { node { id } } } }"
    up = (await reading.data("owner", text, way="ASC"))["sites"]["edges"]
    down = (await reading.data("owner", text, way="DESC"))["sites"]["edges"]
    assert up == down[::-1]
    assert len(up) == 4
