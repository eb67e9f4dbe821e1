import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.house.tree import ROOT, files, name

PAGES = [path for path in files() if path.suffix == ".md" and not name(path).startswith("frontend/")]
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def test_decisions_are_numbered_without_gaps_and_say_four_things() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [decision.name[:4] for decision in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for decision in decisions:
        assert re.findall(r"^## (.*)$", decision.read_text(), re.MULTILINE) == [
            "Context",
            "Decision",
            "Cost",
            "What enforces it",
        ], decision.name
        assert len(decision.read_text().splitlines()) <= 60, decision.name


def _commands() -> set[tuple[str, ...]]:
    said = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    found = {tuple(words.split()) for words in re.findall(r"lockyard ((?:audit )?[a-z-]+)\b", said)}
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    return found | {tuple(service["command"].split()[1:2]) for service in services if "command" in service}


@pytest.mark.parametrize("words", sorted(_commands()), ids=" ".join)
def test_every_command_that_is_written_down_exists(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *words, "--help"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_make_target_that_is_written_down_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    said = "\n".join((ROOT / page).read_text() for page in ("README.md", "CONTRIBUTING.md", ".ci/run"))
    targets = set(re.findall(r"\bmake ([a-z]+)\b", said)) - {"the"}
    assert {"run", "test", "check", "bench"} <= targets
    assert not [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)]


def test_ci_runs_the_readme_s_test_command() -> None:
    assert re.search(r"^timeout .* make test </dev/null$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
