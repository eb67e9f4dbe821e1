from uuid import UUID

import pytest

from app.kit.db import Database
from app.kit.errors import Invalid, LockyardError, Reason, Rejected
from app.reconciling import service as reconciling
from app.reconciling.service import ApplySurvey, ConfirmBank
from tenants.model import Role
from tests.app.commissioning.conftest import Listing, differing, rows_of, surveyed
from tests.app.fleet.test_jobs import until
from tests.app.rig import Cell, World, actor, context, value

DIFFERS = "SELECT differs_since IS NOT NULL FROM bank WHERE id = $1"


async def test_differences_are_shown_and_only_those_named_are_taken_over(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.cells["004"] = hardware.cells.pop("003")
    hardware.told = {"001": {"label": "A1", "size": "large"}, "004": {"size": "large"}}
    survey = await surveyed(app_db, admin_db, world)
    assert await differing(admin_db, survey) == {"ADDED:004", "GONE:003", "LABEL:001", "SIZE:001"}
    assert await value(admin_db, "SELECT count(*) FROM compartment WHERE bank_id = $1", world.bank) == 3
    keys = ("ADDED:004", "GONE:003", "SIZE:001")
    async with context(app_db, actor(world)).begin() as work:
        await reconciling.apply(work, ApplySurvey(survey, keys, "rebuilt", {}))
    async with admin_db.plain() as conn:
        rows = await conn.fetch("SELECT * FROM compartment WHERE bank_id = $1 ORDER BY external_id", world.bank)
    assert [(row["external_id"], row["label"], row["size"], row["service"]) for row in rows] == [
        ("001", "001", "L", "IN_SERVICE"), ("002", "002", "M", "IN_SERVICE"), ("003", "003", "M", "OUT_OF_SERVICE"),
        ("004", "004", "L", "IN_SERVICE"),
    ]  # fmt: skip
    # The keeper begins anew and looks at the new door too.
    await until(admin_db, "CLOSED", "SELECT door FROM compartment WHERE id = $1", rows[3]["id"])
    assert await differing(admin_db, await surveyed(app_db, admin_db, world)) == {"LABEL:001"}


REFUSED: tuple[tuple[tuple[str, ...], type[LockyardError]], ...] = (
    ((), Invalid),
    (("LABEL:002",), Invalid),
    (("OCCUPIED:002",), Invalid),
    (("LABEL:001", "SIZE:001"), Rejected),
)


@pytest.mark.parametrize(("keys", "error"), REFUSED)
async def test_what_cannot_be_taken_over_changes_nothing(
    app_db: Database, admin_db: Database, world: World, hardware: Listing, keys: tuple[str, ...], error: type[Exception]
) -> None:
    hardware.told = {"001": {"label": "A1", "size": "large"}, "002": {"occupied": True}}
    survey = await surveyed(app_db, admin_db, world)
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE compartment SET use = 'OCCUPIED' WHERE id = $1", world.doors[0])
    before = await rows_of(admin_db, world)
    with pytest.raises(error):
        async with context(app_db, actor(world)).begin() as work:
            await reconciling.apply(work, ApplySurvey(survey, keys, "x", {}))
    assert await rows_of(admin_db, world) == before


async def test_no_two_doors_in_use_come_to_have_one_label(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.told["001"] = {"label": "002"}
    survey = await surveyed(app_db, admin_db, world)
    before = await rows_of(admin_db, world)
    with pytest.raises(Rejected) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await reconciling.apply(work, ApplySurvey(survey, ("LABEL:001",), "as drawn", {}))
    assert refused.value.path == ("input", "differences")
    assert await rows_of(admin_db, world) == before
    hardware.told["002"] = {"label": "001"}
    swapped = await surveyed(app_db, admin_db, world)
    async with context(app_db, actor(world)).begin() as work:
        await reconciling.apply(work, ApplySurvey(swapped, ("LABEL:001", "LABEL:002"), "as drawn", {}))
    labels = {row[0]: row[1] for row in await rows_of(admin_db, world)}
    assert labels == {"001": "002", "002": "001", "003": "003"}


async def known_again(app: Database, world: World, survey: UUID, why: str = "I stood before it") -> None:
    async with context(app, actor(world)).begin() as work:
        assert await reconciling.confirm(work, ConfirmBank(survey, why)) == world.bank


async def applied(app: Database, world: World, survey: UUID, *keys: str) -> None:
    async with context(app, actor(world)).begin() as work:
        await reconciling.apply(work, ApplySurvey(survey, keys, "as it is", {}))


async def first_look(admin: Database, world: World) -> None:
    await until(admin, True, "SELECT likeness IS NOT NULL FROM bank WHERE id = $1", world.bank)


async def looked_at_again(admin: Database, world: World) -> None:
    """Twice, so that whatever still differs would have been told."""
    for _ in range(3):
        last = await value(admin, "SELECT last_contact_at FROM bank WHERE id = $1", world.bank)
        await until(admin, True, "SELECT last_contact_at > $2 FROM bank WHERE id = $1", world.bank, last)


async def test_a_bank_that_is_not_as_it_was_is_confirmed_on_record_where_nothing_can_be_taken_over(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    await first_look(admin_db, world)
    # A word for a size that nobody explained: our record has nothing to change.
    hardware.told["001"] = {"size": "tiny"}
    await until(admin_db, True, DIFFERS, world.bank)
    survey = await surveyed(app_db, admin_db, world)
    found = await value(admin_db, "SELECT differences FROM survey WHERE id = $1", survey)
    assert [(each["key"], each["ours"], each["theirs"], each["applicable"]) for each in found] == [
        ("LIKENESS:001", "size medium", "size tiny", False)
    ]
    with pytest.raises(Invalid):
        await applied(app_db, world, survey, "LIKENESS:001")
    with pytest.raises(Invalid):
        await known_again(app_db, world, survey, "  ")
    assert await value(admin_db, DIFFERS, world.bank)
    before = await rows_of(admin_db, world)

    await known_again(app_db, world, survey)
    assert not await value(admin_db, DIFFERS, world.bank)
    assert await rows_of(admin_db, world) == before
    said = "SELECT details FROM audit_entry WHERE target_id = $1 AND reason = 'I stood before it'"
    details = await value(admin_db, said, world.bank)
    unlike = {"001": {"was": {"size": "medium"}, "is": {"size": "tiny"}}}
    assert (details["act"], details["unlike"], details["survey"]) == ("confirm", unlike, str(survey))
    await looked_at_again(admin_db, world)
    assert not await value(admin_db, DIFFERS, world.bank)
    with pytest.raises(Rejected) as nothing:
        await known_again(app_db, world, survey)
    assert nothing.value.reason is Reason.WRONG_STATE


async def test_what_was_asked_before_a_bank_differed_confirms_nothing(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    await first_look(admin_db, world)
    old = await surveyed(app_db, admin_db, world)
    hardware.told = {"001": {"size": "tiny"}, "002": {"label": "B2"}}
    await until(admin_db, True, DIFFERS, world.bank)
    for act in (known_again(app_db, world, old), applied(app_db, world, old)):
        with pytest.raises(Rejected) as refused:
            await act
        assert refused.value.path == ("input", "surveyId")
    assert await value(admin_db, DIFFERS, world.bank)


async def test_taking_one_difference_over_says_nothing_about_the_others(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    await first_look(admin_db, world)
    hardware.told = {"001": {"size": "tiny"}, "002": {"label": "B2"}}
    await until(admin_db, True, DIFFERS, world.bank)
    survey = await surveyed(app_db, admin_db, world)
    assert await differing(admin_db, survey) == {"LABEL:002", "LIKENESS:001"}
    await applied(app_db, world, survey, "LABEL:002")
    assert await value(admin_db, DIFFERS, world.bank)
    await known_again(app_db, world, survey)
    assert not await value(admin_db, DIFFERS, world.bank)


async def test_a_bank_opens_again_once_all_in_which_it_differed_is_taken_over(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    await first_look(admin_db, world)
    hardware.told = {"002": {"label": "B2"}}
    hardware.cells["004"] = hardware.cells.pop("003")
    await until(admin_db, True, DIFFERS, world.bank)
    survey = await surveyed(app_db, admin_db, world)
    await applied(app_db, world, survey, "LABEL:002", "GONE:003", "ADDED:004")
    assert not await value(admin_db, DIFFERS, world.bank)
    await looked_at_again(admin_db, world)
    assert not await value(admin_db, DIFFERS, world.bank)


async def test_a_new_door_that_the_vendor_has_somebody_in_is_given_to_nobody(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.cells["004"] = Cell()
    hardware.told["004"] = {"reserved": True, "accessible": True}
    survey = await surveyed(app_db, admin_db, world)
    await applied(app_db, world, survey, "ADDED:004")
    sql = "SELECT ARRAY[withheld, accessible::text] FROM compartment WHERE bank_id = $1 AND external_id = '004'"
    assert await value(admin_db, sql, world.bank) == ["TAKEN", "true"]


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COURIER])
async def test_who_may_not_manage_banks_confirms_none(
    app_db: Database, admin_db: Database, world: World, hardware: Listing, role: Role
) -> None:
    await first_look(admin_db, world)
    hardware.told["001"] = {"size": "tiny"}
    await until(admin_db, True, DIFFERS, world.bank)
    survey = await surveyed(app_db, admin_db, world)
    with pytest.raises(LockyardError):
        async with context(app_db, actor(world, role)).begin() as work:
            await reconciling.confirm(work, ConfirmBank(survey, "I say so"))
    assert await value(admin_db, DIFFERS, world.bank)


async def test_a_new_door_whose_size_the_vendor_does_not_tell_is_taken_over_once_somebody_says_it(
    app_db: Database, admin_db: Database, world: World, hardware: Listing
) -> None:
    hardware.cells["004"] = Cell()
    hardware.told["004"] = {"size": None}
    survey = await surveyed(app_db, admin_db, world)
    with pytest.raises(Invalid) as refused:
        await applied(app_db, world, survey, "ADDED:004")
    assert refused.value.path == ("input", "sizes")
    async with context(app_db, actor(world)).begin() as work:
        await reconciling.apply(work, ApplySurvey(survey, ("ADDED:004",), "one more", {"": "L"}))
    sql = "SELECT size FROM compartment WHERE bank_id = $1 AND external_id = '004'"
    assert await value(admin_db, sql, world.bank) == "L"
    assert "" not in await value(admin_db, "SELECT size_words FROM bank WHERE id = $1", world.bank)
    assert await differing(admin_db, await surveyed(app_db, admin_db, world)) == set()
