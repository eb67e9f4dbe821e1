"""Tables of banks and compartments."""

from sqlalchemy import Boolean, Column, Double, Index, Integer, Text, text

from app.kit.tables import Json, Time, Uuid, belongs_to, tenant_table, words
from app.lockers.model import DoorState, Service, Size, Use, Withheld

# `revision`: grows when its doors or the way to them change, so that its keeper begins anew; `size_words`: what the
# vendor's words for sizes mean here; `likeness`: what its units told of themselves when it was taken over, by which it
# is known again; `differs_since`: since when it is not.
banks = tenant_table(
    "bank",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("connection_id", Uuid, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("poll_seconds", Double, nullable=False, server_default=text("5")),
    Column("capabilities", Json, nullable=False, server_default=text("'{}'")),
    Column("last_contact_at", Time),
    Column("unreachable_since", Time),
    Column("blind_allocation", Boolean, nullable=False, server_default=text("false")),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("size_words", Json, nullable=False, server_default=text("'{}'")),
    Column("likeness", Json),
    Column("differs_since", Time),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    belongs_to("site", "site_id"),
)
Index("ix_bank_site", banks.c.tenant_id, banks.c.site_id, banks.c.label, banks.c.id)
Index("uq_bank_external", banks.c.tenant_id, banks.c.connection_id, banks.c.external_id, unique=True)

# `use` is the stay's shadow: stays.store writes it in the stay's transaction, nobody else. One open stay a
# compartment is kept by the partial unique index on stay. site_id repeats the bank's, so that the wall needs no join.
# `withheld_since`: of a silent one, when it was last read.
compartments = tenant_table(
    "compartment",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("size", Text, nullable=False),
    Column("accessible", Boolean, nullable=False, server_default=text("false")),
    Column("row_no", Integer, nullable=False),
    Column("column_no", Integer, nullable=False),
    Column("row_span", Integer, nullable=False, server_default=text("1")),
    Column("use", Text, nullable=False, server_default=text("'FREE'")),
    Column("service", Text, nullable=False, server_default=text("'IN_SERVICE'")),
    Column("service_reason", Text),
    Column("service_until", Time),
    Column("door", Text, nullable=False, server_default=text("'UNKNOWN'")),
    Column("door_observed_at", Time),
    Column("door_open_since", Time),
    Column("door_source", Text),
    Column("openings", Integer, nullable=False, server_default=text("0")),
    Column("item_present", Boolean),
    Column("withheld", Text),
    Column("withheld_since", Time),
    words("size", Size),
    words("use", Use),
    words("service", Service),
    words("door", DoorState),
    words("withheld", Withheld),
    belongs_to("site", "site_id"),
    belongs_to("bank", "bank_id"),
)
Index(
    "uq_compartment_external", compartments.c.tenant_id, compartments.c.bank_id, compartments.c.external_id, unique=True
)
Index(
    "ix_compartment_bank_label",
    compartments.c.tenant_id,
    compartments.c.bank_id,
    compartments.c.label,
    compartments.c.id,
)
# What jobs ask for every second must not cost more where there are more doors.
Index("ix_compartment_open", compartments.c.door_open_since, postgresql_where=text("door = 'OPEN'"))
Index("ix_compartment_back", compartments.c.service_until, postgresql_where=text("service = 'OUT_OF_SERVICE'"))
# The board counts from this index alone; the picker finds a free one of a size in it.
Index(
    "ix_compartment_occupancy",
    compartments.c.tenant_id,
    compartments.c.site_id,
    compartments.c.bank_id,
    compartments.c.size,
    compartments.c.use,
    compartments.c.service,
    compartments.c.door,
    compartments.c.withheld,
)
