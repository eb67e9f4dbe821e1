import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

import adapters
from adapters import registry
from app.devices.port import Ability, Adapter, Capability, Connection, Evidence, Refused, Timing

ROOT = Path(adapters.__file__).parent
SHAPE = {"README.md", "__init__.py", "adapter.py", "client.py", "simulator", "wire.py"}
# Where an adapter would grow too long: what it tries on request, and what its connection has to say.
BESIDES = {"checks.py", "settings.py"}
# What outgrows `adapter.py`.
MORE = {"answers.py", "checks.py", "connecting.py", "dialects.py", "knowing.py", "pulses.py", "settings.py"}
GOOD = {
    "harbor_gateway": Connection(uuid4(), "harbor_gateway", "http://127.0.0.1:1"),
    "harbor": Connection(
        uuid4(), "harbor", "http://127.0.0.1:1", secret={"client_id": "one", "client_secret": "very-secret"}
    ),
    "frame_board": Connection(uuid4(), "frame_board", "socket://127.0.0.1:1", {"bank": "B", "profile": "xor5_8a80"}),
    "kerong_cu16": Connection(uuid4(), "kerong_cu16", "socket://127.0.0.1:1", {"bank": "B"}),
    "modbus_io": Connection(uuid4(), "modbus_io", "socket://127.0.0.1:1", {"bank": "B", "pulse": "waveshare_flash"}),
    "mqtt": Connection(uuid4(), "mqtt", "mqtt://127.0.0.1:1", {"profile": "native_json"}),
    "pitney": Connection(
        uuid4(), "pitney", "http://127.0.0.1:1", secret={"client_id": "one", "client_secret": "very-secret"}
    ),
}
BAD: tuple[tuple[str, dict[str, object]], ...] = (
    ("harbor_gateway", {"base_url": "socket://host:1"}),
    ("harbor_gateway", {"settings": {"api": "satellite"}}),
    ("harbor_gateway", {"settings": {"api": "cloud"}}),
    ("harbor_gateway", {"settings": {"api": "cloud"}, "secret": {"api_key": "hgwm_very-secret"}}),
    ("harbor_gateway", {"settings": {"wait_seconds": 31}}),
    ("harbor_gateway", {"settings": {"paths": {"explode": "/x"}}}),
    ("harbor_gateway", {"settings": {"paths": {"open": "/x/{door}"}}}),
    ("frame_board", {"settings": {"bank": "B"}}),
    ("frame_board", {"settings": {"bank": "B", "profile": "morse"}}),
    ("frame_board", {"settings": {"bank": "B", "profile": "winnsen90"}}),
    ("frame_board", {"settings": {"bank": "B", "profile": "xor5_8a80", "boards": [0]}}),
    ("frame_board", {"settings": {"bank": "B", "profile": "xor5_8a80", "boards": [{"board": 1, "locks": 51}]}}),
    ("kerong_cu16", {"base_url": "tcp:nowhere"}),
    ("kerong_cu16", {"base_url": "socket://host:99999"}),
    ("kerong_cu16", {"base_url": "socket://host"}),
    ("kerong_cu16", {"settings": {}}),
    ("kerong_cu16", {"settings": {"bank": 7}}),
    ("kerong_cu16", {"settings": {"bank": "B", "boards": [0, 0]}}),
    ("kerong_cu16", {"settings": {"bank": "B", "boards": [10]}}),
    ("kerong_cu16", {"settings": {"bank": "B", "boards": [True]}}),
    ("kerong_cu16", {"settings": {"bank": "B", "boards": [{"board": 1, "locks": 17}]}}),
    ("kerong_cu16", {"settings": {"bank": "B", "reply_seconds": 0}}),
    ("kerong_cu16", {"settings": {"bank": "B", "item_sensors": "yes"}}),
    ("modbus_io", {"settings": {"bank": "B"}}),
    ("modbus_io", {"settings": {"bank": "B", "pulse": "waveshare_flash", "closed_when": {"*": []}}}),
    ("modbus_io", {"settings": {"bank": "B", "pulse": "waveshare_flash", "pulse_seconds": 2.5}}),
    (
        "modbus_io",
        {"base_url": "/dev/ttyUSB0", "settings": {"bank": "B", "pulse": "waveshare_flash", "framing": "tcp"}},
    ),
    ("modbus_io", {"settings": {"bank": "B", "pulse": "on_wait_off"}}),
    ("modbus_io", {"settings": {"bank": "B", "pulse": "on_wait_off", "watchdog": False}}),
    ("mqtt", {"base_url": "http://host"}),
    ("mqtt", {"base_url": "mqtt://user:word@host"}),
    ("mqtt", {"settings": {}}),
    ("mqtt", {"settings": {"profile": "sparkplug"}}),
    ("mqtt", {"settings": {"profile": "native_json", "prefix": "lk/#"}}),
    ("mqtt", {"settings": {"profile": "native_json", "protocol": "4"}}),
    ("mqtt", {"settings": {"profile": "native_json", "pulse_seconds": 3}}),
    ("mqtt", {"settings": {"profile": "ha_lock", "bank": "B"}}),
    ("mqtt", {"settings": {"profile": "ha_lock", "bank": "B", "units": {"1": {"state": "x"}}}}),
    ("mqtt", {"settings": {"profile": "ha_lock", "bank": "B", "units": {"1": {"command": "x/#"}}}}),
    ("mqtt", {"settings": {"profile": "tasmota", "bank": "B", "units": {"1": {"device": "x", "relay": 0}}}}),
    ("mqtt", {"settings": {"profile": "tasmota", "bank": "B", "units": {"1": {"device": "x"}}, "full_topic": "x/"}}),
    ("harbor", {"secret": {"client_id": "one", "client_secret": "very-secret", "webhook_secret": ""}}),
    ("harbor", {"secret": {"client_id": "one", "client_secret": "two", "webhook_secret": "very-secret"}}),
    ("pitney", {"base_url": "ftp://host"}),
    ("pitney", {"base_url": "https://user:word@host"}),
    ("pitney", {"base_url": "https://[half"}),
    ("pitney", {"secret": {"client_id": "one"}}),
    ("pitney", {"settings": {"paths": {"explode": "/x"}}}),
    ("pitney", {"settings": {"paths": {"open": "/x/{door}"}}}),
    ("pitney", {"settings": {"paths": {"open": "/x/{"}}}),
    ("pitney", {"settings": {"auth_url": "nowhere"}}),
    ("pitney", {"settings": {"auth_url": "https:/\t/evil.example"}}),
    ("pitney", {"base_url": "https://host\\@evil.example"}),
)


def folders() -> list[Path]:
    return sorted(path.parent for path in ROOT.rglob("adapter.py"))


def test_every_vendor_folder_has_the_vendor_shape() -> None:
    assert {folder.name for folder in folders()} == set(GOOD)
    for folder in folders():
        assert {path.name for path in folder.iterdir() if path.name != "__pycache__"} - MORE == SHAPE
        assert (folder / "simulator" / "__main__.py").exists()


def test_every_vendor_folder_is_in_the_registry_under_its_own_name() -> None:
    assert {folder.name for folder in folders()} == set(registry.vendors())


@pytest.mark.parametrize("name", GOOD)
async def test_a_connection_gives_an_adapter_that_says_all_it_must(name: str) -> None:
    adapter = registry.connect(GOOD[name])

    assert isinstance(adapter, Adapter)
    assert adapter.vendor == name
    assert set(adapter.capabilities) == set(Capability)
    assert set(adapter.capabilities.values()) <= {Ability.WORKS, Ability.ABSENT}
    assert isinstance(adapter.evidence_ceiling, Evidence)
    assert isinstance(adapter.timing, Timing)
    await adapter.close()
    assert [hint async for hint in adapter.hints()] == []


@pytest.mark.parametrize(("name", "change"), BAD)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(name: str, change: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        registry.connect(replace(GOOD[name], **change))  # type: ignore[arg-type]

    assert refused.value.reason == "BAD_SETTINGS"
    assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize(("name", "change"), BAD)
def test_an_account_that_cannot_work_is_refused_when_it_is_saved(name: str, change: dict[str, object]) -> None:
    problems = registry.problems(replace(GOOD[name], **change))  # type: ignore[arg-type]

    assert problems
    assert "very-secret" not in " ".join(problems)


def test_an_unknown_vendor_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        registry.connect(replace(GOOD["pitney"], vendor="nobody"))

    assert refused.value.reason == "UNKNOWN_VENDOR"


def test_a_misspelt_setting_is_named() -> None:
    assert registry.problems(replace(GOOD["pitney"], settings={"pol_seconds": 3})) == (
        "pol_seconds is not a setting of this vendor",
    )
    assert registry.problems(GOOD["pitney"]) == ()


def test_a_secret_among_what_can_be_read_is_refused_and_not_quoted() -> None:
    told = {**GOOD["mqtt"].settings, "password": "very-secret"}
    assert registry.problems(replace(GOOD["mqtt"], settings=told)) == (
        "password belongs into secret: settings can be read",
    )
    hidden = {**GOOD["pitney"].secret, "poll_seconds": "3"}
    assert registry.problems(replace(GOOD["pitney"], secret=hidden)) == ("poll_seconds belongs into settings",)


def test_a_short_secret_is_named_and_not_quoted() -> None:
    secret = {"client_id": "one", "client_secret": "two", "webhook_secret": "very-secret"}
    assert registry.problems(replace(GOOD["harbor"], settings={}, secret=secret)) == (
        "webhook_secret needs 16 characters at least",
    )


def test_a_bank_s_id_is_written_as_its_vendor_writes_it() -> None:
    assert registry.bank_id("harbor", "01ABCDEF00000001") == "01abcdef00000001"
    assert registry.bank_id("pitney", "PB-01") == "PB-01"
    for vendor, text in (("harbor", "tower"), ("nobody", "PB-01")):
        with pytest.raises(Refused):
            registry.bank_id(vendor, text)


def test_a_connection_never_prints_its_secret() -> None:
    assert "very-secret" not in repr(GOOD["pitney"])


GOOD_PACKAGE = """from app.devices.port import Vendor
VENDOR = Vendor('third', 'Third party', 'none', connect=lambda connection: None)
"""


@pytest.mark.parametrize(
    ("code", "brought"),
    [(GOOD_PACKAGE, {"third"}), ("import nothing_that_is_installed", set()), ("VENDOR: 1 2", set())],
)
def test_an_installed_package_can_bring_a_vendor_and_a_broken_one_takes_none_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, brought: set[str]
) -> None:
    (tmp_path / "third_party_vendor.py").write_text(code)
    package = tmp_path / "third_party_vendor-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party-vendor\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[lockyard.adapters]\nthird = third_party_vendor:VENDOR\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "third_party_vendor", raising=False)
    registry.vendors.cache_clear()
    try:
        assert set(registry.vendors()) == {*GOOD, *brought}
    finally:
        registry.vendors.cache_clear()
        sys.modules.pop("third_party_vendor", None)
