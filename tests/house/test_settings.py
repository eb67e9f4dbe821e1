import re

import pytest

from app.kit.settings import PREFIX, Settings, settings_page
from tests.house.tree import ROOT, files, name

# Read outside the product, each by the file named; LOCKYARD_E2E_… by frontend/e2e/world.ts.
OTHERS = {
    "LOCKYARD_API": "frontend/vite.config.ts",
    "LOCKYARD_CRASH_SEED": "tests/e2e/test_crash.py",
    "LOCKYARD_DRAWN": "tests/e2e/test_drawn_documents.py",
    "LOCKYARD_SCREENSHOTS": "tests/e2e/test_a_managers_day.py",
    "LOCKYARD_TEST_DATABASE_URL": "tests/conftest.py",
}


def test_the_page_of_settings_is_current() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_page(), "run: make docs"


def test_every_setting_says_what_it_means() -> None:
    assert not [field for field, info in Settings.model_fields.items() if not info.description]


def test_every_variable_outside_the_product_is_read_where_it_is_said() -> None:
    assert not [variable for variable, where in OTHERS.items() if variable not in (ROOT / where).read_text()]
    said = (ROOT / "CONTRIBUTING.md").read_text()
    assert not [variable for variable in OTHERS if f"`{variable}`" not in said]


def test_every_variable_that_is_named_anywhere_exists() -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields} | set(OTHERS)
    unknown: dict[str, str] = {}
    for path in files():
        if path.suffix in {".py", ".md", ".yml", ".toml", ".ts", ".tsx", ".mjs"} or path.name in {"Makefile", "run"}:
            for variable in re.findall(r"\bLOCKYARD_[A-Z][A-Z0-9_]*[A-Z0-9]\b", path.read_text()):
                if variable not in known and not variable.startswith("LOCKYARD_E2E_"):
                    unknown[variable] = name(path)
    assert not unknown


def test_the_product_reads_its_environment_through_the_settings_alone() -> None:
    readers = {
        name(path) for path in files() if path.suffix == ".py" and re.search(r"os\.(environ|getenv)", path.read_text())
    }
    product = {reader for reader in readers if not reader.startswith("tests/")}
    # Two pass an environment on to a child process; one takes secrets from variables that its caller names.
    assert product <= {"app/supervisor.py", "app/kit/pgtools.py", "app/trial.py"}


@pytest.mark.parametrize("wrong", ["abc", "YWJj", "!" * 44])
def test_a_key_of_the_wrong_length_or_spelling_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKYARD_SECRET_KEY", wrong)
    with pytest.raises(ValueError, match=r"secret_key"):
        Settings()
