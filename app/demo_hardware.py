"""The demo's simulated hardware: started on remembered ports, and furnished with what the database says is inside."""

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg

from app import seed_world
from app.kit.embedded import Dsns
from app.supervisor import Supervisor

PITNEY, KERONG, GATEWAY, MODBUS, MQTT = "pitney", "kerong_cu16", "harbor_gateway", "modbus_io", "mqtt"
HARBOR = "harbor"
# Simulators that listen on one port each for whatever else they say, and the broker's.
PORTS = ("pitney", "kerong_control", "gateway", "modbus_control", "mqtt", "mqtt_control", "harbor")
# Any word of these in a command line tells that a left-over process is ours and not a stranger with the same number.
_OURS = ("app.cli", "app.demo_people", "adapters.")

# A stay's tenant is not asked for: the simulators stand for hardware of all tenants.
_INSIDE = """
    SELECT b.vendor, b.external_id AS bank, c.external_id AS unit, s.recipient_id, s.state,
           s.id::text AS stay, array_remove(array_agg(p.tracking), NULL) AS parcels
    FROM stay s
    JOIN bank b ON (b.tenant_id, b.id) = (s.tenant_id, s.bank_id)
    JOIN compartment c ON (c.tenant_id, c.id) = (s.tenant_id, s.compartment_id)
    LEFT JOIN parcel p ON (p.tenant_id, p.stay_id) = (s.tenant_id, s.id)
    WHERE s.state NOT IN ('RELEASED', 'QUEUED')
    GROUP BY b.vendor, b.external_id, c.external_id, s.recipient_id, s.state, s.id"""
_REPOINT = """
    UPDATE vendor_connection v SET base_url = $3 FROM bank b
    WHERE (b.tenant_id, b.connection_id) = (v.tenant_id, v.id) AND b.vendor = $1 AND ($2 = '' OR b.external_id = $2)
      AND v.base_url <> $3"""
# Ports are given anew at each start: what another bank had then is nobody's now.
_DISOWN = "DELETE FROM owned_address"


def port_rows() -> dict[str, int]:
    """Ports that follow each other, one a bank: what they are called and how many."""
    return {
        "kerong_lines": len(seed_world.describe_kerong()),
        "gateway_boxes": len(seed_world.describe_gateway()),
        "modbus_lines": len(seed_world.describe_modbus()),
    }


def usual_urls(ports: Mapping[str, int]) -> dict[str, Any]:
    """Where the simulators are, as vendor connections name it: one address for Pitney, one a bank for the others."""
    lines, boxes, modules = (ports.get(name, 0) for name in ("kerong_lines", "gateway_boxes", "modbus_lines"))
    return {
        PITNEY: f"http://127.0.0.1:{ports.get('pitney', 0)}",
        KERONG: {
            line["bank"]: f"socket://127.0.0.1:{lines + n}" for n, line in enumerate(seed_world.describe_kerong())
        },
        GATEWAY: {box["id"]: f"http://127.0.0.1:{boxes + n}" for n, box in enumerate(seed_world.describe_gateway())},
        MODBUS: {
            line["bank"]: f"socket://127.0.0.1:{modules + n}" for n, line in enumerate(seed_world.describe_modbus())
        },
        HARBOR: {each["id"]: f"http://127.0.0.1:{ports.get('harbor', 0)}" for each in seed_world.describe_harbor()},
        MQTT: {bank["bank"]: f"mqtt://127.0.0.1:{ports.get('mqtt', 0)}" for bank in seed_world.describe_mqtt()},
    }


def start(crew: Supervisor, folder: Path, ports: Mapping[str, int], dsns: Dsns | None) -> dict[str, Any]:
    """All vendors' simulators, the database pointed at them; their control interfaces and addresses."""
    assert dsns is not None
    kept = folder / "simulators"
    kept.mkdir(exist_ok=True)
    launches = _launches(ports)
    fresh = [vendor for vendor in launches if not (kept / f"{vendor}.json").exists()]

    def launch(vendor: str) -> Mapping[str, Any]:
        module, arguments, described = launches[vendor]
        command = [f"{module}.simulator", *arguments, "--describe", "-", "--state", str(kept / f"{vendor}.json")]
        return crew.start(vendor, command, stdin=json.dumps(described)).ready

    # Together: each spends most of its time loading its own code.
    with ThreadPoolExecutor(len(launches)) as threads:
        ready = dict(zip(launches, threads.map(launch, launches), strict=True))
    controls = {vendor: said["control"] for vendor, said in ready.items()}
    urls = {
        PITNEY: ready[PITNEY]["url"],
        KERONG: ready[KERONG]["lines"],
        GATEWAY: ready[GATEWAY]["boxes"],
        MODBUS: ready[MODBUS]["lines"],
        HARBOR: dict.fromkeys((each["id"] for each in seed_world.describe_harbor()), ready[HARBOR]["url"]),
        MQTT: dict.fromkeys((bank["bank"] for bank in seed_world.describe_mqtt()), ready[MQTT]["url"]),
    }
    asyncio.run(_settle(dsns, urls, {vendor: controls[vendor] for vendor in fresh}))
    return {"controls": controls, "urls": urls}


def _launches(ports: Mapping[str, int]) -> dict[str, tuple[str, list[str], Any]]:
    """Vendor -> its package, arguments and what it is to simulate."""

    def at(**options: str) -> list[str]:
        pairs = ((f"--{option.replace('_', '-')}", str(ports[port])) for option, port in options.items())
        return [word for pair in pairs for word in pair]

    def placed(lines: list[dict[str, Any]], first: int) -> list[dict[str, Any]]:
        return [line | {"port": first + n} for n, line in enumerate(lines)]

    world, generic = seed_world, "adapters.generic"
    kerong, modbus = ports["kerong_lines"], ports["modbus_lines"]
    return {
        PITNEY: (f"adapters.{PITNEY}", at(port="pitney"), world.describe_pitney()),
        KERONG: (f"{generic}.{KERONG}", at(control_port="kerong_control"), placed(world.describe_kerong(), kerong)),
        GATEWAY: (f"adapters.{GATEWAY}", at(port="gateway", first_port="gateway_boxes"), world.describe_gateway()),
        MODBUS: (f"{generic}.{MODBUS}", at(control_port="modbus_control"), placed(world.describe_modbus(), modbus)),
        HARBOR: (f"adapters.{HARBOR}", at(port="harbor"), world.describe_harbor()),
        # The broker is mosquitto where it is installed, otherwise a small one of the simulator's own.
        MQTT: (f"{generic}.{MQTT}", at(port="mqtt", control_port="mqtt_control"), world.describe_mqtt()),
    }


async def is_filled(dsns: Dsns) -> bool:
    """Whether there is a world in the database already."""
    connection = await asyncpg.connect(dsns.admin)
    try:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM organization)"))
    finally:
        await connection.close()


async def _settle(dsns: Dsns, urls: Mapping[str, Any], fresh: Mapping[str, str]) -> None:
    connection = await asyncpg.connect(dsns.admin)
    try:
        await connection.execute(_REPOINT, PITNEY, "", urls[PITNEY])
        for vendor in (KERONG, GATEWAY, MODBUS, MQTT, HARBOR):
            await connection.executemany(_REPOINT, [(vendor, bank, url) for bank, url in urls[vendor].items()])
        await connection.execute(_DISOWN)
        inside = await connection.fetch(_INSIDE) if fresh else []
    finally:
        await connection.close()
    for vendor, control in fresh.items():
        furnish(vendor, control, [row for row in inside if row["vendor"] == vendor])


def furnish(vendor: str, control: str, inside: Iterable[Mapping[str, Any]]) -> None:
    """Tell new hardware what is in it: parcels behind doors, and what the vendor has written down about them."""
    rows = list(inside)
    full = [row for row in rows if row["state"] in {"DEPOSITED", "COLLECTING"}]
    if full:
        acts = [{"bank": row["bank"], "unit": row["unit"], "act": "put"} for row in full]
        tell(f"{control}/doors", {"acts": acts})
    if vendor == PITNEY and rows:
        tell(f"{control}/units", {"units": [_written(row) for row in rows]})
    if vendor == HARBOR and rows:
        tell(f"{control}/units", {"units": [_in_tower(row) for row in rows]})
    if vendor == GATEWAY and rows:
        held = [{"bank": row["bank"], "unit": row["unit"], "transactionId": row["stay"]} for row in rows]
        tell(f"{control}/units", {"units": held})


def _written(row: Mapping[str, Any]) -> dict[str, Any]:
    word = "parcelsDeposited" if row["state"] in {"DEPOSITED", "COLLECTING"} else "parcelsReserved"
    parcels = [{"trackingNumber": tracking} for tracking in row["parcels"]]
    contact = str(row["recipient_id"] or "unknown")
    return {"bank": row["bank"], "unit": row["unit"], "contactId": contact, "contactType": "recipient", word: parcels}


def _in_tower(row: Mapping[str, Any]) -> dict[str, Any]:
    """As the cloud and the tower itself have it: ours, reserved or full."""
    full = row["state"] in {"DEPOSITED", "COLLECTING"}
    words = {"status": "occupied", "full": True} if full else {"status": "reserved", "reservation": row["stay"]}
    return {"bank": row["bank"], "unit": row["unit"], "owner": "lockyard", **words}


def tell(url: str, words: Mapping[str, Any]) -> Any:
    """POST to a simulator's control interface."""
    body = json.dumps(words).encode()
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - a loopback address of ours
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


def end(pid: int, grace: float = 20.0) -> None:
    """Ask a process to end and wait until it has; after the grace it is not asked."""
    import psutil

    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    process.terminate()
    try:
        process.wait(grace)
    except psutil.TimeoutExpired:
        process.kill()


def end_leftovers(pids: Mapping[str, int]) -> None:
    """What a killed demo left running, by the numbers it wrote down."""
    import psutil

    for pid in pids.values():
        try:
            words = " ".join(psutil.Process(pid).cmdline())
        except psutil.Error:
            continue
        if any(word in words for word in _OURS):
            os.killpg(pid, signal.SIGTERM)
            deadline = time.monotonic() + 5
            while psutil.pid_exists(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            if psutil.pid_exists(pid):
                os.killpg(pid, signal.SIGKILL)
