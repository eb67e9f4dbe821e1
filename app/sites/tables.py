"""Tables of sites."""

from sqlalchemy import Column, Double, Index, Text, text

from app.kit.tables import Time, Uuid, tenant_table

sites = tenant_table(
    "site",
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("address_line", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
)
Index("ix_site_name", sites.c.tenant_id, sites.c.name, sites.c.id)
