"""Tables of people, and of the names they go by at vendors. `account_id` is set when the person signs in."""

from sqlalchemy import Column, Index, Text, text

from app.kit.tables import Time, Uuid, belongs_to, tenant_table, words
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
# Under which id a vendor's own address book has a person.
contacts = tenant_table(
    "vendor_contact",
    Column("connection_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    belongs_to("vendor_connection", "connection_id", ondelete="CASCADE"),
    belongs_to("person", "person_id", ondelete="CASCADE"),
    key=("connection_id", "person_id"),
    scanned=False,
)
Index("ix_person_name", people.c.tenant_id, people.c.name, people.c.id)
Index("ix_person_account", people.c.tenant_id, people.c.account_id)
