"""Guarded writes of sites."""

from sqlalchemy import bindparam, delete, func, insert, update

from app.kit.db import Statement
from app.kit.tables import Uuid
from app.sites.tables import sites

CHANGEABLE = ("name", "address_line", "city", "country", "timezone", "locale", "latitude", "longitude")

_TENANT = bindparam("tenant_id", type_=Uuid)
_THIS = (sites.c.tenant_id == _TENANT, sites.c.id == bindparam("id_", type_=Uuid))
_GIVEN = {name: bindparam(name, type_=sites.c[name].type) for name in CHANGEABLE}

ADD = Statement(insert(sites).values(tenant_id=_TENANT, id=bindparam("id", type_=Uuid), **_GIVEN))
# NULL leaves a field as it is.
CHANGE = Statement(
    update(sites)
    .where(*_THIS)
    .values({name: func.coalesce(given, sites.c[name]) for name, given in _GIVEN.items()})
    .returning(sites.c.id)
)
# Whatever ever stood or happened here refers to it: the foreign keys say no.
REMOVE = Statement(delete(sites).where(*_THIS).returning(sites.c.id))
