"""Tables of people. `account_id` is set when the person signs in."""

from sqlalchemy import Column, Index, Text, text

from app.kit.tables import Time, Uuid, tenant_table, words
from app.people.model import PersonKind

people = tenant_table(
    "person",
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("unit", Text),
    Column("personal_id", Text),
    Column("locale", Text, nullable=False, server_default=text("'en'")),
    Column("account_id", Uuid),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    Column("deleted_at", Time),
    words("kind", PersonKind),
    scanned=False,
)
Index("ix_person_name", people.c.tenant_id, people.c.name, people.c.id)
Index("ix_person_account", people.c.tenant_id, people.c.account_id)
