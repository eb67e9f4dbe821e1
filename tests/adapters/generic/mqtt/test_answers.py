"""What becomes of an order whose door is watched: told by words, while the simulated controller keeps silent."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest

from adapters.conformance import Bench
from adapters.generic.mqtt.simulator import rig
from adapters.generic.mqtt.simulator.agents import PREFIX
from app.devices.port import Ambiguous, Order, Outcome, Receipt, Refused

UNIT_STATE, ACK = f"{PREFIX}/{rig.BANK}/unit/{rig.UNIT}/state", f"{PREFIX}/{rig.BANK}/ack"
LOCK_STATE = f"{rig.BANK}/lock/{rig.UNIT}/state"


@asynccontextmanager
async def ordered(**more: Any) -> AsyncIterator[tuple[Bench, Order, aiomqtt.Client]]:
    """An order that the simulated controller never hears of, and who speaks in its place."""
    async with rig.start(**more) as bench:
        bench.world.faults.add({"kind": "ignore", "where": "cmd"})
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
        async with aiomqtt.Client(host, int(port)) as controller:
            yield bench, bench.order(), controller


async def told(bench: Bench, order: Order, controller: aiomqtt.Client, words: Sequence[tuple[str, str]]) -> Receipt:
    sending = asyncio.create_task(bench.adapter.send(order))
    await asyncio.sleep(0.3)
    for topic, word in words:
        await controller.publish(topic, word, qos=1)
    return await sending


def answer(order: Order, result: str) -> tuple[str, str]:
    return ACK, json.dumps({"id": str(order.id), "result": result})


def doors(*words: str) -> list[tuple[str, str]]:
    """Later ones than those of the simulated controller."""
    return [(UNIT_STATE, json.dumps({"door": word, "seq": 10_000 + at})) for at, word in enumerate(words)]


async def test_a_controller_that_says_that_its_door_opened_is_believed() -> None:
    async with ordered() as (bench, order, controller):
        receipt = await told(bench, order, controller, [answer(order, "accepted"), answer(order, "opened")])

    assert receipt.outcome is Outcome.OPENED


@pytest.mark.parametrize("result", ["accepted", "failed", "expired"])
async def test_a_door_that_was_told_open_for_a_moment_is_not_told_to_have_stayed_closed(result: str) -> None:
    async with ordered() as (bench, order, controller):
        with pytest.raises(Ambiguous):
            await told(bench, order, controller, [*doors("open", "closed"), answer(order, result)])


async def test_a_door_that_was_told_open_for_a_moment_may_open_yet() -> None:
    async with ordered() as (bench, order, controller):
        words = [*doors("open", "closed"), answer(order, "failed"), doors("", "", "open")[2]]
        receipt = await told(bench, order, controller, words)

    assert receipt.outcome is Outcome.OPENED


async def test_a_no_to_another_order_is_none_to_this_one() -> None:
    async with ordered() as (bench, order, controller):
        words = [answer(bench.order(), "failed"), answer(bench.order(), "opened"), answer(order, "accepted")]
        with pytest.raises(Refused, match="stayed closed"):
            await told(bench, order, controller, words)


async def test_a_lock_that_was_jammed_may_open_yet() -> None:
    async with ordered(profile="ha_lock") as (bench, order, controller):
        sending = asyncio.create_task(told(bench, order, controller, [(LOCK_STATE, "JAMMED")]))
        await asyncio.sleep(0.8)
        bench.world.doors.act(bench.bank, bench.unit, "force")

        assert (await sending).outcome is Outcome.OPENED


async def test_a_lock_that_was_jammed_and_whose_door_stays_closed_has_failed() -> None:
    async with ordered(profile="ha_lock") as (bench, order, controller):
        with pytest.raises(Refused, match="jammed") as refused:
            await told(bench, order, controller, [(LOCK_STATE, "JAMMED"), (LOCK_STATE, "UNLOCKED")])

    assert refused.value.reason == "OPEN_FAILED"


@pytest.mark.parametrize(("words", "end"), [(["JAMMED"], Refused), (["JAMMED", "UNLOCKED"], Ambiguous)])
async def test_a_jammed_lock_without_a_contact_has_failed_where_it_says_nothing_else(
    words: list[str], end: type[Exception]
) -> None:
    async with ordered(profile="ha_lock", sensors=False) as (bench, order, controller):
        with pytest.raises(end):
            await told(bench, order, controller, [(LOCK_STATE, word) for word in words])
