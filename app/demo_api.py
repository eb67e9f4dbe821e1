"""How the demo people reach Lockyard and the doors: the public API, and the simulators' control interfaces."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import httpx2

from app.seed_people import PASSWORDS, PersonPlan
from app.seed_world import banks

_SIGN_IN = """mutation($email: String!, $password: String!) {
  signIn(input: {email: $email, password: $password}) { ... on SignInPayload { token } ... on Error { message } } }"""


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """Lockyard said no; `code` is the problem's or the error's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Member:
    """Somebody signed in. Asks again to sign in when the sign-in has run out."""

    def __init__(self, url: str, plan: PersonPlan, client: httpx2.AsyncClient) -> None:
        self.plan, self._url, self._client = plan, f"{url}/graphql", client
        self._token = ""

    async def ask(self, query: str, **variables: Any) -> Any:
        """`data` of the answer. Raises Refusal, or httpx2.HTTPError while the API is away."""
        if not self._token:
            await self._sign_in()
        answer = await self._post(query, variables, {"authorization": f"Bearer {self._token}"})
        if answer.status_code == 401:
            self._token = ""
            raise Refusal("UNAUTHENTICATED", "the sign-in has run out")
        said = answer.json()
        if said.get("errors"):
            first = said["errors"][0]
            raise Refusal(first.get("extensions", {}).get("code", "ERROR"), first["message"])
        return said["data"]

    async def do(self, mutation: str, selection: str, **given: Any) -> dict[str, Any]:
        """One mutation with a fresh idempotency key; the entity it gives. Raises Refusal with the problem's code."""
        kind = mutation[0].upper() + mutation[1:]
        query = f"""mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{
          __typename {selection} ... on Error {{ code message }} }} }}"""
        result: dict[str, Any] = (await self.ask(query, input={"idempotencyKey": uuid.uuid4().hex, **given}))[mutation]
        if "code" in result:
            raise Refusal(result["code"], result["message"])
        return result

    async def _sign_in(self) -> None:
        given = {"email": self.plan.email, "password": PASSWORDS[self.plan.kind]}
        said = (await self._post(_SIGN_IN, given, {})).json()
        result = (said.get("data") or {}).get("signIn") or {}
        if "token" not in result:
            raise Refusal("SIGN_IN", str(result.get("message") or said.get("errors")))
        self._token = result["token"]

    async def _post(self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> httpx2.Response:
        body = {"query": query, "variables": variables}
        return await self._client.post(self._url, json=body, headers={"accept": "application/json", **headers})


class Doors:
    """The physical side: hands at the doors, by the simulators' control interfaces."""

    def __init__(self, controls: Mapping[str, str], client: httpx2.AsyncClient) -> None:
        self._controls, self._client = controls, client
        self.units = {(d.bank.external_id, d.label): d.external_id for bank in banks() for d in bank.doors()}

    async def act(self, vendor: str, bank: str, label: str, act: str) -> dict[str, Any]:
        """open, close, put, take, force, … as the simulator names it; the door afterwards."""
        ask = {"bank": bank, "unit": self.units[bank, label], "act": act}
        answer = await self._client.post(f"{self._controls[vendor]}/doors", json=ask)
        door: dict[str, Any] = answer.raise_for_status().json()["doors"][0]
        return door

    async def show(self, bank: str, carried: Mapping[str, Any], how: str | float) -> str | None:
        """A phone shows what it carries to a tower and shuts the door behind the parcel; when the tower's news reach
        the cloud is `how`: now, never, twice, or in so many seconds. Which locker opened; None: it stayed shut."""
        ask = {"tower": bank, "payload": carried["payload"], "payload_auth": carried["payloadAuth"], "sync": how}
        answer = await self._client.post(f"{self._controls['harbor']}/phone", json=ask)
        locker: str | None = answer.raise_for_status().json()["locker"]
        return locker

    async def post_events(self, bank: str, url: str, secret: str) -> None:
        """Have a tower's cloud post its events there from now on."""
        ask = {"url": url, "secret": secret, "tower": bank}
        (await self._client.post(f"{self._controls['harbor']}/hook", json=ask)).raise_for_status()

    async def reach(self, vendor: str, bank: str, *, away: bool) -> None:
        """Cut a bank off its network, or connect it again."""
        word = "away" if away else "back"
        (await self._client.post(f"{self._controls[vendor]}/{word}", json={"bank": bank})).raise_for_status()


async def opened(member: Member, command: str, seconds: float = 15.0) -> bool:
    """Wait until a command came to its end or the door was seen open. True when somebody can reach in."""
    query = "query($id: ID!) { node(id: $id) { ... on Command { state } } }"
    for _ in range(int(seconds / 0.4)):
        node = (await member.ask(query, id=command))["node"]
        if node and node["state"] in {"ACCEPTED", "DOOR_OPENED", "DOOR_CLOSED"}:
            return True
        if node and node["state"] in {"FAILED", "EXPIRED", "UNCONFIRMED"}:
            return False
        await asyncio.sleep(0.4)
    return False


async def carried(member: Member, stay: str, kind: str, seconds: float = 15.0) -> dict[str, Any] | None:
    """What the member has on the phone to open a stay's door with; None when the vendor gave nothing in time."""
    query = """query($id: ID!) { node(id: $id) { ... on Stay {
      passes(first: 5) { edges { node { kind payload payloadAuth } } } } } }"""
    for _ in range(int(seconds / 0.5)):
        node = (await member.ask(query, id=stay))["node"]
        for edge in node["passes"]["edges"] if node else ():
            found: dict[str, Any] = edge["node"]
            if found["kind"] == kind and found["payload"]:
                return found
        await asyncio.sleep(0.5)
    return None
