import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.supervisor import ChildError, Supervisor

READY = "import sys, time, json; print(json.dumps({'ready': 1, 'said': sys.stdin.read()}), flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('{}', flush=True); time.sleep(600)"
PARENT = """
import json, subprocess, time
print(json.dumps({"pid": subprocess.Popen(["sleep", "600"]).pid}), flush=True)
time.sleep(600)
"""
TALKS = """
import time
print("{}", flush=True)
for number in range(20000):
    print("x" * 60)
print("finished", flush=True)
time.sleep(600)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Modules":
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Modules(tmp_path)


class Modules:
    """Writes small programs that `python -m` finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def named(self, name: str, code: str) -> list[str]:
        (self.folder / f"{name}.py").write_text(code)
        return [name]


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_child_is_ready_when_it_says_so_and_gone_afterwards(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as crew:
        child = crew.start("child", module.named("ready", READY), stdin="hello")
        assert child.ready == {"ready": 1, "said": "hello"}
        assert crew.ended() is None
    assert _gone(child.pid)


def test_a_child_that_dies_before_it_is_ready_is_reported_with_its_last_words(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as crew, pytest.raises(ChildError, match="no such door"):
        crew.start("child", module.named("dies", "raise SystemExit('no such door')"))


def test_a_child_that_says_nothing_is_given_up(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as crew, pytest.raises(ChildError, match="not ready"):
        crew.start("child", module.named("mute", "import time; time.sleep(600)"), wait=0.3)


def test_a_child_that_ignores_the_polite_signal_and_its_own_children_are_ended(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs", grace=0.3) as crew:
        deaf = crew.start("deaf", module.named("deaf", DEAF))
        parent = crew.start("parent", module.named("parent", PARENT))
    assert _gone(deaf.pid)
    assert _gone(parent.ready["pid"])


def test_a_child_that_ends_by_itself_is_noticed(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as crew:
        child = crew.start("child", module.named("ready", READY), stdin="")
        os.kill(child.pid, signal.SIGKILL)
        child.process.wait(5)
        assert crew.ended() is child


def test_a_child_that_is_killed_while_it_starts_again_is_started_once_more(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as crew:
        child = crew.start("child", module.named("ready", READY), stdin="hello")
        for _ in range(3):
            child.process.kill()
            child.process.wait(5)
            dead = crew.ended()
            assert dead is child
            child = crew.restart(dead)
        assert child.spoke.wait(10)
        assert child.ready == {"ready": 1, "said": "hello"}
        assert crew.ended() is None


def test_a_child_that_talks_without_end_is_not_stopped_by_a_full_pipe(module: Modules, tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as crew:
        child = crew.start("talks", module.named("talks", TALKS))
        deadline = time.monotonic() + 10
        while "finished" not in child.tail(1) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "finished" in child.tail(1)


def test_the_help_teaches_every_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "app.cli", "--help"], check=True, capture_output=True, text=True
    ).stdout
    for command in ("demo", "serve", "worker", "migrate", "seed", "simulate", "audit", "export-schema"):
        assert f" {command} " in said
