"""Each of the vendor's thirteen operations as the adapter uses it; reserve, deposit, update and free: test_adapter."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from adapters import config, registry
from adapters.pitney.adapter import VENDOR as PITNEY
from adapters.pitney.adapter import PitneyAdapter
from adapters.pitney.client import PitneyPaths
from adapters.pitney.settings import SETTINGS, access, paths
from adapters.pitney.simulator.world import PitneyWorld
from app.devices.port import (
    Checkable,
    Connection,
    Contact,
    DeviceError,
    FindsReservations,
    KeepsContacts,
    Order,
    OrderKind,
    ParcelRef,
    Refused,
    SizeCount,
    TellsSizes,
)
from tests.adapters.rigs import Rig, pitney_rig

ADA = Contact("p-1", "Ada", email="ada@example.org", phone="+1 555")


def pitney_of(rig: Rig) -> PitneyAdapter:
    assert isinstance(rig.adapter, PitneyAdapter)
    return rig.adapter


def world(rig: Rig) -> PitneyWorld:
    assert isinstance(rig.world, PitneyWorld)
    return rig.world


def reserving(rig: Rig, tracking: str = "T1", **changes: Any) -> Order:
    until = datetime.now(UTC) + timedelta(hours=1)
    plain = {"parcels": (ParcelRef(tracking),), "contact": "c-1", "expires_at": until}
    return rig.order(OrderKind.RESERVE, **{**plain, **changes})


async def told(rig: Rig, path: str, method: str = "GET", **body: object) -> Any:
    async with httpx2.AsyncClient() as web:
        answer = await web.request(method, f"{rig.connection.base_url}/_sim/{path}", json=body or None)
        return answer.json()


async def raw(rig: Rig, path: str) -> tuple[int, Any]:
    """As somebody else's client would ask."""
    async with httpx2.AsyncClient() as web:
        base, auth = rig.connection.base_url, tuple(rig.connection.secret.values())
        token = (await web.post(f"{base}/auth/api/v1/token", auth=(auth[0], auth[1]))).json()["access_token"]
        answer = await web.get(f"{base}{path}", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json()


async def test_it_is_all_that_the_vendor_can_do(pitney: Rig) -> None:
    for what in (FindsReservations, KeepsContacts, TellsSizes, Checkable):
        assert isinstance(pitney.adapter, what)


async def test_sizes_come_in_our_words(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, unit="1"))

    assert set(await pitney_of(pitney).sizes(pitney.bank)) == {
        SizeCount("S", 4, 3, 2),
        SizeCount("M", 3, 3, 0),
        SizeCount("L", 1, 1, 0),
    }
    with pytest.raises(Refused):
        await pitney_of(pitney).sizes("nowhere")


async def test_a_contact_is_added_once(pitney: Rig) -> None:
    first = await pitney_of(pitney).add_contact(ADA)

    assert len(first) == 24
    assert await pitney_of(pitney).add_contact(ADA) == first
    with pytest.raises(Refused):
        await pitney_of(pitney).add_contact(Contact("p-1", "Somebody else"))


async def test_a_contact_whose_answer_was_lost_is_asked_for_again(pitney: Rig) -> None:
    pitney.world.faults.add({"kind": "reset_after", "where": "contact"})

    assert await pitney_of(pitney).add_contact(ADA)


async def test_units_are_found_by_their_contact(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, "T1", unit="1"))
    await pitney.adapter.send(reserving(pitney, "T2", unit="4"))
    await pitney.adapter.send(reserving(pitney, "T3", unit="5", contact="c-2"))

    found = await pitney_of(pitney).reservations_of(pitney.bank, "c-1")
    assert [(unit.id, unit.parcels) for unit in found] == [("1", ("T1",)), ("4", ("T2",))]
    assert await pitney_of(pitney).reservations_of(pitney.bank, "nobody") == ()


@pytest.mark.parametrize(("tracking", "flagged"), [("PLAIN-1", False), ("1Z/9 %", True)])
async def test_the_flag_is_sent_only_for_numbers_that_are_escaped(pitney: Rig, tracking: str, flagged: bool) -> None:
    await pitney.adapter.send(reserving(pitney, tracking))
    found = await pitney_of(pitney).find_reservation(pitney.bank, tracking)

    assert found is not None
    assert found.parcels == (tracking,)
    seen = [each for each in world(pitney).asked if "/reserved/" in each]
    assert ("isTrackNumUrlEncoded=true" in seen[-1]) is flagged


async def test_without_the_flag_an_escaped_number_is_another_number(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, "A/B"))
    path = f"/api/v1/lockerBanks/{pitney.bank}/lockers/reserved/A%2FB"

    assert (await raw(pitney, path))[0] == 404
    assert (await raw(pitney, f"{path}?isTrackNumUrlEncoded=true"))[0] == 200


async def test_only_the_parcel_that_was_asked_for_is_told_unless_all_are_wanted(pitney: Rig) -> None:
    await pitney.adapter.send(reserving(pitney, "T1"))
    await pitney.adapter.send(pitney.order(OrderKind.EXTEND, parcels=(ParcelRef("T2"),)))
    path = f"/api/v1/lockerBanks/{pitney.bank}/lockers/reserved/T2"

    assert (await raw(pitney, path))[1]["parcelsReserved"] == [{"trackingNumber": "T2"}]
    found = await pitney_of(pitney).find_reservation(pitney.bank, "T2")
    assert found is not None
    assert found.parcels == ("T1", "T2")


async def test_a_department_s_member_collects_with_a_personal_id(pitney: Rig) -> None:
    department = await pitney_of(pitney).add_contact(Contact("d-7", "Accounts"))
    await pitney.adapter.send(reserving(pitney, contact=department, contact_kind="department"))
    deposit = pitney.order(OrderKind.DEPOSIT, parcels=(ParcelRef("T1"),), contact_kind="department")
    assert (await pitney.adapter.send(deposit)).pickup_code is None
    await told(pitney, "members", "POST", contactId=department, personalIds=["p-9"])

    assert "errors" in await told(pitney, "kiosk", "POST", bank=pitney.bank, personalId="p-8")
    assert await told(pitney, "kiosk", "POST", bank=pitney.bank, personalId="p-9") == {"units": [pitney.unit]}
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).occupied is False


async def test_a_member_s_personal_id_opens_no_recipient_s_unit(pitney: Rig) -> None:
    recipient = await pitney_of(pitney).add_contact(ADA)
    await pitney.adapter.send(reserving(pitney, contact=recipient))
    await pitney.adapter.send(pitney.order(OrderKind.DEPOSIT, parcels=(ParcelRef("T1"),), contact_kind="recipient"))

    assert "errors" in await told(pitney, "kiosk", "POST", bank=pitney.bank, personalId="p-1")
    assert (await pitney.adapter.read_unit(pitney.bank, pitney.unit)).occupied is True


async def test_a_partner_id_goes_with_every_call() -> None:
    async with pitney_rig(partner_id="PARTNER-7") as rig:
        await rig.adapter.read_bank(rig.bank)
        assert (await told(rig, "tokens"))["partners"] == ["PARTNER-7"]


@pytest.mark.parametrize("partner", ["P\r\nX-Other: 1", "pärtner", "a\x7f"])
def test_a_partner_id_that_no_header_may_hold_is_refused_when_it_is_saved(partner: str) -> None:
    good = Connection(
        uuid4(), "pitney", "https://pb.example", {"partner_id": "P 7"}, {"client_id": "i", "client_secret": "s"}
    )
    assert registry.problems(good) == ()
    (problem,) = registry.problems(replace(good, settings={"partner_id": partner}))
    assert "partner_id" in problem
    assert partner not in problem


@pytest.mark.parametrize("name", ["banks", "bank", "sizes", "reserve_return", "open", "reserved_by_contact", "contact"])
async def test_every_inferred_path_can_be_corrected(name: str) -> None:
    known = "{bank}" if "{bank}" in getattr(PitneyPaths(), name) else "all"
    async with pitney_rig(paths={name: f"/elsewhere/{known}"}) as rig:
        adapter = pitney_of(rig)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "banks": adapter.list_banks,
            "bank": lambda: adapter.read_bank(rig.bank),
            "sizes": lambda: adapter.sizes(rig.bank),
            "reserve_return": lambda: adapter.send(reserving(rig, depositor="c-2")),
            "open": lambda: adapter.send(rig.order()),
            "reserved_by_contact": lambda: adapter.reservations_of(rig.bank, "c-1"),
            "contact": lambda: adapter.add_contact(ADA),
        }
        with suppress(DeviceError):
            await calls[name]()
        assert world(rig).asked[-1].startswith("/elsewhere/")


async def test_a_check_that_only_reads_changes_nothing(pitney: Rig) -> None:
    before = pitney.world.dump()["units"]
    said = [await check.run() for check in pitney_of(pitney).checks(None) if not check.writes]

    assert said[0] == "2 banks: PB-01, PB-02"
    assert said[1] == "PB-01 has 8 units, 0 in use, 0 out of service"
    assert pitney.world.dump()["units"] == before


async def test_a_check_that_writes_tries_everything_and_leaves_the_bank_as_it_was(pitney: Rig) -> None:
    checks = pitney_of(pitney).checks(pitney.bank)
    said = {check.name: await check.run() for check in checks}

    assert said["confirm the deposit"] == "taken, with a pickup code"
    assert said["free one of two parcels"] == "the unit is kept for the other"
    assert said["free the unit"] == "unit 1 is free again"
    assert not any(unit["contact"] for unit in pitney.world.dump()["units"])
    assert [check.name for check in checks if not check.writes] == [
        "list banks",
        "read a bank",
        "sizes of a bank",
        "look up a parcel",
        "look up a contact",
    ]


async def test_a_wrong_path_is_told_with_what_to_change() -> None:
    async with pitney_rig(paths={"sizes": "/api/v2/sizes/{bank}"}) as rig:
        checks = {check.name: check for check in pitney_of(rig).checks(rig.bank)}
        with pytest.raises(Refused):
            await checks["sizes of a bank"].run()

        assert "paths.sizes" in checks["sizes of a bank"].advice


async def test_who_stands_in_for_nobody_is_added_once(pitney: Rig) -> None:
    first = await pitney_of(pitney).stand_in()

    assert len(first) == 24
    assert await pitney_of(pitney).stand_in() == first
    assert sum("/contact" in each or each.startswith("contact") for each in world(pitney).asked) == 1
    again = PITNEY.connect(pitney.connection)
    assert isinstance(again, PitneyAdapter)
    assert await again.stand_in() == first
    await again.close()


async def test_who_stands_in_may_be_somebody_the_account_has_already() -> None:
    async with pitney_rig(contact_id="65a0000000000000000000ff") as rig:
        assert await pitney_of(rig).stand_in() == "65a0000000000000000000ff"
        assert not world(rig).asked


async def test_the_product_prefix_of_an_address_is_not_where_tokens_are_fetched() -> None:
    async with pitney_rig(prefix="/lockers") as rig:
        assert len((await rig.adapter.read_bank(rig.bank)).units) == 8
        await rig.adapter.send(reserving(rig, "1Z/99"))
        found = await pitney_of(rig).find_reservation(rig.bank, "1Z/99")
        assert found is not None
        assert found.id == rig.unit
        await rig.adapter.send(rig.order())
        assert rig.pulses() == 1


@pytest.mark.parametrize("given", [{}, {"paths": {"token": "/auth/v2/token"}}, {"auth_url": "https://auth.example/t"}])
def test_a_token_is_fetched_at_the_host_unless_told_otherwise(given: dict[str, Any]) -> None:
    connection = Connection(
        uuid4(), "pitney", "https://api.example:8443/lockers/", given, {"client_id": "a", "client_secret": "b"}
    )
    places = paths({"paths": given.get("paths")})
    let_in = access(connection, config.values(SETTINGS, connection), places)
    assert let_in.base_url == "https://api.example:8443/lockers"
    assert let_in.auth_url == given.get("auth_url", f"https://api.example:8443{places.token}")
