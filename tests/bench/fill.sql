-- The portfolio, computed: ids are made from numbers, so that every table is filled without reading another.
-- Names after a colon are given by fill.py.

-- organizations
INSERT INTO organization (id, kind, name) VALUES (:tenant, 'OPERATOR', 'Bench Estates'),
  (:other, 'OPERATOR', 'Other Estates'), (:carrier, 'CARRIER', 'Bench Parcel');

-- carriers
INSERT INTO carrier (tenant_id, id, carrier_id, name) VALUES (:tenant, :carrier, :carrier, 'Bench Parcel');

-- accounts
INSERT INTO account (id, email, name) VALUES (:account, 'bench@estates.example', 'Bench Manager');

-- memberships
INSERT INTO membership (id, account_id, organization_id, role, all_sites)
  VALUES (:membership, :account, :tenant, 'OWNER', true);

-- connections
INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url)
  VALUES (:tenant, :connection, 'bench', 'pitney', 'http://127.0.0.1:9');

-- sites
INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale, latitude, longitude)
  SELECT :tenant, ('00000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid, 'Site ' || lpad(n::text, 6, '0'), n || ' Harbour Road',
  (ARRAY['Recife','Lisbon','Berlin','Dubai','Denver'])[1 + n % 5], (ARRAY['BR','PT','DE','AE','US'])[1 + n % 5],
  (ARRAY['America/Recife','Europe/Lisbon','Europe/Berlin','Asia/Dubai','America/Denver'])[1 + n % 5], 'en',
  -60 + (n % 120), -170 + (n % 340) FROM generate_series(1, :sites) n;

-- banks
INSERT INTO bank (tenant_id, id, site_id, connection_id, vendor, external_id, label, last_contact_at, unreachable_since)
  SELECT :tenant, ('00000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8001-' || lpad(to_hex(1 + (n - 1) / 4), 12, '0'))::uuid, :connection, 'pitney', 'bank-' || n,
  'Bank ' || (1 + (n - 1) % 4), now(), CASE WHEN n % 97 = 0 THEN now() - interval '1 hour' END
  FROM generate_series(1, :banks) n;

-- compartments
INSERT INTO compartment (tenant_id, id, site_id, bank_id, external_id, label, size, row_no, column_no,
  use, service, door, door_observed_at)
  SELECT :tenant, ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8001-' || lpad(to_hex(1 + (n - 1) / 192), 12, '0'))::uuid, ('00000000-0000-7000-8002-' || lpad(to_hex(1 + (n - 1) / 48), 12, '0'))::uuid, 'u' || (n - 1) % 48,
  lpad(((n - 1) % 48 + 1)::text, 2, '0'), CASE WHEN n > :doors - 48 THEN 'S' ELSE (ARRAY['S','S','M','M','L','XL'])[1 + n % 6] END, ((n - 1) % 48) / 8 + 1, (n - 1) % 8 + 1,
  CASE WHEN n > :doors - 48 THEN 'FREE' WHEN n % 5 = 1 THEN 'RESERVED' WHEN n % 5 IN (2, 3) THEN 'OCCUPIED' ELSE 'FREE' END,
  CASE WHEN n % 61 = 0 AND n <= :doors - 48 THEN 'OUT_OF_SERVICE' ELSE 'IN_SERVICE' END, CASE WHEN n % 89 = 0 AND n <= :doors - 48 THEN 'OPEN' ELSE 'CLOSED' END, now()
  FROM generate_series(1, :doors) n;

-- people
INSERT INTO person (tenant_id, id, kind, name, email)
  SELECT :tenant, ('00000000-0000-7000-8004-' || lpad(to_hex(n), 12, '0'))::uuid, 'RECIPIENT', 'Resident ' || n, 'r' || n || '@homes.example' FROM generate_series(1, :sites) n;

-- stays
INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, carrier_id, recipient_id, flow, state, evidence,
  created_by, created_at, expires_at, deposited_at, deposit_expires_at)
  SELECT :tenant, ('00000000-0000-7000-8005-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8001-' || lpad(to_hex(1 + (n - 1) / 192), 12, '0'))::uuid, ('00000000-0000-7000-8002-' || lpad(to_hex(1 + (n - 1) / 48), 12, '0'))::uuid, ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid, :carrier,
  ('00000000-0000-7000-8004-' || lpad(to_hex(1 + (n - 1) / 192), 12, '0'))::uuid, 'DELIVER', CASE WHEN n % 5 = 1 THEN 'HELD' ELSE 'DEPOSITED' END, 'E3', :account,
  now() - n % 1000 * interval '1 minute', now() + interval '30 days',
  CASE WHEN n % 5 > 1 THEN now() - interval '1 hour' END, CASE WHEN n % 5 > 1 THEN now() + interval '3 days' END
  FROM generate_series(1, :doors - 48) n WHERE n % 5 IN (1, 2, 3);

-- parcels
INSERT INTO parcel (tenant_id, id, site_id, stay_id, carrier_id, person_id, tracking, state, created_at)
  SELECT :tenant, ('00000000-0000-7000-8006-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8001-' || lpad(to_hex(1 + (n - 1) / 192), 12, '0'))::uuid, ('00000000-0000-7000-8005-' || lpad(to_hex(n), 12, '0'))::uuid, :carrier, ('00000000-0000-7000-8004-' || lpad(to_hex(1 + (n - 1) / 192), 12, '0'))::uuid,
  'BX' || lpad(n::text, 10, '0'), CASE WHEN n % 5 = 1 THEN 'ALLOCATED' ELSE 'IN_LOCKER' END, now() - n % 1000 * interval '1 minute'
  FROM generate_series(1, :doors - 48) n WHERE n % 5 IN (1, 2, 3);

-- alarms
INSERT INTO alarm (tenant_id, id, site_id, bank_id, compartment_id, kind, severity, condition, cause, detail, raised_at, last_seen_at)
  SELECT :tenant, ('00000000-0000-7000-8007-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8001-' || lpad(to_hex(1 + (n - 1) / 192), 12, '0'))::uuid, ('00000000-0000-7000-8002-' || lpad(to_hex(1 + (n - 1) / 48), 12, '0'))::uuid, ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid, 'FORCED_OPEN',
  'CRITICAL', 'ACTIVE', 'FORCED_OPEN:' || n, 'Door opened without a command.', now() - n % 500 * interval '1 minute', now()
  FROM generate_series(1, :doors) n WHERE n % 89 = 0;

-- audit
INSERT INTO audit_entry (tenant_id, id, occurred_at, actor_id, actor_kind, actor_label, organization_id, action, target_type,
  target_id, site_id, outcome, request_id, origin, details)
  SELECT :tenant, ('00000000-0000-7000-8008-' || lpad(to_hex(n), 12, '0'))::uuid, timestamptz '2026-01-01' + n * interval '4 seconds', :account, 'PERSON', 'Bench Manager', :tenant,
  (ARRAY['compartment:open','stay:create','stay:deposit','stay:release','alarm:acknowledge'])[1 + n % 5], 'Compartment',
  ('00000000-0000-7000-8003-' || lpad(to_hex(1 + n % :doors), 12, '0'))::uuid, ('00000000-0000-7000-8001-' || lpad(to_hex(1 + n % :sites), 12, '0'))::uuid, 'DONE', 'req-' || n, 'bench', jsonb_build_object('n', n)
  FROM generate_series(1, :audit) n;
