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
from starlette.applications import Starlette

from adapters import registry
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, plain_lines
from adapters.simulation import control
from app.devices.port import Connection, Door, Order, OrderKind, Outcome

KERONG = "adapters.generic.kerong_cu16.simulator"
PITNEY = "adapters.pitney.simulator"


@asynccontextmanager
async def simulator(module: str, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """The simulator as its own process; it must end cleanly when asked to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    try:
        assert process.stdout is not None
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_lines_are_served_controlled_and_kept_over_a_restart(tmp_path: Path) -> None:
    arguments = ("--lines", "2x1", "--state", str(tmp_path / "doors.json"))
    async with simulator(KERONG, *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        adapter = registry.connect(Connection(uuid4(), "kerong_cu16", ready["lines"]["KR-02"], {"bank": "KR-02"}))
        receipt = await adapter.send(Order(uuid4(), OrderKind.OPEN, "KR-02", "0-4", timedelta(seconds=5)))
        assert receipt.outcome is Outcome.OPENED

        acts = [{"bank": "KR-02", "unit": "0-4", "act": act} for act in ("put", "close")]
        assert (await sim.post("/doors", json={"acts": acts})).json()["doors"][-1]["open"] is False
        assert (await adapter.read_unit("KR-02", "0-4")).door is Door.CLOSED
        await adapter.close()
    async with simulator(KERONG, *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        state = (await sim.get("/state", params={"bank": "KR-02"})).json()

    row = next(row for row in state["doors"] if row["unit"] == "0-4")
    assert (row["openings"], row["item"], row["is_open"]) == (1, True, False)
    assert {row["bank"] for row in state["doors"]} == {"KR-02"}


async def test_a_cloud_is_described_controlled_and_kept_over_a_restart(tmp_path: Path) -> None:
    described = tmp_path / "banks.json"
    described.write_text(json.dumps([{"id": "X", "name": "Hall", "units": [{"id": "7", "size": "large"}]}]))
    arguments = ("--describe", str(described), "--client", "a:b", "--state", str(tmp_path / "cloud.json"))
    async with simulator(PITNEY, *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        parcels = [{"trackingNumber": "T9"}]
        unit = {"bank": "X", "unit": "7", "contactId": "c", "parcelsDeposited": parcels, "pickupCode": "AB12CD"}
        assert (await sim.post("/units", json={"units": [unit]})).status_code == 200
    async with simulator(PITNEY, *arguments) as ready, httpx2.AsyncClient(base_url=ready["control"]) as sim:
        secret = {"client_id": "a", "client_secret": "b"}
        adapter = registry.connect(Connection(uuid4(), "pitney", ready["url"], {}, secret))
        before = await adapter.read_unit("X", "7")
        assert (await sim.post("/kiosk", json={"bank": "X", "code": "WRONG1"})).status_code == 404
        assert (await sim.post("/kiosk", json={"bank": "X", "code": "AB12CD"})).json() == {"unit": "7"}
        after = await adapter.read_unit("X", "7")
        await adapter.close()

    assert (before.occupied, before.parcels, before.size) == (True, ("T9",), "L")
    assert (after.occupied, after.reserved) == (False, False)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/doors", {"bank": "KR-01", "unit": "9-9", "act": "open"}),
        ("/doors", {"bank": "KR-01", "unit": "0-1", "act": "dance"}),
        ("/units", {"bank": "KR-01", "unit": "0-1", "colour": "red"}),
        ("/faults", {"kind": "miracle"}),
        ("/faults", {"sort": "drop"}),
        ("/clock", {}),
        ("/doors", []),
    ],
)
async def test_a_control_call_that_makes_no_sense_is_refused(path: str, body: object) -> None:
    world = KerongWorld(plain_lines(1, 1))
    async with control.Server(Starlette(routes=control.routes(world))) as server, httpx2.AsyncClient() as web:
        before = world.dump()
        answer = await web.post(f"{server.url}/_sim{path}", json=body)

    assert answer.status_code == 400
    assert world.dump() == before
