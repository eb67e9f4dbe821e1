"""Every edge of the vendor's diagram, and what phones may do to it: late, never, twice, forged, too late."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.harbor.adapter import receive
from adapters.harbor.simulator import phone
from adapters.harbor.simulator.world import HarborWorld
from adapters.simulation import control
from app.devices.port import Access, AccessKind, OrderKind, Refused, VendorWord
from tests.adapters.harbor.rig import LOCKER, TOWER, Rig, harbor_rig, soon

K, W = OrderKind, VendorWord


async def _to(rig: Rig, word: VendorWord) -> Access | None:
    """Bring the locker there; the pair that is out, if any."""
    if word is W.RESERVED:
        await rig.send(K.RESERVE)
    if word in {W.RENTED, W.DECLINED, W.OCCUPIED}:
        access = await rig.access()
        if word is W.DECLINED:
            await rig.send(K.RELEASE)
        elif word is W.OCCUPIED:
            rig.show(access)
        return access
    return None


async def _reserve(rig: Rig, _: Access | None) -> None:
    await rig.send(K.RESERVE)


async def _cancel(rig: Rig, _: Access | None) -> None:
    await rig.send(K.RELEASE)


async def _drop_off(rig: Rig, _: Access | None) -> None:
    await rig.access()


async def _pick_up(rig: Rig, _: Access | None) -> None:
    await rig.access(AccessKind.PICKUP)


async def _use(rig: Rig, access: Access | None) -> None:
    assert access is not None
    assert rig.show(access)["locker"] == LOCKER


async def _use_pickup(rig: Rig, _: Access | None) -> None:
    assert rig.show(await rig.access(AccessKind.PICKUP))["way"] == "out"


async def _come_by(rig: Rig, _: Access | None) -> None:
    rig.sync()


async def _wait(rig: Rig, _: Access | None) -> None:
    rig.world.clock.advance(301)
    rig.cloud._tokens.clear()


@pytest.mark.parametrize(
    ("before", "trigger", "after"),
    [
        (W.AVAILABLE, _reserve, W.RESERVED),
        (W.RESERVED, _cancel, W.AVAILABLE),
        (W.RESERVED, _wait, W.AVAILABLE),
        (W.AVAILABLE, _drop_off, W.RENTED),
        (W.RESERVED, _drop_off, W.RENTED),
        (W.RENTED, _drop_off, W.RENTED),
        (W.RENTED, _cancel, W.DECLINED),
        (W.RENTED, _use, W.OCCUPIED),
        (W.RENTED, _wait, W.AVAILABLE),
        (W.DECLINED, _use, W.OCCUPIED),
        (W.DECLINED, _come_by, W.AVAILABLE),
        (W.DECLINED, _cancel, W.AVAILABLE),
        (W.OCCUPIED, _drop_off, W.OCCUPIED),
        (W.OCCUPIED, _pick_up, W.OCCUPIED),
        (W.OCCUPIED, _use_pickup, W.AVAILABLE),
        (W.OCCUPIED, _use, W.AVAILABLE),
        (W.OCCUPIED, _cancel, W.AVAILABLE),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
@pytest.mark.parametrize("mode", ["reuse_dropoff_pair", "pickup_token"])
async def test_an_edge_of_the_diagram(before: VendorWord, trigger: object, after: VendorWord, mode: str) -> None:
    async with harbor_rig(pickup_mode=mode) as rig:
        access = await _to(rig, before)
        assert await rig.word() is before
        await trigger(rig, access)  # type: ignore[operator]
        assert await rig.word() is after


@pytest.mark.parametrize("word", [W.RESERVED, W.RENTED, W.OCCUPIED, W.DECLINED, W.OUT_OF_SERVICE])
async def test_what_is_not_available_cannot_be_reserved(word: VendorWord) -> None:
    async with harbor_rig() as rig:
        await _to(rig, word)
        if word is W.OUT_OF_SERVICE:
            rig.world.set_unit(TOWER, LOCKER, {"status": "out of service"})
        with pytest.raises(Refused) as refused:
            await rig.send(K.RESERVE)
        assert refused.value.reason == "WRONG_STATE"
        assert await rig.word() is word


@pytest.mark.parametrize("word", [W.DECLINED, W.OUT_OF_SERVICE])
async def test_no_pair_is_made_for_what_is_given_up_or_out_of_service(word: VendorWord) -> None:
    async with harbor_rig() as rig:
        await _to(rig, W.DECLINED)
        if word is W.OUT_OF_SERVICE:
            rig.world.set_unit(TOWER, LOCKER, {"status": "out of service"})
        with pytest.raises(Refused):
            await rig.access()


async def test_nothing_is_picked_up_where_nothing_is() -> None:
    async with harbor_rig(pickup_mode="pickup_token") as rig:
        with pytest.raises(Refused) as refused:
            await rig.access(AccessKind.PICKUP)
        assert refused.value.reason == "NOT_OCCUPIED"


async def test_the_cloud_hears_of_a_door_only_when_a_phone_synchronises() -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        rig.show(access, sync="never")
        assert (await rig.word(), rig.opened()) == (W.RENTED, 1)
        assert rig.sync() == 1
        assert await rig.word() is W.OCCUPIED
        assert rig.sync() == 0


async def test_a_phone_that_synchronises_later_is_heard_later() -> None:
    async with harbor_rig() as rig:
        rig.show(await rig.access(), sync=60)
        assert await rig.word() is W.RENTED
        rig.world.clock.advance(61)
        assert await rig.word() is W.OCCUPIED


async def test_a_phone_that_never_synchronises_lets_the_rent_run_out_and_the_truth_comes_later() -> None:
    async with harbor_rig() as rig:
        rig.show(await rig.access(), sync="never")
        await _wait(rig, None)
        assert await rig.word() is W.AVAILABLE
        rig.sync()
        assert await rig.word() is W.OCCUPIED
        assert (await rig.send(K.RELEASE)).released is True


async def test_telling_twice_changes_nothing_and_posts_twice() -> None:
    async with harbor_rig() as rig:
        rig.show(await rig.access(), sync="twice")
        used = [each["data"]["open_locker_token_id"] for each in rig.world.events if "USED" in each["data"]["source"]]
        assert len(used) == 2
        assert used[0] == used[1]
        assert await rig.word() is W.OCCUPIED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda pair: {**pair, "payload": pair["payload"][:-2] + "00"}, "forged"),
        (lambda pair: {**pair, "payload_auth": "00" * 32}, "forged"),
        (lambda pair: {**pair, "payload": "zz", "payload_auth": ""}, "forged"),
    ],
)
async def test_what_was_changed_opens_nothing(change: object, why: str) -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        pair = change({"payload": access.payload, "payload_auth": access.payload_auth})  # type: ignore[operator]
        assert phone.use(rig.world, {"tower": TOWER, **pair}) == {"locker": None, "why": why}
        assert rig.opened() == 0


async def test_a_pair_opens_once_each_way() -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        assert rig.show(access)["way"] == "in"
        assert rig.show(access)["way"] == "out"
        assert rig.show(access)["why"] == "used before"
        assert rig.opened() == 2


async def test_a_pair_is_good_in_its_time_by_the_tower_s_own_clock_and_nowhere_else() -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        phone.tamper(rig.world, {"tower": TOWER, "ahead": 301})
        assert rig.show(access)["why"] == "outside its time"
        phone.tamper(rig.world, {"tower": TOWER, "ahead": 0})
        assert rig.show(access, tower=TOWER[:-1] + "2")["why"] == "for another tower"
        phone.tamper(rig.world, {"tower": TOWER, "offline": True})
        assert rig.show(access)["locker"] is None
        assert rig.opened() == 0


async def test_what_was_given_up_opens_until_the_tower_has_heard_of_it() -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        await rig.send(K.RELEASE)
        rig.sync()
        assert rig.show(access)["why"] == "called off"
        assert await rig.word() is W.AVAILABLE


async def test_a_pick_up_counts_once_the_door_is_shut() -> None:
    async with harbor_rig() as rig:
        rig.show(await rig.access())
        rig.show(await rig.access(AccessKind.PICKUP), shut=False)
        rig.sync()
        assert await rig.word() is W.OCCUPIED
        phone.shut(rig.world, {"tower": TOWER, "locker": LOCKER})
        assert await rig.word() is W.AVAILABLE


async def test_a_world_outlives_its_process(tmp_path: Path) -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        file = tmp_path / "state.json"
        control._save(rig.world, file, "")
        again = HarborWorld(rig.world.banks.values())
        control.restore(again, file)
        assert again.dump() == rig.world.dump()
        pair = {"payload": access.payload, "payload_auth": access.payload_auth}
        assert phone.use(again, {"tower": TOWER, **pair})["locker"] == LOCKER


async def test_events_are_posted_signed_and_in_order() -> None:
    got: list[tuple[bytes, str]] = []
    both = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        got.append((await reader.readexactly(length), head.partition("x-harbor-signature: ")[2].partition("\r\n")[0]))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        if len(got) == 2:
            both.set()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server, harbor_rig(secret={"webhook_secret": "shared by them both"}) as rig:
        rig.cloud.hook = (f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/push", "shared by them both")
        rig.show(await rig.access(expires_at=soon(timedelta(seconds=60))))
        await rig.word()
        async with asyncio.timeout(5):
            await both.wait()
        pushed = [receive(rig.connection, {"x-harbor-signature": mark}, body)[0] for body, mark in got]
        assert [each.what for each in pushed] == [
            "LOCKER_OPERATION LOCKER_TOKEN_CREATED",
            "LOCKER_OPERATION LOCKER_TOKEN_USED",
        ]
        assert pushed[0].reference == pushed[1].reference
