from datetime import UTC, datetime

from app.devices.port import BankState, Unit, Unmapped
from app.devices.port import Door as DoorState
from app.lockers.model import Size
from app.vendors.model import Difference, DifferenceKind, Door, differences, sized

NOW = datetime.now(UTC)
WORDS = {"small": "S", "large": "L"}
K = DifferenceKind


def unit(id_: str, **more: object) -> Unit:
    return Unit(id_, DoorState.CLOSED, NOW, **more)  # type: ignore[arg-type]


def bank(*units: Unit, unmapped: tuple[Unmapped, ...] = ()) -> BankState:
    return BankState("B", units, NOW, unmapped=unmapped)


def door(id_: str, *, in_use: bool = False, in_service: bool = True) -> Door:
    return Door(id_, f"0{id_}", "S", accessible=False, in_use=in_use, in_service=in_service)


def test_what_both_have_alike_is_no_difference() -> None:
    same = unit("1", label="01", size="small", accessible=False, in_service=True, reserved=False, occupied=False)
    assert differences([door("1")], bank(same), WORDS) == []


def test_what_a_vendor_does_not_tell_is_no_difference() -> None:
    assert differences([door("1"), door("2", in_use=True)], bank(unit("1"), unit("2", size="huge")), WORDS) == []


def test_every_kind_of_difference_is_found_once_and_in_order() -> None:
    ours = [door("1"), door("2", in_use=True), door("3"), door("4")]
    theirs = [
        unit("1", label="A1", size="large", accessible=True, in_service=False),
        unit("2", reserved=False, occupied=False),
        unit("3", reserved=True, occupied=False),
        unit("5", label="05", size="large"),
    ]
    assert differences(ours, bank(*theirs), WORDS) == [
        Difference(K.ADDED, "5", "05", None, "L"),
        Difference(K.GONE, "4", "04", "S", None),
        Difference(K.LABEL, "1", "01", "01", "A1"),
        Difference(K.SIZE, "1", "01", "S", "L"),
        Difference(K.ACCESSIBLE, "1", "01", "false", "true"),
        Difference(K.SERVICE, "1", "01", "true", "false"),
        Difference(K.EMPTY, "2", "02", "true", "false"),
        Difference(K.OCCUPIED, "3", "03", "false", "true"),
    ]


def test_a_door_out_of_service_that_the_vendor_does_not_know_is_settled() -> None:
    assert differences([door("1", in_service=False)], bank(), WORDS) == []


def test_a_word_nobody_explained_means_no_size() -> None:
    assert (sized("large", WORDS), sized("huge", WORDS), sized(None, WORDS)) == (Size.L, None, None)


def test_what_somebody_called_otherwise_here_is_told_apart_from_what_the_vendor_changed() -> None:
    before = {"1": {"label": "A1", "size": "large"}}
    found = differences([door("1")], bank(unit("1", label="A1", size="large")), WORDS, before)
    assert [(each.kind, each.as_taken_over) for each in found] == [(K.LABEL, True), (K.SIZE, True)]
    found = differences([door("1")], bank(unit("1", label="B1", size="large")), WORDS, before)
    assert [(each.kind, each.as_taken_over) for each in found] == [(K.LABEL, False), (K.SIZE, True)]


def test_a_unit_that_could_not_be_read_is_not_gone() -> None:
    strange = Unmapped(None, "unit", "?")
    assert differences([door("1")], bank(unmapped=(strange,)), WORDS, {"1": {"serial": "A"}}) == []


def test_what_our_record_does_not_keep_is_told_apart_from_what_it_does() -> None:
    before = {"1": {"label": "01", "serial": "A"}, "2": {"size": "small"}, "3": {"label": "03"}}
    theirs = bank(unit("1", label="A1", serial="B"), unit("2", size="tiny"), unit("4", label="04"))
    found = differences([door("1"), door("2"), door("3", in_service=False)], theirs, WORDS, before)
    assert found == [
        Difference(K.ADDED, "4", "04", None, None),
        Difference(K.LABEL, "1", "01", "01", "A1"),
        Difference(K.LIKENESS, "1", "01", "serial A", "serial B"),
        Difference(K.LIKENESS, "2", "02", "size small", "size tiny"),
        Difference(K.LIKENESS, "3", "03", "label 03", None),
    ]
