-- What users of the peers would write by hand: computed columns for PostGraphile, and one function per mutation for all peers.
CREATE SCHEMA IF NOT EXISTS bench;
GRANT USAGE ON SCHEMA bench TO lockyard_app;
DROP TYPE IF EXISTS bench.occupancy CASCADE;
CREATE TYPE bench.occupancy AS (size text, state text, count int);

CREATE OR REPLACE FUNCTION bench.word(use text, service text, door text, unreachable timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN use <> 'FREE' THEN use WHEN service <> 'IN_SERVICE' THEN 'OUT_OF_SERVICE'
  WHEN door = 'OPEN' OR unreachable IS NOT NULL THEN 'UNAVAILABLE' ELSE 'AVAILABLE' END $$;
CREATE OR REPLACE FUNCTION public.site_occupancy(s public.site) RETURNS SETOF bench.occupancy LANGUAGE sql STABLE AS $$
  SELECT c.size, w.state, count(*)::int FROM compartment c JOIN bank b ON b.tenant_id = c.tenant_id AND b.id = c.bank_id,
    LATERAL (SELECT bench.word(c.use, c.service, c.door, b.unreachable_since) AS state) w
  WHERE c.tenant_id = s.tenant_id AND c.site_id = s.id GROUP BY 1, 2 ORDER BY array_position(ARRAY['S','M','L','XL'], c.size),
    array_position(ARRAY['AVAILABLE','RESERVED','OCCUPIED','OUT_OF_SERVICE','UNAVAILABLE'], w.state) $$;
CREATE OR REPLACE FUNCTION public.site_open_alarm_count(s public.site) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT count(*)::int FROM alarm a WHERE a.tenant_id = s.tenant_id AND a.site_id = s.id AND a.condition = 'ACTIVE' $$;
CREATE OR REPLACE FUNCTION public.site_offline_bank_count(s public.site) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT count(*)::int FROM bank b WHERE b.tenant_id = s.tenant_id AND b.site_id = s.id AND b.unreachable_since IS NOT NULL $$;
CREATE OR REPLACE FUNCTION public.compartment_occupancy(c public.compartment) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT bench.word(c.use, c.service, c.door, b.unreachable_since) FROM bank b WHERE b.tenant_id = c.tenant_id AND b.id = c.bank_id $$;

CREATE OR REPLACE FUNCTION public.bench_reserve(bank uuid, wanted text, tracking text, key text, OUT stay_id uuid, OUT compartment_id uuid)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  tenant uuid := current_setting('app.tenant_id')::uuid; actor uuid := '00000000-0000-7000-8000-0000000000e1'; entry uuid := uuidv7();
  picked record; hash bytea := sha256(convert_to(bank || wanted || tracking, 'UTF8')); before record;
BEGIN
  SELECT k.answer, k.input_hash INTO before FROM idempotency_key k WHERE k.tenant_id = tenant AND k.organization_id = tenant AND k.key = bench_reserve.key;
  IF FOUND THEN
    IF before.input_hash <> hash THEN RAISE EXCEPTION 'key used for another request'; END IF;
    stay_id := (before.answer->>'id')::uuid;
    SELECT s.compartment_id INTO compartment_id FROM stay s WHERE s.tenant_id = tenant AND s.id = stay_id;
    RETURN;
  END IF;
  UPDATE compartment SET use = 'RESERVED' WHERE tenant_id = tenant AND id = (
    SELECT c.id FROM compartment c WHERE c.tenant_id = tenant AND c.bank_id = bank AND c.size = wanted AND c.use = 'FREE'
      AND c.service = 'IN_SERVICE' AND c.door <> 'OPEN' LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, site_id INTO picked;
  IF NOT FOUND THEN RETURN; END IF;
  stay_id := uuidv7(); compartment_id := picked.id;
  INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, flow, state, created_by, created_at, expires_at)
    VALUES (tenant, stay_id, picked.site_id, bank, picked.id, 'DELIVER', 'HELD', actor, now(), now() + interval '1 hour');
  INSERT INTO parcel (tenant_id, id, site_id, stay_id, tracking, state) VALUES (tenant, uuidv7(), picked.site_id, stay_id, bench_reserve.tracking, 'ALLOCATED');
  INSERT INTO audit_entry (tenant_id, id, occurred_at, actor_id, actor_kind, actor_label, organization_id, action, target_type, target_id, site_id, outcome, request_id, origin, details)
    VALUES (tenant, entry, now(), actor, 'PERSON', 'Bench Manager', tenant, 'stay:create', 'Stay', stay_id, picked.site_id, 'DONE', key, 'peer', '{}');
  INSERT INTO outbox (tenant_id, fact_id, kind, subject_type, subject_id, site_id, bank_id, occurred_at, source, actor_id, payload, audit_id)
    VALUES (tenant, uuidv7(), 'StayHeld', 'Stay', stay_id, picked.site_id, bank, now(), 'peer', actor, '{}', entry);
  INSERT INTO idempotency_key (tenant_id, organization_id, key, mutation, input_hash, answer)
    VALUES (tenant, tenant, bench_reserve.key, 'reserve', hash, jsonb_build_object('type', 'Stay', 'id', stay_id));
END $$;

CREATE OR REPLACE FUNCTION public.bench_release(stay uuid, key text, OUT released boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  tenant uuid := current_setting('app.tenant_id')::uuid; actor uuid := '00000000-0000-7000-8000-0000000000e1'; entry uuid := uuidv7(); s record;
BEGIN
  IF EXISTS (SELECT FROM idempotency_key k WHERE k.tenant_id = tenant AND k.organization_id = tenant AND k.key = bench_release.key) THEN
    released := true; RETURN;
  END IF;
  UPDATE stay SET state = 'RELEASED', outcome = 'CANCELLED', released_at = now(), version = version + 1
    WHERE tenant_id = tenant AND id = bench_release.stay AND state = 'HELD' RETURNING * INTO s;
  released := FOUND;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE compartment SET use = 'FREE' WHERE tenant_id = tenant AND id = s.compartment_id;
  UPDATE parcel SET state = 'REMOVED' WHERE tenant_id = tenant AND stay_id = bench_release.stay;
  INSERT INTO audit_entry (tenant_id, id, occurred_at, actor_id, actor_kind, actor_label, organization_id, action, target_type, target_id, site_id, outcome, request_id, origin, details)
    VALUES (tenant, entry, now(), actor, 'PERSON', 'Bench Manager', tenant, 'stay:release', 'Stay', bench_release.stay, s.site_id, 'DONE', key, 'peer', '{}');
  INSERT INTO outbox (tenant_id, fact_id, kind, subject_type, subject_id, site_id, bank_id, occurred_at, source, actor_id, payload, audit_id)
    VALUES (tenant, uuidv7(), 'StayReleased', 'Stay', bench_release.stay, s.site_id, s.bank_id, now(), 'peer', actor, '{}', entry);
  INSERT INTO idempotency_key (tenant_id, organization_id, key, mutation, input_hash, answer)
    VALUES (tenant, tenant, bench_release.key, 'release', '\x00', jsonb_build_object('type', 'Stay', 'id', bench_release.stay));
END $$;
CREATE OR REPLACE FUNCTION public.parcel_stay(p public.parcel) RETURNS public.stay LANGUAGE sql STABLE AS $$
  SELECT s.* FROM stay s WHERE s.tenant_id = p.tenant_id AND s.id = p.stay_id $$;
