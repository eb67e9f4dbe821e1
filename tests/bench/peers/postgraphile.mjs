// PostGraphile 5 with its Amber preset on the product's tables, as the application role behind the tenant wall.
import { createServer } from 'node:http';
import { grafserv } from 'postgraphile/grafserv/node';
import { makePgService } from 'postgraphile/adaptors/pg';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { postgraphile } from 'postgraphile';

const tenant = process.env.TENANT;
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.DSN, schemas: ['public', 'bench'] })],
  grafast: { context: () => ({ pgSettings: { 'app.tenant_id': tenant } }) },
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false },
};
const server = createServer();
const instance = postgraphile(preset);
const serv = instance.createServ(grafserv);
await serv.addTo(server);
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
if (process.env.SDL) { const { printSchema } = await import('graphql'); const { schema } = await instance.getSchemaResult(); (await import('node:fs')).writeFileSync(process.env.SDL, printSchema(schema)); }
