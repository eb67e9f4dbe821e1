"""All shapes together, and the root fields that read them."""

from app.alarms import shape as alarms
from app.devices import shape as devices
from app.kit.reading.shape import AnyById, AnyByIds, ById, Catalogue, Extension, Many, Myself, Root
from app.lockers import shape as lockers
from app.openings import shape as openings
from app.parcels import shape as parcels
from app.passes import shape as passes
from app.people import shape as people
from app.reports import shape as reports
from app.sites import shape as sites
from app.stays import shape as stays
from app.vendors import shape as vendors
from tenants.audit import shape as audit
from tenants.carriers import shape as carriers
from tenants.identity import shape as identity

SHAPES = [
    alarms.ALARM,
    identity.API_KEY,
    audit.AUDIT_ENTRY,
    lockers.BANK,
    carriers.CARRIER,
    devices.COMMAND,
    devices.ACCOUNT,
    lockers.COMPARTMENT,
    audit.EVENT,
    reports.EXPORT,
    carriers.GRANT,
    identity.ORGANIZATION_SHAPE,
    openings.OPENING,
    parcels.PARCEL,
    passes.PASS,
    people.PERSON,
    sites.SITE,
    stays.STAY,
    vendors.SURVEY,
    identity.VIEWER,
]
EXTENSIONS: list[Extension] = [
    *sites.EXTENSIONS,
    *lockers.EXTENSIONS,
    *devices.EXTENSIONS,
    *stays.EXTENSIONS,
    *passes.EXTENSIONS,
    *alarms.EXTENSIONS,
    *reports.EXTENSIONS,
    *vendors.EXTENSIONS,
    *openings.EXTENSIONS,
]
ROOTS: dict[str, Root] = {
    "viewer": Myself("Viewer"),
    "node": AnyById(),
    "nodes": AnyByIds(),
    "site": ById("Site"),
    "sites": Many("Site"),
    "banks": Many("Bank"),
    "bank": ById("Bank"),
    "compartments": Many("Compartment"),
    "compartment": ById("Compartment"),
    "stays": Many("Stay"),
    "parcels": Many("Parcel"),
    "people": Many("Person"),
    "alarms": Many("Alarm"),
    "audit": Many("AuditEntry"),
    "carriers": Many("Carrier"),
    "grants": Many("Grant"),
    "apiKeys": Many("ApiKey"),
    "exports": Many("Export"),
    "events": Many("Event"),
    "openings": Many("Opening"),
    "vendorAccounts": Many("VendorAccount"),
}

CATALOGUE = Catalogue(SHAPES, EXTENSIONS, ROOTS)
# Types that stand behind an id of their own; the viewer is a view of oneself.
NODES = frozenset(CATALOGUE.shapes) - {"Viewer"}
