"""Guarded writes of people."""

from sqlalchemy import Text, bindparam, delete, func, insert, null, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.kit.db import Statement
from app.kit.tables import Time, Uuid
from app.people.tables import contacts, people

_TENANT = bindparam("tenant_id", type_=Uuid)
_THIS = (people.c.tenant_id == _TENANT, people.c.id == bindparam("id_", type_=Uuid), people.c.deleted_at.is_(None))
_GIVEN = ("id", "kind", "name", "email", "phone", "unit", "personal_id", "locale")
CHANGEABLE = ("name", "email", "phone", "unit", "locale")

ADD = Statement(
    insert(people).values(tenant_id=_TENANT, **{name: bindparam(name, type_=people.c[name].type) for name in _GIVEN})
)
# NULL leaves a field as it is; an empty text takes it away where it may be missing.
CHANGE = Statement(
    update(people)
    .where(*_THIS)
    .values(
        {
            name: func.coalesce(bindparam(name, type_=people.c[name].type), people.c[name])
            if name in {"name", "locale"}
            else func.nullif(func.coalesce(bindparam(name, type_=people.c[name].type), people.c[name]), "")
            for name in CHANGEABLE
        }
    )
    .returning(people.c.id)
)
# The row stays, because stays and parcels refer to it; what names the person goes.
ERASE = Statement(
    update(people)
    .where(*_THIS)
    .values(
        name="", email=null(), phone=null(), unit=null(), personal_id=null(), account_id=null(),
        deleted_at=bindparam("now", type_=Time),
    )
    .returning(people.c.id)
)  # fmt: skip
KNOWN_AS = Statement(
    upsert(contacts)
    .values(
        tenant_id=_TENANT, connection_id=bindparam("connection_id", type_=Uuid),
        person_id=bindparam("person_id", type_=Uuid), external_id=bindparam("external_id", type_=Text),
    )
    .on_conflict_do_nothing()
)  # fmt: skip
# With the person goes the way to find them at a vendor.
UNKNOWN = Statement(
    delete(contacts).where(contacts.c.tenant_id == _TENANT, contacts.c.person_id == bindparam("id_", type_=Uuid))
)
# Nor does another address book know anybody by the ids of this one.
STRANGERS = Statement(
    delete(contacts).where(
        contacts.c.tenant_id == _TENANT, contacts.c.connection_id == bindparam("through", type_=Uuid)
    )
)
FIELDS = Statement(select(*[people.c[name] for name in CHANGEABLE]).where(*_THIS))
