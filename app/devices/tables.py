"""Tables of vendor connections and commands."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Text, text

from app.devices.model import CommandState, Purpose
from app.devices.port import OrderKind
from app.kit.tables import Json, Time, Uuid, belongs_to, tenant_table, words

connections = tenant_table(
    "vendor_connection",
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("settings", Json, nullable=False, server_default=text("'{}'")),
    Column("secret_sealed", LargeBinary, info={"sealed": True}),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
)
# A vendor's push names a connection and nothing else: a transaction opened in that name reads this one row.
connections.info["also_visible_to"] = "id"

# `settled`: no poll need watch the command any more; `seen_openings`: the compartment's count noted before sending.
commands = tenant_table(
    "command",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("compartment_id", Uuid, nullable=False),
    Column("stay_id", Uuid),
    Column("carrier_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False, server_default=text("'NONE'")),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("parameters", Json, nullable=False, server_default=text("'{}'")),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("requested_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("sent_at", Time),
    Column("accepted_at", Time),
    Column("opened_at", Time),
    Column("closed_at", Time),
    Column("settled_at", Time),
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    Column("seen_openings", Integer),
    Column("detail", Text),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    words("kind", OrderKind),
    words("purpose", Purpose),
    words("state", CommandState),
    belongs_to("site", "site_id"),
    belongs_to("bank", "bank_id"),
    belongs_to("compartment", "compartment_id"),
)
Index("ix_command_waiting", commands.c.bank_id, commands.c.requested_at, postgresql_where=text("state = 'REQUESTED'"))
Index("ix_command_unsettled", commands.c.tenant_id, commands.c.bank_id, postgresql_where=text("NOT settled"))
Index("ix_command_compartment", commands.c.tenant_id, commands.c.compartment_id, commands.c.requested_at, commands.c.id)
Index("ix_command_stay", commands.c.tenant_id, commands.c.stay_id, commands.c.requested_at, commands.c.id)
# One OPEN under way for a compartment. An unconfirmed one counts until reading back has had its say.
Index(
    "uq_command_open_pending",
    commands.c.tenant_id,
    commands.c.compartment_id,
    unique=True,
    postgresql_where=text(
        "kind = 'OPEN' AND NOT settled AND state IN ('REQUESTED', 'SENT', 'ACCEPTED', 'UNCONFIRMED')"
    ),
)
