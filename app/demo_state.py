"""What a demo writes down about itself, and the lock that keeps two of them apart."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any


def kept(folder: Path) -> dict[str, Any]:
    """What the last demo on this folder wrote down: pid, url, ports, pids. Empty where there was none."""
    try:
        found: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def keep(folder: Path, *, url: str, ports: Mapping[str, int], pids: Mapping[str, int]) -> None:
    draft = folder / "demo.new"
    draft.write_text(json.dumps({"pid": os.getpid(), "url": url, "ports": ports, "pids": pids}))
    draft.replace(folder / "demo.json")


def only_one(lock: IO[str]) -> bool:
    """Take the lock of the data folder; False when a demo has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(lock: IO[str]) -> None:
    fcntl.flock(lock, fcntl.LOCK_EX)
