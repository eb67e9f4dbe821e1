"""The metadata all tables share, and the one way to declare a table behind the tenant wall."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TIMESTAMP

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Uuid = UUID(as_uuid=True)
Time = TIMESTAMP(timezone=True)
Json = JSONB(none_as_null=True)

# What the application roles may do with a table; the migration grants exactly this.
READ_WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
APPEND_ONLY = ("SELECT", "INSERT")
READ_ONLY = ("SELECT",)


def words(column: str, allowed: object) -> CheckConstraint:
    """CHECK that a text column holds one of `allowed` (an iterable of str). Text, not enum types: enum operators are
    not leakproof, so under row-level security they never become index conditions."""
    listed = ", ".join(f"'{word}'" for word in allowed)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def tenant_table(
    name: str,
    *items: SchemaItem,
    key: tuple[str, ...] = ("id",),
    grants: tuple[str, ...] = READ_WRITE,
    worker: tuple[str, ...] = READ_WRITE,
    scanned: bool = True,
) -> Table:
    """A table whose rows belong to one tenant: key (tenant_id, …), row-level security FORCEd, grants as data.

    `scanned`: the worker may read it across tenants, to find what is due. Not where personal data stand."""
    return Table(
        name,
        metadata,
        Column("tenant_id", Uuid, nullable=False),
        *items,
        PrimaryKeyConstraint("tenant_id", *key),
        info={"tenant": True, "grants": grants, "worker": worker, "scanned": scanned and "SELECT" in worker},
    )


def global_table(name: str, *items: SchemaItem, grants: tuple[str, ...] = READ_WRITE, unlogged: bool = False) -> Table:
    """A table above the tenants (organizations, accounts, sessions). Each is a decision, listed in docs/decisions.

    `unlogged`: empty after a crash of the server."""
    info = {"tenant": False, "grants": grants, "worker": grants, "scanned": False}
    return Table(name, metadata, *items, info=info, prefixes=["UNLOGGED"] if unlogged else [])


def belongs_to(table: str, column: str, **options: object) -> ForeignKeyConstraint:
    """A foreign key inside the tenant: (tenant_id, column) -> table(tenant_id, id)."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], **options)  # type: ignore[arg-type]
