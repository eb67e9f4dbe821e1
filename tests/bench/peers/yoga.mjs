// graphql-yoga with dataloaders over pg, as its users write it: per-request transaction behind the tenant wall. JIT=1 adds graphql-jit.
import { createServer } from 'node:http';
import DataLoader from 'dataloader';
import pg from 'pg';
import { createSchema, createYoga } from 'graphql-yoga';
import { useGraphQlJit } from '@envelop/graphql-jit';

pg.types.setTypeParser(1184, (text) => text);
pg.types.setTypeParser(20, Number);
const tenant = process.env.TENANT;
const pool = new pg.Pool({ connectionString: process.env.DSN, max: 10 });
const gid = (type, id) => Buffer.from(`${type}:${id}`).toString('base64');
const raw = (id) => Buffer.from(id, 'base64').toString().split(':')[1];
const time = (t) => t && new Date(t).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
const cursor = (row) => Buffer.from(JSON.stringify([row.occurred_at, row.id])).toString('base64url');

function context() {
  let client;
  const begin = async () => {
    const c = await pool.connect();
    await c.query('BEGIN');
    await c.query("SELECT set_config('app.tenant_id', $1, true)", [tenant]);
    return c;
  };
  const query = async (name, text, values) => (await (await (client ??= begin())).query({ name, text, values })).rows;
  const many = (name, sql, key) => new DataLoader(async (keys) => {
    const rows = await query(name, sql, [tenant, keys]); const groups = new Map(keys.map((k) => [k, []]));
    for (const row of rows) groups.get(row[key])?.push(row);
    return keys.map((k) => groups.get(k));
  });
  const one = (name, sql) => new DataLoader(async (keys) => {
    const found = new Map((await query(name, sql, [tenant, keys])).map((row) => [row.id, row]));
    return keys.map((k) => found.get(k) ?? null);
  });
  return {
    query,
    end: async () => { if (client) { const c = await client; await c.query('COMMIT'); c.release(); client = undefined; } },
    occupancy: many('occupancy', `SELECT c.site_id, c.size, w.state, count(*)::int AS count FROM compartment c JOIN bank b ON b.tenant_id = c.tenant_id AND b.id = c.bank_id,
      LATERAL (SELECT bench.word(c.use, c.service, c.door, b.unreachable_since) AS state) w WHERE c.tenant_id = $1 AND c.site_id = ANY($2::uuid[]) GROUP BY 1, 2, 3
      ORDER BY array_position(ARRAY['S','M','L','XL'], c.size), array_position(ARRAY['AVAILABLE','RESERVED','OCCUPIED','OUT_OF_SERVICE','UNAVAILABLE'], w.state)`, 'site_id'),
    alarms: many('alarms', "SELECT site_id, count(*)::int AS n FROM alarm WHERE tenant_id = $1 AND site_id = ANY($2::uuid[]) AND condition = 'ACTIVE' GROUP BY 1", 'site_id'),
    offline: many('offline', 'SELECT site_id, count(*)::int AS n FROM bank WHERE tenant_id = $1 AND site_id = ANY($2::uuid[]) AND unreachable_since IS NOT NULL GROUP BY 1', 'site_id'),
    banksOf: many('banksOf', 'SELECT id, site_id, label, unreachable_since FROM bank WHERE tenant_id = $1 AND site_id = ANY($2::uuid[]) ORDER BY label, id', 'site_id'),
    doorsOf: many('doorsOf', 'SELECT id, bank_id, site_id, label, size, use, service, door FROM compartment WHERE tenant_id = $1 AND bank_id = ANY($2::uuid[]) ORDER BY label, id', 'bank_id'),
    site: one('site', 'SELECT id, name, city, timezone FROM site WHERE tenant_id = $1 AND id = ANY($2::uuid[])'),
    bank: one('bank', 'SELECT id, site_id, label, unreachable_since FROM bank WHERE tenant_id = $1 AND id = ANY($2::uuid[])'),
    door: one('door', 'SELECT id, bank_id, site_id, label, size, use, service, door FROM compartment WHERE tenant_id = $1 AND id = ANY($2::uuid[])'),
    stay: one('stay', 'SELECT id, state, compartment_id FROM stay WHERE tenant_id = $1 AND id = ANY($2::uuid[])'),
  };
}
const word = (c, bank) => c.use !== 'FREE' ? c.use : c.service !== 'IN_SERVICE' ? 'OUT_OF_SERVICE' : c.door === 'OPEN' || bank.unreachable_since ? 'UNAVAILABLE' : 'AVAILABLE';
const page = (rows, first, after = null) => ({ edges: rows.slice(0, first).map((node) => ({ cursor: after ? after(node) : node.id, node })), pageInfo: { hasNextPage: rows.length > first } });
const typeDefs = /* GraphQL */ `
  type PageInfo { hasNextPage: Boolean! }
  type OccupancyStats { size: String! state: String! count: Int! }
  type Site { id: ID! name: String! city: String! timezone: String! openAlarmCount: Int! offlineBankCount: Int! occupancy: [OccupancyStats!]! banks(first: Int): BankConnection! }
  type Bank { id: ID! label: String! site: Site! compartments(first: Int): CompartmentConnection! }
  type Compartment { id: ID! label: String! size: String! occupancy: String! door: String! bank: Bank! site: Site! }
  type Stay { id: ID! state: String! compartment: Compartment! }
  type Parcel { id: ID! tracking: String! state: String! stay: Stay }
  type AuditEntry { id: ID! occurredAt: String! actor: String! action: String! targetType: String! targetId: ID outcome: String! reason: String requestId: String! origin: String! }
  type SiteEdge { cursor: String! node: Site! } type SiteConnection { edges: [SiteEdge!]! pageInfo: PageInfo! }
  type BankEdge { cursor: String! node: Bank! } type BankConnection { edges: [BankEdge!]! pageInfo: PageInfo! }
  type CompartmentEdge { cursor: String! node: Compartment! } type CompartmentConnection { edges: [CompartmentEdge!]! pageInfo: PageInfo! }
  type ParcelEdge { cursor: String! node: Parcel! } type ParcelConnection { edges: [ParcelEdge!]! pageInfo: PageInfo! }
  type AuditEntryEdge { cursor: String! node: AuditEntry! } type AuditEntryConnection { edges: [AuditEntryEdge!]! pageInfo: PageInfo! }
  input ParcelFilter { tracking: String } input AuditFilter { siteId: ID action: [String!] }
  type Query { sites(first: Int): SiteConnection! parcels(filter: ParcelFilter, first: Int): ParcelConnection! audit(filter: AuditFilter, first: Int, after: String): AuditEntryConnection! }
  enum Size { S M L XL } enum StayOutcome { CANCELLED }
  input ReserveCompartmentInput { idempotencyKey: String! bankId: ID! size: Size! tracking: String! }
  input ReleaseStayInput { idempotencyKey: String! stayId: ID! outcome: StayOutcome! reason: String! }
  type RejectedError { message: String! } union ReserveCompartmentResult = Stay | RejectedError
  type Mutation { reserveCompartment(input: ReserveCompartmentInput!): ReserveCompartmentResult! releaseStay(input: ReleaseStayInput!): ReserveCompartmentResult! }`;
const id = (type) => (row) => gid(type, row.id);
const resolvers = {
  Query: {
    sites: async (_, { first = 50 }, c) => page(await c.query('sites', 'SELECT id, name, city, timezone FROM site WHERE tenant_id = $1 ORDER BY name, id LIMIT $2', [tenant, first + 1]), first),
    parcels: async (_, { filter, first = 50 }, c) => page(await c.query('parcels', 'SELECT id, tracking, state, stay_id FROM parcel WHERE tenant_id = $1 AND (tracking = $2 OR secondary_tracking = $2) ORDER BY created_at DESC, id DESC LIMIT $3', [tenant, filter.tracking, first + 1]), first),
    audit: async (_, { filter, first = 50, after }, c) => {
      const [at, last] = after ? JSON.parse(Buffer.from(after, 'base64url')) : ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
      return page(await c.query('audit', `SELECT id, occurred_at, actor_label, action, target_type, target_id, outcome, reason, request_id, origin FROM audit_entry
        WHERE tenant_id = $1 AND site_id = $2 AND action = ANY($3) AND (occurred_at, id) < ($4, $5) ORDER BY occurred_at DESC, id DESC LIMIT $6`, [tenant, raw(filter.siteId), filter.action, at, last, first + 1]), first, cursor);
    },
  },
  Site: { id: id('Site'), occupancy: (s, _, c) => c.occupancy.load(s.id), openAlarmCount: async (s, _, c) => (await c.alarms.load(s.id))[0]?.n ?? 0, offlineBankCount: async (s, _, c) => (await c.offline.load(s.id))[0]?.n ?? 0,
    banks: async (s, { first = 50 }, c) => page(await c.banksOf.load(s.id), first) },
  Bank: { id: id('Bank'), site: (b, _, c) => c.site.load(b.site_id), compartments: async (b, { first = 50 }, c) => page(await c.doorsOf.load(b.id), first) },
  Compartment: { id: id('Compartment'), occupancy: async (d, _, c) => word(d, await c.bank.load(d.bank_id)), bank: (d, _, c) => c.bank.load(d.bank_id), site: (d, _, c) => c.site.load(d.site_id) },
  Stay: { id: id('Stay'), compartment: (s, _, c) => c.door.load(s.compartment_id) },
  Parcel: { id: id('Parcel'), stay: (p, _, c) => p.stay_id && c.stay.load(p.stay_id) },
  AuditEntry: { id: id('AuditEntry'), occurredAt: (e) => time(e.occurred_at), actor: (e) => e.actor_label, targetType: (e) => e.target_type, targetId: (e) => e.target_id && gid(e.target_type, e.target_id), requestId: (e) => e.request_id },
  ReserveCompartmentResult: { __resolveType: (value) => value.message ? 'RejectedError' : 'Stay' },
  Mutation: {
    reserveCompartment: async (_, { input: i }, c) => { const [row] = await c.query('reserve', 'SELECT * FROM bench_reserve($1, $2, $3, $4)', [raw(i.bankId), i.size, i.tracking, i.idempotencyKey]); return row.stay_id ? c.stay.load(row.stay_id) : { message: 'full' }; },
    releaseStay: async (_, { input: i }, c) => { await c.query('release', 'SELECT * FROM bench_release($1, $2)', [raw(i.stayId), i.idempotencyKey]); return c.stay.load(raw(i.stayId)); },
  },
};
const closing = { onExecute: () => ({ onExecuteDone: async ({ args }) => { await args.contextValue.end(); } }) };
const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), context, logging: 'error', graphiql: false, maskedErrors: false, plugins: [...(process.env.JIT ? [useGraphQlJit()] : []), closing] });
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
