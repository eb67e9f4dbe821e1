"""What members do with API keys: make one (its secret is shown once), take one back."""

from uuid import UUID

from app.kit.checks import text
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from tenants.audit.model import Entry
from tenants.identity import events, store
from tenants.identity.model import KEY_PREFIX, SHOWN_CHARACTERS, CreateApiKey, hash_secret, new_secret
from tenants.model import Actor, ActorKind
from tenants.policy import Permission, authorize
from tenants.work import Work


async def create_api_key(work: Work, ask: CreateApiKey) -> str:
    """The new key's secret, never to be read again; its id stands in `work.answer`."""
    actor = work.actor
    work.enter(actor.organization_id)
    authorize(actor, Permission.API_KEY_MANAGE)
    _within_own_rights(actor, ask)
    name = text("name", ask.name, most=100)
    if len(ask.site_ids) > 1000:
        raise Invalid("At most 1000 sites.", path=("input", "siteIds"))
    if ask.expires_at is not None and ask.expires_at <= work.now:
        raise Invalid("The key would have expired already.", path=("input", "expiresAt"))
    secret, id_, membership_id = new_secret(KEY_PREFIX), new_id(), new_id()
    scopes = tuple(sorted(set(ask.scopes)))
    await store.ADD_MEMBERSHIP.run(
        work.conn, id=membership_id, account_id=actor.account_id, organization_id=actor.organization_id,
        role=actor.role.value, all_sites=ask.all_sites, site_ids=list(ask.site_ids),
    )  # fmt: skip
    await store.ADD_KEY.run(
        work.conn, id=id_, organization_id=actor.organization_id, membership_id=membership_id, name=name,
        prefix=secret[: len(KEY_PREFIX) + SHOWN_CHARACTERS], secret_hash=hash_secret(secret), scopes=list(scopes),
        created_at=work.now, expires_at=ask.expires_at,
    )  # fmt: skip
    work.emit(events.api_key_created(id_, scopes, ask.expires_at))
    details = {"scopes": scopes, "all_sites": ask.all_sites, "sites": ask.site_ids, "expires_at": ask.expires_at}
    work.audit(Entry(Permission.API_KEY_MANAGE, "ApiKey", id_, details={"change": "created", **details}))
    work.answer = ("ApiKey", id_)
    return secret


def _within_own_rights(actor: Actor, ask: CreateApiKey) -> None:
    if actor.kind is ActorKind.API_KEY:
        rule = FailedRule("person", "a person signed in", "an API key")
        raise Denied("A key cannot make keys.", permission=Permission.API_KEY_MANAGE, failed=(rule,))
    if not ask.scopes:
        raise Invalid("A key needs at least one scope.", path=("input", "scopes"))
    beyond = sorted(set(ask.scopes) - actor.permissions)
    if beyond:
        raise Denied(
            "A key may do no more than its maker.", permission=Permission.API_KEY_MANAGE,
            failed=tuple(FailedRule("scopes", "a permission you have", scope) for scope in beyond),
        )  # fmt: skip
    if ask.all_sites and ask.site_ids:
        raise Invalid("Either all sites or a list of sites.", path=("input", "siteIds"))
    if not ask.all_sites and not ask.site_ids:
        raise Invalid("Name at least one site, or say all sites.", path=("input", "siteIds"))
    if not actor.all_sites and (ask.all_sites or not set(ask.site_ids) <= set(actor.site_ids)):
        rule = FailedRule("sites", "sites of your own membership", "other sites")
        raise Denied("A key may reach no further than its maker.", permission=Permission.API_KEY_MANAGE, failed=(rule,))


async def revoke_api_key(work: Work, id_: UUID) -> None:
    """The key ends at once, with every stream it holds."""
    organization = work.enter(work.actor.organization_id)
    found = await store.FIND_KEY.row(work.conn, id_=id_, of_organization=organization)
    if found is None or not work.actor.can(Permission.API_KEY_READ):
        raise NotFound("No such API key.", path=("input", "apiKeyId"))
    authorize(work.actor, Permission.API_KEY_MANAGE)
    if await store.REVOKE_KEY.row(work.conn, id_=id_, of_organization=organization, now=work.now) is None:
        raise Rejected(Reason.WRONG_STATE, "This key is revoked already.", path=("input", "apiKeyId"))
    await store.tell_revoked(work.conn, id_)
    work.emit(events.api_key_revoked(id_))
    work.audit(Entry(Permission.API_KEY_MANAGE, "ApiKey", id_, details={"change": "revoked"}))
    work.answer = ("ApiKey", id_)
