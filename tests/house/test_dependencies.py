import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.tree import CODE, ROOT, imported, name, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = {*CODE, "tests"}
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("folders", "extras"), [(CODE, ("demo",)), (("tests",), ("demo", "dev"))], ids=["product", "tests"]
)
def test_whatever_is_imported_is_required_by_name(folders: tuple[str, ...], extras: tuple[str, ...]) -> None:
    declared = _names(PROJECT["dependencies"])
    for extra in extras:
        declared |= _names(PROJECT["optional-dependencies"][extra])
    owners = packages_distributions()
    undeclared = {
        f"{name(path)}: {package}"
        for path in python_files(*folders)
        for package in imported(path) - OURS - set(sys.stdlib_module_names)
        if not {owner.lower().replace("_", "-") for owner in owners.get(package, ["?"])} & declared
    }
    assert not undeclared


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_a_lock_file_pins_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[A-Za-z0-9].*$", text, re.MULTILINE)
    assert len(pins) > 50
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) >= len(pins)
    assert "://" not in text
    assert "--index" not in text


def test_the_lock_files_hold_everything_that_is_required() -> None:
    run, dev = (_pins(lock) for lock in LOCKS)
    extras = PROJECT["optional-dependencies"]
    assert _names(PROJECT["dependencies"]) | _names(extras["demo"]) <= set(run)
    assert _names(extras["dev"]) <= set(dev)
    assert {package: dev.get(package) for package in run} == run, "tests run on what the product runs on"
