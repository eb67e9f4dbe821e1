import tracemalloc
from dataclasses import replace

import httpx2
import pytest

from adapters import registry
from adapters.exchange import Sent, exchange
from adapters.paths import LONGEST, corrected, fill
from app.devices.port import DeviceError, Refused
from tests.adapters.test_reach import listener
from tests.adapters.test_registry import GOOD

# Vendor -> an operation whose usual path names a part, and that part.
OPERATIONS = {"harbor": ("lockers", "tower"), "harbor_gateway": ("locker", "unit"), "pitney": ("bank", "bank")}
ELSEWHERE = (
    ".evil.example/t", "@evil.example/t", ":8443/t", "//evil.example/t", "/\\evil.example", "/t@evil.example", "/a b",
    "/a\nb", "/a\x7f", "", "t", "https://evil.example/t", "/" + "x" * LONGEST,
)  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
@pytest.mark.parametrize("vendor", OPERATIONS)
def test_a_path_that_could_lead_to_another_host_is_refused_when_it_is_saved(vendor: str, path: str) -> None:
    operation, _ = OPERATIONS[vendor]
    account = replace(GOOD[vendor], settings={"paths": {operation: path}})
    (problem,) = registry.problems(account)
    assert operation in problem
    assert "evil" not in problem
    with pytest.raises(Refused):
        registry.connect(account)


@pytest.mark.parametrize(
    "spelt", ["{%s:>400000000}", "{%s!r}", "{%s.__class__}", "{%s[0]}", "{0}", "{}", "{{%s}}", "{%s", "}", "{other}"]
)
@pytest.mark.parametrize("vendor", OPERATIONS)
def test_a_part_of_a_path_is_a_name_and_nothing_else(vendor: str, spelt: str) -> None:
    operation, part = OPERATIONS[vendor]
    given = spelt.replace("%s", part)
    account = replace(GOOD[vendor], settings={"paths": {operation: f"/x/{given}"}})
    tracemalloc.start()
    try:
        assert registry.problems(account)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_corrected_path_is_filled_with_escaped_parts() -> None:
    usual = {"bank": "/banks/{bank}", "banks": "/banks"}
    assert corrected(usual, {"bank": "/v2/{bank}/x?of={bank}"})["bank"] == "/v2/{bank}/x?of={bank}"
    assert fill("/v2/{bank}/x?of={bank}", bank="a/{bank}") == "/v2/a%2F%7Bbank%7D/x?of=a%2F%7Bbank%7D"
    with pytest.raises(Refused):
        corrected(usual, {"banks": "/banks/{bank}"})
    with pytest.raises(Refused):
        fill("/banks/{bank}/open", bank="..")


@pytest.mark.parametrize("path", [".localhost:{}/t", "@localhost:{}/t", ":{}/t"])
async def test_no_request_leaves_for_another_host_than_the_account_s_own(path: str) -> None:
    async with listener() as (port, heard), httpx2.AsyncClient() as client:
        with pytest.raises(DeviceError):
            await exchange(client, "GET", "http://127.0.0.1", path.format(port), Sent(), auth="Bearer secret")
        assert not heard
