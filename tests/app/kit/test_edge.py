import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.kit.edge import SECURITY_HEADERS, KnownHosts, SecurityHeaders, Shortcut


async def page(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello", headers={"referrer-policy": "same-origin"})


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route("/", page)])
    return TestClient(SecurityHeaders(KnownHosts(app, {"lockers.example", "[::1]"})), base_url="http://lockers.example")


def test_every_answer_carries_the_headers_it_does_not_set_itself(client: TestClient) -> None:
    for path in ("/", "/missing"):
        headers = client.get(path).headers
        assert {name for name in SECURITY_HEADERS if name not in headers} == set()
    assert client.get("/").headers.get_list("referrer-policy") == ["same-origin"]


def test_the_policy_allows_no_inline_script_and_no_frame(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("host", ["lockers.example", "LOCKERS.example:8443", "[::1]", "[::1]:8000"])
def test_a_known_host_is_served(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "lockers.example.evil.example", "lockers.example:80@evil", "", "[::2]", "lockers.example:x"],
)
def test_another_host_is_refused_and_not_reflected(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "evil" not in answer.text


def test_forwarded_headers_do_not_change_the_host(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example", "x-forwarded-host": "lockers.example"}).status_code == 421


def test_a_shortcut_takes_its_exact_path_and_leaves_the_rest() -> None:
    async def quick(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("quick")(scope, receive, send)

    client = TestClient(Shortcut(Starlette(routes=[Route("/", page)]), {("http", "/quick"): quick}))
    assert [client.get(path).text for path in ("/quick", "/", "/quick/")] == ["quick", "hello", "Not Found"]
