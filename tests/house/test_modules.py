import ast
from pathlib import Path

import pytest

from tests.house.tree import CODE, ROOT, files, name, parsed, python_files

# What a file of a module may be called; each name says what stands in it.
CLOSED_SET = {"__init__", "model", "events", "tables", "shape", "store", "queries", "service", "jobs", "port"}
# `port` is for the modules that need something of the outside world.
PORTS = {"devices", "notifications"}
MODULES = sorted(
    {path.parent for path in python_files("app", "tenants") if len(path.relative_to(ROOT).parts) == 3}
    - {ROOT / "app" / "kit"}
)

VENDOR_FILES = {"__init__.py", "adapter.py", "client.py", "wire.py", "README.md"}
# What outgrows `adapter.py`, `client.py` or `wire.py`: a connection's settings, the trying out of an account, several
# dialects, getting a connection, what is known by what was heard on it, ending what was begun on one.
MORE_FILES = {"answers.py", "checks.py", "connecting.py", "dialects.py", "knowing.py", "pulses.py", "settings.py"}
# A folder under adapters/ that has an `adapter.py` is a vendor's.
VENDORS = sorted(
    {path.parent for path in files() if path.is_relative_to(ROOT / "adapters") and path.name == "adapter.py"}
)


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_holds_files_of_the_closed_set_only(module: Path) -> None:
    found = {path.stem for path in python_files() if path.parent == module}
    assert found <= CLOSED_SET
    inside = {path.relative_to(module).parts[0] for path in files() if path.is_relative_to(module)}
    folders = {each for each in inside if (module / each).is_dir()}
    assert folders <= {"port"}, "no folders inside a module but a port that outgrew one file"
    assert not (found | folders) & {"port"} or module.name in PORTS


def test_the_house_has_its_vendors() -> None:
    assert {"adapters/pitney", "adapters/generic/kerong_cu16"} <= {name(vendor) for vendor in VENDORS}


@pytest.mark.parametrize("vendor", VENDORS, ids=name)
def test_a_vendor_folder_has_the_vendor_shape(vendor: Path) -> None:
    inside = {path.relative_to(vendor).parts[0] for path in files() if path.is_relative_to(vendor)}
    assert inside >= VENDOR_FILES
    assert inside - VENDOR_FILES - MORE_FILES in ({"simulator.py"}, {"simulator"}), "a simulator and nothing else"
    assert ast.get_docstring(parsed(vendor / "__init__.py")), "one sentence: what this hardware is like"
    readme = (vendor / "README.md").read_text().lower()
    assert all(word in readme for word in ("capabilities", "quirks", "facts"))


def test_vendor_words_stay_with_their_vendor() -> None:
    vendors = {vendor.name for vendor in VENDORS}
    compared = [
        f"{name(path)}:{node.lineno}"
        for path in python_files(*CODE)
        if not name(path).startswith(("adapters/", "app/seed", "app/demo", "app/cli"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in vendors
    ]
    assert not compared, "the core asks for capabilities, never for a vendor's name"


def test_every_module_says_in_one_line_what_it_is_for() -> None:
    silent = [
        name(path) for path in python_files(*CODE) if path.read_text().strip() and not ast.get_docstring(parsed(path))
    ]
    assert not silent


def test_migrations_are_named_by_their_moment() -> None:
    import re

    steps = [path.name for path in python_files("migrations") if path.parent.name == "versions"]
    assert steps
    assert all(re.fullmatch(r"\d{4}_\d\d_\d\d_\d{4}_[a-z0-9_]+\.py", step) for step in steps)
