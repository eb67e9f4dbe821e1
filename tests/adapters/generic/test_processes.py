import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import yaml

from adapters import registry
from app.devices.port import Connection, DeviceError, Door, Order, OrderKind, Outcome
from tests.adapters.generic.brokers import BROKERS

ROOT = Path(__file__).parents[3]
LINES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "frame_board": (
        [{"bank": "X", "profile": "wkly", "boards": [{"board": 3, "locks": 4}]}],
        {"profile": "wkly", "boards": [{"board": 3, "locks": 4}]},
        "3-4",
    ),
    "modbus_io": (
        [{"bank": "X", "framing": "rtu", "boards": [{"board": 9, "locks": 4}], "open_when": ["9-4"]}],
        {
            "framing": "rtu",
            "modules": [{"module": 9, "channels": 4}],
            "pulse": "waveshare_flash",
            "closed_when": {"9-4": 0},
        },
        "9-4",
    ),
}


@asynccontextmanager
async def simulator(vendor: str, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """As a person starts it; it must end cleanly when asked to."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "simulate", vendor, "--", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize("vendor", LINES)
async def test_lines_are_described_controlled_and_kept_over_a_restart(vendor: str, tmp_path: Path) -> None:
    described, settings, unit = LINES[vendor]
    (tmp_path / "lines.json").write_text(json.dumps(described))
    arguments = ("--describe", str(tmp_path / "lines.json"), "--state", str(tmp_path / "doors.json"))
    async with simulator(vendor, *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        adapter = registry.connect(Connection(uuid4(), vendor, ready["lines"]["X"], {"bank": "X", **settings}))
        receipt = await adapter.send(Order(uuid4(), OrderKind.OPEN, "X", unit, timedelta(seconds=5)))
        acts = [{"bank": "X", "unit": unit, "act": act} for act in ("put", "close")]
        assert (await sim.post("/doors", json={"acts": acts})).json()["doors"][-1]["open"] is False
        state = await adapter.read_bank("X")
        await adapter.close()
    async with simulator(vendor, *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        kept = (await sim.get("/state")).json()

    assert ready["ready"] == vendor
    assert receipt.outcome is Outcome.OPENED
    assert {each.door for each in state.units} == {Door.CLOSED}
    row = next(row for row in kept["doors"] if row["unit"] == unit)
    assert (row["pulses"], row["item"], row["is_open"]) == (1, True, False)


@pytest.mark.parametrize("broker", BROKERS)
async def test_a_broker_with_controllers_is_served_and_controlled(broker: str) -> None:
    arguments = ("--banks", "2x3", "--broker", broker)
    async with simulator("mqtt", *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        settings = {"profile": "native_json", "prefix": ready["topics"]}
        adapter = registry.connect(Connection(uuid4(), "mqtt", ready["url"], settings))
        for _ in range(100):
            try:
                if len((await adapter.read_bank("MQ-02")).units) == 3:
                    break
            except DeviceError:
                await asyncio.sleep(0.05)
        receipt = await adapter.send(Order(uuid4(), OrderKind.OPEN, "MQ-02", "3", timedelta(seconds=5)))
        told = (await sim.get("/state", params={"bank": "MQ-02"})).json()
        assert (await sim.post("/away", json={"bank": "MQ-02", "how": "power"})).status_code == 200
        await adapter.close()

    assert ready["broker"] == broker
    assert receipt.outcome is Outcome.OPENED
    assert [row["unit"] for row in told["doors"] if row["is_open"]] == ["3"]
    assert {row["bank"] for row in told["outputs"]} == {"MQ-02"}


def composed() -> dict[str, list[str]]:
    """Simulator -> how docker-compose.yml starts it, on a free port of this machine."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    commands = [service["command"].split() for service in services if "command" in service]
    given = {words[2]: words[4:] for words in commands if words[1] == "simulate"}
    free = {"0.0.0.0": "127.0.0.1"}
    return {
        vendor: ["0" if word.isdigit() else free.get(word, word) for word in words] for vendor, words in given.items()
    }


@pytest.mark.parametrize("vendor", composed())
async def test_a_simulator_starts_as_the_compose_file_starts_it(vendor: str) -> None:
    async with simulator(vendor, *composed()[vendor]) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        assert ready["ready"] == vendor
        assert (await sim.get("/state")).json()["doors"]


def test_every_vendor_of_ours_can_be_simulated() -> None:
    from app import cli

    text = Path(cli.__file__).read_text()
    for vendor in registry.OWN:
        module = f"{vendor.connect.__module__.removesuffix('.adapter')}.simulator"
        assert f'"{vendor.name}": "{module}"' in text
