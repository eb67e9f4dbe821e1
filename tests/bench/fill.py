"""Fill a database with a portfolio of a given size, in SQL alone: every peer reads the same rows."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

TENANT = UUID("00000000-0000-7000-8000-00000000000a")
OTHER = UUID("00000000-0000-7000-8000-00000000000b")
CARRIER = UUID("00000000-0000-7000-8000-0000000000c1")
ACCOUNT = UUID("00000000-0000-7000-8000-0000000000e1")
MEMBERSHIP = UUID("00000000-0000-7000-8000-0000000000f1")
CONNECTION = UUID("00000000-0000-7000-8000-0000000000d1")


@dataclass(frozen=True, slots=True)
class Scale:
    """4 banks of 48 compartments a site, the last bank all free and small for the writers; audit entries as given. `full` is the portfolio of the published figures."""

    sites: int
    audit: int


SCALES = {"small": Scale(200, 50_000), "middle": Scale(2_000, 500_000), "full": Scale(10_000, 5_000_000)}


def statements(scale: Scale) -> list[tuple[str, str]]:
    """(what, SQL) in order, from fill.sql. Constraints are off while filling; the rows obey them anyway."""
    given = {name: f"'{globals()[name.upper()]}'" for name in ("tenant", "other", "carrier", "account", "membership")}
    given |= {"connection": f"'{CONNECTION}'", "sites": str(scale.sites), "banks": str(scale.sites * 4)}
    given |= {"doors": str(scale.sites * 192), "audit": str(scale.audit)}
    text = (Path(__file__).parent / "fill.sql").read_text()
    filled = re.sub(f":({'|'.join(given)})\\b", lambda found: given[found[1]], text.split("\n\n", 1)[1])
    return [(part.splitlines()[0].removeprefix("-- "), part) for part in filled.strip().split("\n\n")]


async def fill(admin_dsn: str, scale: Scale) -> None:
    """Fill once; a filled database is left as it is. Blocks for minutes at full scale."""
    conn = await asyncpg.connect(admin_dsn, command_timeout=3600)
    try:
        if await conn.fetchval("SELECT count(*) FROM organization"):
            return
        await conn.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'"
        )
        for what, sql in statements(scale):
            print(f"   filling {what}", flush=True)
            await conn.execute(sql)
        print("   vacuum analyze", flush=True)
        await conn.execute("VACUUM (ANALYZE, FREEZE)")
    finally:
        await conn.close()


if __name__ == "__main__":
    import sys

    asyncio.run(fill(sys.argv[1], SCALES[sys.argv[2]]))
