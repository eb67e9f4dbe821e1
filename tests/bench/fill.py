"""Fill a database with a portfolio of a given size, in SQL alone: every peer reads the same rows."""

import asyncio
from dataclasses import dataclass
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

# Ids are computed, so that every table can be filled without reading another: kind (2 hex digits), number (10 hex digits).
_ID = "('00000000-0000-7000-80{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _id(kind: str, number: str) -> str:
    return _ID.format(kind=kind, number=number)


def statements(scale: Scale) -> list[tuple[str, str]]:
    """(what, SQL) in order. $TENANT is replaced; constraints are off while filling, the rows obey them anyway."""
    s, banks, doors = scale.sites, scale.sites * 4, scale.sites * 192
    return [
        (
            "organizations",
            f"""INSERT INTO organization (id, kind, name) VALUES ('{TENANT}', 'OPERATOR', 'Bench Estates'),
            ('{OTHER}', 'OPERATOR', 'Other Estates'), ('{CARRIER}', 'CARRIER', 'Bench Parcel')""",
        ),
        (
            "accounts",
            f"INSERT INTO account (id, email, name) VALUES ('{ACCOUNT}', 'bench@estates.example', 'Bench Manager')",
        ),
        (
            "memberships",
            f"""INSERT INTO membership (id, account_id, organization_id, role, all_sites)
            VALUES ('{MEMBERSHIP}', '{ACCOUNT}', '{TENANT}', 'OWNER', true)""",
        ),
        (
            "connections",
            f"""INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url)
            VALUES ('{TENANT}', '{CONNECTION}', 'bench', 'pitney', 'http://127.0.0.1:9')""",
        ),
        (
            "sites",
            f"""INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale, latitude, longitude)
            SELECT '{TENANT}', {_id("01", "n")}, 'Site ' || lpad(n::text, 6, '0'), n || ' Harbour Road',
              (ARRAY['Recife','Lisbon','Berlin','Dubai','Denver'])[1 + n % 5], (ARRAY['BR','PT','DE','AE','US'])[1 + n % 5],
              (ARRAY['America/Recife','Europe/Lisbon','Europe/Berlin','Asia/Dubai','America/Denver'])[1 + n % 5], 'en',
              -60 + (n % 120), -170 + (n % 340) FROM generate_series(1, {s}) n""",
        ),
        (
            "banks",
            f"""INSERT INTO bank (tenant_id, id, site_id, connection_id, vendor, external_id, label, last_contact_at, unreachable_since)
            SELECT '{TENANT}', {_id("02", "n")}, {_id("01", "1 + (n - 1) / 4")}, '{CONNECTION}', 'pitney', 'bank-' || n,
              'Bank ' || (1 + (n - 1) % 4), now(), CASE WHEN n % 97 = 0 THEN now() - interval '1 hour' END
            FROM generate_series(1, {banks}) n""",
        ),
        (
            "compartments",
            f"""INSERT INTO compartment (tenant_id, id, site_id, bank_id, external_id, label, size, row_no, column_no,
              use, service, door, door_observed_at)
            SELECT '{TENANT}', {_id("03", "n")}, {_id("01", "1 + (n - 1) / 192")}, {_id("02", "1 + (n - 1) / 48")}, 'u' || (n - 1) % 48,
              lpad(((n - 1) % 48 + 1)::text, 2, '0'), CASE WHEN n > {doors} - 48 THEN 'S' ELSE (ARRAY['S','S','M','M','L','XL'])[1 + n % 6] END, ((n - 1) % 48) / 8 + 1, (n - 1) % 8 + 1,
              CASE WHEN n > {doors} - 48 THEN 'FREE' WHEN n % 5 = 1 THEN 'RESERVED' WHEN n % 5 IN (2, 3) THEN 'OCCUPIED' ELSE 'FREE' END,
              CASE WHEN n % 61 = 0 AND n <= {doors} - 48 THEN 'OUT_OF_SERVICE' ELSE 'IN_SERVICE' END, CASE WHEN n % 89 = 0 AND n <= {doors} - 48 THEN 'OPEN' ELSE 'CLOSED' END, now()
            FROM generate_series(1, {doors}) n""",
        ),
        (
            "people",
            f"""INSERT INTO person (tenant_id, id, kind, name, email)
            SELECT '{TENANT}', {_id("04", "n")}, 'RECIPIENT', 'Resident ' || n, 'r' || n || '@homes.example' FROM generate_series(1, {s}) n""",
        ),
        (
            "stays",
            f"""INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, carrier_id, recipient_id, flow, state, evidence,
              created_by, created_at, expires_at, deposited_at, deposit_expires_at)
            SELECT '{TENANT}', {_id("05", "n")}, {_id("01", "1 + (n - 1) / 192")}, {_id("02", "1 + (n - 1) / 48")}, {_id("03", "n")}, '{CARRIER}',
              {_id("04", "1 + (n - 1) / 192")}, 'DELIVER', CASE WHEN n % 5 = 1 THEN 'HELD' ELSE 'DEPOSITED' END, 'E3', '{ACCOUNT}',
              now() - n % 1000 * interval '1 minute', now() + interval '30 days',
              CASE WHEN n % 5 > 1 THEN now() - interval '1 hour' END, CASE WHEN n % 5 > 1 THEN now() + interval '3 days' END
            FROM generate_series(1, {doors} - 48) n WHERE n % 5 IN (1, 2, 3)""",
        ),
        (
            "parcels",
            f"""INSERT INTO parcel (tenant_id, id, site_id, stay_id, carrier_id, person_id, tracking, state, created_at)
            SELECT '{TENANT}', {_id("06", "n")}, {_id("01", "1 + (n - 1) / 192")}, {_id("05", "n")}, '{CARRIER}', {_id("04", "1 + (n - 1) / 192")},
              'BX' || lpad(n::text, 10, '0'), CASE WHEN n % 5 = 1 THEN 'ALLOCATED' ELSE 'IN_LOCKER' END, now() - n % 1000 * interval '1 minute'
            FROM generate_series(1, {doors} - 48) n WHERE n % 5 IN (1, 2, 3)""",
        ),
        (
            "alarms",
            f"""INSERT INTO alarm (tenant_id, id, site_id, bank_id, compartment_id, kind, severity, condition, cause, detail, raised_at, last_seen_at)
            SELECT '{TENANT}', {_id("07", "n")}, {_id("01", "1 + (n - 1) / 192")}, {_id("02", "1 + (n - 1) / 48")}, {_id("03", "n")}, 'FORCED_OPEN',
              'CRITICAL', 'ACTIVE', 'FORCED_OPEN:' || n, 'Door opened without a command.', now() - n % 500 * interval '1 minute', now()
            FROM generate_series(1, {doors}) n WHERE n % 89 = 0""",
        ),
        (
            "audit",
            f"""INSERT INTO audit_entry (tenant_id, id, occurred_at, actor_id, actor_kind, actor_label, organization_id, action, target_type,
              target_id, site_id, outcome, request_id, origin, details)
            SELECT '{TENANT}', {_id("08", "n")}, timestamptz '2026-01-01' + n * interval '4 seconds', '{ACCOUNT}', 'PERSON', 'Bench Manager', '{TENANT}',
              (ARRAY['compartment:open','stay:create','stay:deposit','stay:release','alarm:acknowledge'])[1 + n % 5], 'Compartment',
              {_id("03", f"1 + n % {doors}")}, {_id("01", f"1 + n % {s}")}, 'DONE', 'req-' || n, 'bench', jsonb_build_object('n', n)
            FROM generate_series(1, {scale.audit}) n""",
        ),
    ]


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
