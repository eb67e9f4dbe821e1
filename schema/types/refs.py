"""Types that refer to each other across modules, to be resolved when the schema is built."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

if TYPE_CHECKING:
    from schema.types.carriers import Carrier
    from schema.types.lockers import Bank, Compartment, Site
    from schema.types.parcels import Stay

SiteRef: TypeAlias = Annotated["Site", strawberry.lazy("schema.types.lockers")]
BankRef: TypeAlias = Annotated["Bank", strawberry.lazy("schema.types.lockers")]
CompartmentRef: TypeAlias = Annotated["Compartment", strawberry.lazy("schema.types.lockers")]
CarrierRef: TypeAlias = Annotated["Carrier", strawberry.lazy("schema.types.carriers")]
StayRef: TypeAlias = Annotated["Stay", strawberry.lazy("schema.types.parcels")]
