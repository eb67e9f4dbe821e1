"""Who looks: an actor's scope, and the values that stand in every statement it runs."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.kit.reading.statement import ORGANIZATION, TENANTS
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

MOST = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """`fingerprint`: statements are shared by all whose rights have one structure; `values` are the actor's own."""

    actor: Actor
    scope: Scope
    fingerprint: str
    values: Mapping[str, Any]


def view_of(actor: Actor) -> View:
    return View(
        actor,
        Scope.of(actor),
        actor.fingerprint,
        {
            **context_parameters(actor),
            "ctx_label": actor.label,
            "ctx_role": actor.role.value,
            "ctx_permissions": sorted(permission.value for permission in actor.permissions),
            "ctx_all_sites": actor.all_sites,
            TENANTS: ",".join(map(str, actor.tenants)),
            ORGANIZATION: str(actor.organization_id),
        },
    )


class Views:
    """Views of the actors seen lately. An actor is immutable: a change of its rights makes another one."""

    def __init__(self) -> None:
        self.kept: OrderedDict[int, View] = OrderedDict()

    def of(self, actor: Actor) -> View:
        known = self.kept.get(id(actor))
        if known is not None and known.actor is actor:
            return known
        made = self.kept[id(actor)] = view_of(actor)
        if len(self.kept) > MOST:
            self.kept.popitem(last=False)
        return made
