"""Starts the processes of one Lockyard, waits until each says it is ready, and ends them all, whatever happens."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

GRACE_SECONDS = 10.0


class ChildError(Exception):
    """A process ended or stayed silent where it should have said that it is ready. Its text ends with the log."""


@dataclass(slots=True)
class Child:
    """A running process in a group of its own, so that a Ctrl-C in the terminal reaches the supervisor alone."""

    name: str
    words: Sequence[str]
    env: Mapping[str, str]
    stdin: str | None
    log: Path
    process: "subprocess.Popen[str]"
    ready: dict[str, Any] = field(default_factory=dict)
    spoke: threading.Event = field(default_factory=threading.Event)

    @property
    def pid(self) -> int:
        return self.process.pid

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Supervisor:
    """`with Supervisor(logs) as crew:` ends every child on the way out, in reverse order, politely and then not."""

    def __init__(self, logs: Path, *, grace: float = GRACE_SECONDS) -> None:
        self.logs = logs
        self.children: list[Child] = []
        self._grace = grace

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(
        self,
        name: str,
        words: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        wait: float = 30.0,
        stdin: str | None = None,
    ) -> Child:
        """Start `python -m words…` and wait up to `wait` seconds for its one line of JSON on standard output."""
        child = self._spawn(name, words, env or {}, stdin)
        self.children.append(child)
        self._await_words(child, wait)
        return child

    def restart(self, dead: Child) -> Child:
        """The same words once more for a child that is no more. Waits for nothing: others may need help meanwhile,
        and what this one needs to become ready may be among them."""
        # What it started itself may have outlived it.
        _signal(dead, signal.SIGKILL)
        child = self._spawn(dead.name, dead.words, dead.env, dead.stdin)
        self.children[self.children.index(dead)] = child
        return child

    def _spawn(self, name: str, words: Sequence[str], env: Mapping[str, str], stdin: str | None) -> Child:
        log = self.logs / f"{name}.log"
        with log.open("a") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", *words],
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | env,
                start_new_session=True,
            )
        child = Child(name, words, env, stdin, log, process)
        threading.Thread(target=_listen, args=(child,), daemon=True).start()
        if stdin is not None and process.stdin:
            # It may be killed before it has read.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(stdin)
                process.stdin.close()
        return child

    def ended(self) -> Child | None:
        """A child that is no more, if there is one."""
        return next((child for child in self.children if child.process.poll() is not None), None)

    def stop(self) -> None:
        """SIGTERM to every group, SIGKILL after the grace to those left."""
        for child in reversed(self.children):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for child in reversed(self.children):
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.process.wait()
            # What it started itself may have outlived it.
            _signal(child, signal.SIGKILL)
        self.children.clear()

    def _await_words(self, child: Child, wait: float) -> None:
        deadline = time.monotonic() + wait
        while not child.spoke.wait(0.1):
            if child.process.poll() is not None and not child.spoke.wait(0.2):
                raise ChildError(f"{child.name} ended with {child.process.returncode}\n{child.tail()}")
            if time.monotonic() > deadline:
                raise ChildError(f"{child.name} was not ready after {wait:.0f} s\n{child.tail()}")


def _listen(child: Child) -> None:
    """Keep reading for ever: a child whose output nobody reads would stop at a full pipe."""
    assert child.process.stdout is not None
    with child.process.stdout as output, child.log.open("a") as kept:
        for line in output:
            if line.startswith("{") and not child.spoke.is_set():
                child.ready = json.loads(line)
                child.spoke.set()
            kept.write(line)
            kept.flush()


def _signal(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        # Gone. macOS answers EPERM for a group whose only member is a zombie.
        return
