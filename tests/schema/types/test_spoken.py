from app.lockers.model import Service
from app.sites.shape import SITE
from app.stays.shape import STAY
from schema.types.spoken import ServiceChange, ServiceWord, SiteSortKey, StaySortKey


def test_what_can_be_sorted_by_is_what_the_shapes_sort_by() -> None:
    assert set(SiteSortKey) == set(SITE.sorts)
    assert set(StaySortKey) == set(STAY.sorts)


def test_service_is_read_in_the_cores_words_and_one_more_and_set_to_some_of_them() -> None:
    assert {each.value for each in ServiceWord} == {each.value for each in Service} | {"UNREACHABLE"}
    assert {each.value for each in ServiceChange} == {each.value for each in Service} - {Service.FAULT.value}
