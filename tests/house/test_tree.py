import json
import re

from tests.house.tree import ROOT, files, name

# Spelled in parts, or this file would find itself.
HOSTS = (
    "pypi" + ".org",
    "python" + "hosted",
    "npm" + "js.org",
    "npm" + "js.com",
    "deb." + "debian",
    "security." + "debian",
)
PLACES = ("/" + "work/", "/" + "root/", "/home/" + "runner", "/" + "tmp/bash")
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
BINARY = {".png", ".ico", ".woff2", ".jpg", ".gz", ".mo"}


def _texts() -> dict[str, str]:
    return {name(path): path.read_text() for path in files() if path.suffix not in BINARY}


def test_the_tree_names_no_registry_and_no_machine() -> None:
    found = [f"{where}: {word}" for where, text in _texts().items() for word in (*HOSTS, *PLACES) if word in text]
    assert not found


def test_nothing_is_left_for_later() -> None:
    code = (".py", ".ts", ".tsx", ".mjs", ".yml", ".toml")
    found = [
        f"{where}:{number}"
        for where, text in _texts().items()
        if where.endswith(code)
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not found


def test_the_page_s_lock_file_holds_hashes_and_no_addresses() -> None:
    lock = ROOT / "frontend/package-lock.json"
    assert lock.exists(), "the dashboard's requirements are pinned"
    packages = json.loads(lock.read_text())["packages"]
    assert len(packages) > 10
    assert not [where for where, package in packages.items() if "resolved" in package]
    assert not [
        where for where, package in packages.items() if where and not package.get("link") and "integrity" not in package
    ]


def test_no_generated_or_private_file_is_committed() -> None:
    suspicious = re.compile(r"(^|/)(var|dist|node_modules|__pycache__)/|\.(key|pem|sqlite|log)$|(^|/)\.env")
    assert not [where for where in map(name, files()) if suspicious.search(where)]
