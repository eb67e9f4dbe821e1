"""What the demo says when it is ready: a screen for people, or one JSON object for scripts."""

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from rich.table import Table

from app import seed_people, seed_world

if TYPE_CHECKING:
    from app.demo import World

SIGN_IN = """mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { __typename ... on SignInPayload { token } ... on Error { message } }
}"""
# Whose token stands under which word; `other_owner` belongs to the second operator.
WHO = {
    "owner": "owner@riverside.example",
    "manager": "manager@riverside.example",
    "site_manager": "london@riverside.example",
    "auditor": "auditor@riverside.example",
    "carrier": "admin@blue.example",
    "courier": "courier1@blue.example",
    "recipient": "resident1@riverside.example",
    "other_owner": "owner@northgate.example",
    "other_recipient": "resident1@northgate.example",
}
SHOWN = ("owner", "manager", "site_manager", "auditor", "carrier", "courier", "recipient", "other_owner")


class NoTokenError(Exception):
    """The API answered no sign-in with a token."""


def print_json(world: "World", tokens: Mapping[str, str]) -> None:
    """One line on standard output."""
    sys.stdout.write(json.dumps(_facts(world, tokens)) + "\n")
    sys.stdout.flush()


def announce(world: "World") -> None:
    """Where to look and whom to sign in as."""
    table = Table(
        title=f"\nLockyard is at {world.url}", title_style="bold", show_edge=False, box=None, title_justify="left"
    )
    for heading in ("Sign in as", "Password", "Who that is"):
        table.add_column(heading)
    for who in SHOWN:
        person = _person(WHO[who])
        where = "" if person.sites is None else f", {len(person.sites)} of the sites"
        table.add_row(
            person.email, _password(person), f"{person.role.lower().replace('_', ' ')} of {person.organization}{where}"
        )
    world.screen.print(table)
    world.screen.print(f"\nGraphQL {world.url}/graphql · logs {world.folder / 'logs'} · Ctrl-C ends everything\n")


def _facts(world: "World", tokens: Mapping[str, str]) -> dict[str, Any]:
    from app.kit.pgtools import binaries

    assert world.dsns is not None
    return {
        "url": world.url,
        "graphql": f"{world.url}/graphql",
        "websocket": f"ws{world.url.removeprefix('http')}/graphql",
        "ready": f"{world.url}/readyz",
        "tokens": dict(tokens),
        "accounts": {who: {"email": email, "password": _password(_person(email))} for who, email in WHO.items()},
        "pids": {"demo": os.getpid()} | {child.name: child.pid for child in world.crew.children},
        "dsns": {role: getattr(world.dsns, role) for role in ("admin", "owner", "app", "worker")},
        "postgres": {"data": str(world.folder / "postgres" / "cluster"), "bin": str(binaries())},
        "simulators": world.hardware,
        "data": str(world.folder),
    }


def tokens(url: str) -> dict[str, str]:
    """A bearer token for each kind of person. Raises NoTokenError."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        found = threads.map(lambda email: token(url, email), WHO.values())
        return dict(zip(WHO, found, strict=True))


def token(url: str, email: str) -> str:
    """A bearer token by the public sign-in."""
    variables = {"input": {"email": email, "password": _password(_person(email))}}
    body = json.dumps({"query": SIGN_IN, "variables": variables}).encode()
    asked = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - as above
            said = json.load(answer)
    except OSError as error:
        raise NoTokenError(f"{email} could not sign in: {error}") from error
    result = (said.get("data") or {}).get("signIn") or {}
    if "token" not in result:
        raise NoTokenError(f"{email} could not sign in: {result.get('message') or said.get('errors')}")
    return str(result["token"])


def _person(email: str) -> seed_people.PersonPlan:
    residents = (person for operator in seed_world.OPERATORS for person in seed_people.recipients(operator))
    return next(person for person in (*seed_people.PEOPLE, *residents) if person.email == email)


def _password(person: seed_people.PersonPlan) -> str:
    return seed_people.PASSWORDS[person.kind]
