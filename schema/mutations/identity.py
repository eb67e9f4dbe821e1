"""Mutations of identity: signing in and out, API keys."""

from uuid import UUID

from app.kit.errors import Conflict, Invalid
from schema.mutations import Call, Mutations, Outcome, Payload, Seen
from tenants.identity.model import CreateApiKey
from tenants.identity.service import sign_out
from tenants.keys import service as keys
from tenants.policy import Permission
from tenants.signin.service import SignIns
from tenants.work import Replay


async def sign_in(call: Call) -> Outcome:
    doorbell = call.part("sign_ins", SignIns)
    email, password = call.given["email"], call.given["password"]
    secret, session = await doorbell.sign_in(
        email, password, call.clock(), source=call.origin, request_id=call.request_id
    )
    seen = Seen(session.actor)
    return Payload("SignInPayload", {"token": secret, "expiresAt": session.expires_at, "viewer": seen})


async def end_session(call: Call) -> Outcome:
    async with call.context.begin() as work:
        return await sign_out(work, everywhere=call.given["everywhere"])


async def create_api_key(call: Call) -> Outcome:
    given = call.given
    ask = CreateApiKey(
        name=given["name"],
        scopes=_scopes(given["scopes"]),
        expires_at=given.get("expires_at"),
        all_sites=given["all_sites"] and not given["site_ids"],
        site_ids=call.ids("site_ids", "Site"),
    )
    answer: tuple[str, UUID] | None = None
    try:
        async with call.context.begin(call.key) as work:
            secret = await keys.create_api_key(work, ask)
            answer = work.answer
    except Replay as replay:
        raise Conflict(
            "This key was made already and its secret was shown once: it cannot be shown again. "
            "Revoke it and make another one with a new idempotency key.",
            path=("input", "idempotencyKey"),
        ) from replay
    return Payload("CreateApiKeyPayload", {"secret": secret, "apiKey": answer})


def _scopes(words: list[str]) -> tuple[Permission, ...]:
    unknown = sorted(set(words) - set(Permission))
    if unknown:
        raise Invalid("There is no such permission.", path=("input", "scopes"))
    return tuple(Permission(word) for word in words)


async def revoke_api_key(call: Call) -> Outcome:
    id_ = call.id("api_key_id", "ApiKey")
    async with call.context.begin(call.key) as work:
        await keys.revoke_api_key(work, id_)
        work.answer = ("ApiKey", id_)
    return work.answer


MUTATIONS: Mutations = {
    "signIn": sign_in,
    "signOut": end_session,
    "createApiKey": create_api_key,
    "revokeApiKey": revoke_api_key,
}
