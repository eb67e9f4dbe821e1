"""The tables of surveys and of owned addresses. A tenant's vendor accounts stand in app.devices."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Text, text

from app.kit.tables import Json, Time, Uuid, global_table, tenant_table, words
from app.vendors.model import SurveyState

# `found`: banks with units as the vendor listed them; `differences`: only of one bank, as it was at `revision`;
# `capabilities`: what the account's hardware could do.
surveys = tenant_table(
    "survey",
    Column("id", Uuid, nullable=False),
    Column("connection_id", Uuid, nullable=False),
    Column("site_id", Uuid),
    Column("bank_id", Uuid),
    Column("state", Text, nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("requested_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("problem", Text),
    Column("found", Json, nullable=False, server_default=text("'[]'")),
    Column("differences", Json, nullable=False, server_default=text("'[]'")),
    Column("revision", Integer),
    Column("capabilities", Json, nullable=False, server_default=text("'{}'")),
    words("state", SurveyState),
)
Index("ix_survey_connection", surveys.c.tenant_id, surveys.c.connection_id, surveys.c.requested_at, surveys.c.id)
Index("ix_survey_bank", surveys.c.tenant_id, surveys.c.bank_id, surveys.c.requested_at, surveys.c.id)
Index("ix_survey_waiting", surveys.c.requested_at, postgresql_where=text("state IN ('WAITING', 'RUNNING')"))

# Whose the hardware is that opens for whoever knows its address. Hashes: where it is and whose, nobody reads here.
owned_addresses = global_table(
    "owned_address",
    Column("address", LargeBinary, primary_key=True),
    Column("connection_id", Uuid, primary_key=True),
    Column("owner", LargeBinary, nullable=False),
    grants=("SELECT", "INSERT", "DELETE"),
)
Index("ix_owned_address_connection", owned_addresses.c.connection_id)
