"""A package from outside is found by its entry points, and the kit tells a careful adapter from a careless one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ENTRY_POINTS = """[lockyard.adapters]
acme = acme_lockers.adapter:VENDOR
acme_careless = acme_lockers.adapter:CARELESS

[lockyard.rigs]
acme = acme_lockers.rig:RIG
acme_careless = acme_lockers.rig:CARELESS_RIG
"""
TEST = "from adapters.conformance.suite import *  # noqa: F403\n\nVENDORS = ({!r},)\n"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as an installer leaves it: the package and what it publishes."""
    shutil.copytree(HERE / "third_party" / "acme_lockers", tmp_path / "acme_lockers")
    about = tmp_path / "acme_lockers-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-lockers\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def python(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, *words], env=environment, cwd=installed, capture_output=True, text=True, check=False
    )


def test_a_package_of_another_s_runs_the_kit_on_its_own_adapter(installed: Path) -> None:
    (installed / "test_acme.py").write_text(TEST.format("acme"))
    done = python(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py")

    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 20


def test_an_adapter_that_asks_twice_is_found_out(installed: Path) -> None:
    done = python(installed, "-m", "adapters.conformance", "acme_careless")

    assert done.returncode == 1
    assert "order-answer_lost" in done.stdout
    assert "counted 2, must be 1" in done.stdout


def test_its_column_is_printed(installed: Path) -> None:
    done = python(installed, "-m", "adapters.conformance", "acme", "--table")

    assert done.returncode == 0, done.stderr
    assert "| acme | " in done.stdout
    assert "| the effect, and no answer | *unconfirmed* · 1 |" in done.stdout
