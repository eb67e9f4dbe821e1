import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from obstore.store import LocalStore
from starlette.applications import Starlette

from app.http import COOKIE, Doors
from app.kit.db import Database
from app.kit.edge import SecurityHeaders
from app.kit.page import Page
from app.kit.server import make_server
from app.reports.model import ExportFormat, ExportKind
from app.reports.service import Links
from tenants.identity.service import Authenticator
from tenants.signin.service import SignIns
from tenants.verification.service import Trust, read_keys, verify_file
from tests.app.reports import factory
from tests.app.reports.factory import Dbs, Scene
from tests.tenants import world

pytestmark = pytest.mark.anyio
HTML = '<!doctype html><meta content="__CSP_NONCE__"><meta content="__SIGNED_IN__"><script src="/theme.js"></script>'


@dataclass(frozen=True, slots=True)
class House:
    client: httpx.AsyncClient
    port: int
    links: Links
    folder: Path


@pytest.fixture(scope="module")
def dbs(app_db: Database, worker_db: Database, admin_db: Database) -> Dbs:
    return Dbs(app_db, worker_db, admin_db)


@pytest.fixture(scope="module")
async def scene(dbs: Dbs) -> Scene:
    return await factory.make_scene(dbs)


def build_page(folder: Path) -> None:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(HTML)
    (folder / "theme.js").write_text("x" * 5000)
    (folder / "assets" / "a-1.css").write_text("body{}")
    (folder / "assets" / "a-1.js").write_text("1")
    (folder / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (folder / ".env").write_text("SECRET=1")
    (folder.parent / "outside.txt").write_text("SECRET=1")
    (folder / "link.txt").symlink_to(folder.parent / "outside.txt")


@pytest.fixture(scope="module")
async def house(dbs: Dbs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    build_page(folder / "dist")
    (folder / "files").mkdir()
    links = Links(dbs.app, b"s" * 32, "")
    doors = Doors(
        dbs.app, Authenticator(dbs.app), SignIns(dbs.app), links, LocalStore(folder / "files"), factory.SIGNER.keys(),
        "type Query { x: Int }", Page(folder / "dist"), secure=False, metrics_token="m" * 20,
    )  # fmt: skip
    async with serving(doors) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield House(client, port, links, folder)


@asynccontextmanager
async def serving(doors: Doors) -> AsyncIterator[int]:
    server = make_server(SecurityHeaders(Starlette(routes=doors.routes())), host="127.0.0.1", port=0)
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def sign_in(house: House, scene: Scene, **headers: str) -> httpx.Response:
    given = {"email": scene.members["owner"].email, "password": world.PASSWORD}
    return await house.client.post("/auth/sign-in", json=given, headers=headers)


async def test_signing_in_gives_a_cookie_that_opens_the_page_and_signing_out_takes_it_back(
    house: House, scene: Scene
) -> None:
    answer = await sign_in(house, scene)
    assert answer.status_code == 200
    assert set(answer.json()) == {"expiresAt"}
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said
    assert "path=/" in said
    assert "secure" not in said
    cookie = {"cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}
    house.client.cookies.clear()
    assert '"yes"' in (await house.client.get("/", headers=cookie)).text
    assert (await house.client.get("/schema.graphql", headers=cookie)).status_code == 200
    out = await house.client.post("/auth/sign-out", json={}, headers=cookie)
    assert (out.status_code, "max-age=0" in out.headers["set-cookie"].lower()) == (204, True)
    assert '"no"' in (await house.client.get("/", headers=cookie)).text
    assert (await house.client.get("/schema.graphql", headers=cookie)).status_code == 401


async def test_a_wrong_password_sets_no_cookie_and_too_many_are_told_to_wait(house: House, scene: Scene) -> None:
    given = {"email": scene.members["some"].email, "password": "wrong"}
    answers = [await house.client.post("/auth/sign-in", json=given) for _ in range(6)]
    assert not any("set-cookie" in answer.headers for answer in answers)
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].json()["error"]["code"] == "TOO_MANY_TRIES"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_sites_page_cannot_sign_anybody_in_or_out(
    house: House, scene: Scene, headers: dict[str, str]
) -> None:
    assert (await sign_in(house, scene, **headers)).status_code == 403
    assert (await house.client.post("/auth/sign-out", json={}, headers=headers)).status_code == 403


async def test_the_page_s_own_origin_may(house: House, scene: Scene) -> None:
    headers = {"origin": f"http://127.0.0.1:{house.port}", "sec-fetch-site": "same-origin"}
    assert (await sign_in(house, scene, **headers)).status_code == 200
    house.client.cookies.clear()


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"email=a&password=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{" * 5000, "application/json", 400),
        (b'{"email": 1, "password": "x"}', "application/json", 400),
        (b'{"email": "a", "password": null}', "application/json", 400),
        (b'{"email": "a", "password": "b", "organizationId": "x"}', "application/json", 400),
        (b'{"email": "\\u0000", "password": "\\ud800"}', "application/json", 400),
        (b" " * 10_000, "application/json", 413),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_in_words(
    house: House, content: bytes, media: str, status: int
) -> None:
    answer = await house.client.post("/auth/sign-in", content=content, headers={"content-type": media})
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "traceId"}


async def test_a_nul_in_an_email_is_only_an_unknown_email(house: House) -> None:
    answer = await house.client.post("/auth/sign-in", json={"email": "a\0b", "password": "x"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-out"])
async def test_only_post_signs_in_or_out(house: House, path: str) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert (await house.client.request(method, path)).status_code in {404, 405}


async def test_the_page_has_a_strict_policy_and_a_nonce_of_its_own_each_time(house: House) -> None:
    answers = [await house.client.get(path) for path in ("/", "/sites/abc", "/alarms")]
    nonces = set()
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert answer.status_code == 200
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        nonce = policy.partition("'nonce-")[2].partition("'")[0]
        assert f'content="{nonce}"' in answer.text
        assert answer.headers["cache-control"] == "no-store"
        nonces.add(nonce)
    assert len(nonces) == 3


async def test_built_files_are_kept_for_ever_and_packed(house: House) -> None:
    asset = await house.client.get("/assets/a-1.js", headers={"accept-encoding": "identity"})
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    async with house.client.stream("GET", "/assets/a-1.js", headers={"accept-encoding": "gzip, br"}) as packed:
        assert packed.headers["content-encoding"] == "br"
    async with house.client.stream("GET", "/theme.js", headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join([chunk async for chunk in packed.aiter_raw()])
        assert gzip.decompress(raw) == b"x" * 5000
        assert packed.headers["cache-control"] == "no-cache"
    again = await house.client.get("/theme.js", headers={"if-none-match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt", "/..%5coutside.txt", "/....//outside.txt",
        "/.env", "/.git/config", "/%00", "//etc/passwd", "/link.txt", "/index.html.br", "/assets/../../outside.txt",
        "/assets/..%2f..%2foutside.txt", "/assets/", "/assets/nothing.js", "/pyproject.toml",
        "/sites~", "/%c0%ae%c0%ae/etc/passwd",
    ],
)  # fmt: skip
async def test_no_path_reaches_beyond_the_built_page(house: House, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert b"SECRET" not in answer
    assert b"root:" not in answer
    assert int(answer.split(b" ", 2)[1]) in {200, 400, 404}


async def test_health_readiness_keys_and_figures(house: House) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await house.client.get(path)).json() == {"status": "ok"}
    assert read_keys((await house.client.get("/audit-keys")).text) == {factory.SIGNER.key_id: factory.SIGNER.public}
    assert "lockyard_" in (await house.client.get("/metrics")).text
    proxied = {"x-forwarded-for": "203.0.113.9"}
    assert (await house.client.get("/metrics", headers=proxied)).status_code == 404
    known = {**proxied, "authorization": "Bearer " + "m" * 20}
    assert (await house.client.get("/metrics", headers=known)).status_code == 200


async def test_readiness_says_so_when_the_database_is_away(dbs: Dbs, house: House, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = Database(asyncpg.create_pool(f"postgresql://x@127.0.0.1:{port}/x", min_size=0))
    doors = Doors(
        away, Authenticator(away), SignIns(away), house.links, LocalStore(tmp_path), {}, "", None, secure=True
    )  # fmt: skip
    async with serving(doors) as at, httpx.AsyncClient(base_url=f"http://127.0.0.1:{at}") as client:
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/")).status_code == 404


async def test_a_download_is_the_file_with_its_hash_and_its_manifest(
    house: House, dbs: Dbs, scene: Scene, tmp_path: Path
) -> None:
    await factory.seal_waiting(dbs)
    path = await factory.made(dbs, house.folder, scene.owner, ExportKind.AUDIT, ExportFormat.NDJSON)
    url = house.links.url(scene.operator, UUID(path.stem))
    answer = await house.client.get(url)
    assert answer.status_code == 200
    assert answer.content == path.read_bytes()
    assert answer.headers["content-disposition"].startswith('attachment; filename="lockyard-audit-')
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["x-content-type-options"] == "nosniff"
    (tmp_path / "log.ndjson").write_bytes(answer.content)
    (tmp_path / "log.ndjson.manifest.json").write_bytes((await house.client.get(url + "&part=manifest")).content)
    keys = Trust(read_keys((await house.client.get("/audit-keys")).text))
    assert verify_file(tmp_path / "log.ndjson", keys).ok
    async with dbs.admin.plain() as conn:
        query = "SELECT count(*) FROM audit_entry WHERE action = 'export:read' AND target_id = $1::uuid"
        assert await conn.fetchval(query, path.stem) == 2


async def test_a_link_that_is_not_good_says_the_same_whatever_is_wrong(house: House, scene: Scene) -> None:
    said = set()
    unknown = uuid4()
    for url in (
        f"/exports/{unknown}/download", f"/exports/{unknown}/download?token=x", "/exports/x/download?token=x",
        house.links.url(scene.operator, unknown), house.links.url(scene.operator, unknown)[:-3],
        f"/exports/{unknown}/download?token={'x' * 5000}",
    ):  # fmt: skip
        answer = await house.client.get(url)
        assert answer.status_code == 404
        said.add(json.dumps({k: v for k, v in answer.json()["error"].items() if k == "code"}))
    assert len(said) == 1
