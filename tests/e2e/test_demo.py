"""The whole demo, started and ended as a person would: twice, with its data in between."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.slow
# Generous, for a machine that does other things besides; on an idle one the next start takes less than 8 seconds.
FIRST, AGAIN = 170.0, 90.0


class Demo:
    def __init__(self, folder: Path, *words: str) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("LOCKYARD_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "demo", "--print-json", "--pace", "0", "--days", "4", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env | {"LOCKYARD_DATA_DIR": str(folder)},
            start_new_session=True,
        )
        self.said: dict[str, Any] = {}

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.said = json.loads(line)
        return self.said

    def ask(self, query: str, who: str = "owner") -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.said['tokens'][who]}"}
        asked = urllib.request.Request(self.said["graphql"], json.dumps({"query": query}).encode(), headers)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def folder(make_folder: Callable[[str], Path]) -> Iterator[Path]:
    made = make_folder("demo")
    yield made
    subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--stop"],
        env=os.environ | {"LOCKYARD_DATA_DIR": str(made)},
        check=True,
    )


def _gone(pids: dict[str, int]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) for pid in pids.values()):
            return True
        time.sleep(0.05)
    return False


def test_a_first_start_shows_fourteen_sites_and_ctrl_c_leaves_nothing_running(folder: Path) -> None:
    started = time.monotonic()
    demo = Demo(folder, "--port", "0")
    try:
        said = demo.ready()
        assert time.monotonic() - started < FIRST
        assert {"owner", "manager", "carrier", "courier", "recipient", "other_owner"} <= set(said["tokens"])
        sites = "{ sites { totalCount edges { node { compartmentCount } } } }"
        mine = demo.ask(sites)["data"]["sites"]
        assert mine["totalCount"] == 14
        assert demo.ask(sites, "other_owner")["data"]["sites"]["totalCount"] == 3
    finally:
        status, errors = demo.end()
    assert status == 0, errors
    assert _gone(said["pids"])


def test_the_next_start_is_quick_keeps_its_data_and_steps_aside_for_a_taken_port(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = time.monotonic()
        demo = Demo(folder, "--port", str(port))
        try:
            said = demo.ready()
            assert time.monotonic() - started < AGAIN
            assert not said["url"].endswith(f":{port}")
            assert demo.ask("{ stays(first: 1) { edges { node { id } } } }")["data"]["stays"]["edges"]
            second = Demo(folder, "--port", "0")
            status, errors = second.process.wait(20), second.process.communicate()[1]
            assert status == 1
            assert said["url"] in errors, "a second demo says where the first one is"
        finally:
            status, errors = demo.end(signal.SIGTERM)
    assert status == 0, errors
    assert f"Port {port} is taken" in errors


def test_a_killed_child_is_started_again_and_a_killed_demo_leaves_nothing_in_the_way(folder: Path) -> None:
    demo = Demo(folder, "--port", "0")
    said = demo.ready()
    os.kill(said["pids"]["api"], signal.SIGKILL)
    deadline = time.monotonic() + 15
    answered = None
    while answered is None and time.monotonic() < deadline:
        try:
            answered = demo.ask("{ viewer { name } }")
        except OSError:
            time.sleep(0.1)
    assert answered
    assert answered["data"]["viewer"]["name"]
    demo.process.kill()
    demo.process.communicate()
    after = Demo(folder, "--port", "0")
    try:
        assert after.ready()["url"]
    finally:
        status, errors = after.end()
    assert status == 0, errors
    assert _gone(said["pids"])
