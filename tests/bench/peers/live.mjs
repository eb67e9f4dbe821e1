// npm graphql-ws over ws, as its documentation shows it: one async iterator a subscriber, events from memory. POST /emit sends one.
import { createServer } from 'node:http';
import { EventEmitter, on } from 'node:events';
import { WebSocketServer } from 'ws';
import { useServer } from 'graphql-ws/use/ws';
import { buildSchema } from 'graphql';

const schema = buildSchema(`
type Query { ok: Boolean }
type Site { name: String! }
type Compartment { label: String! }
type Alarm { id: ID! kind: String! severity: String! detail: String! raisedAt: String! site: Site! compartment: Compartment }
type AlarmEvent { cursor: String! kind: String! alarm: Alarm! }
type ResyncRequiredEvent { cursor: String! message: String! }
union AlarmsMessage = AlarmEvent | ResyncRequiredEvent
type Subscription { alarms: AlarmsMessage! }`);
const bus = new EventEmitter();
bus.setMaxListeners(0);
const alarm = { id: 'QWxhcm06MQ==', kind: 'FORCED_OPEN', severity: 'CRITICAL', detail: 'Door 14 opened without a command.', raisedAt: '2026-11-20T12:00:00.000000Z', site: { name: 'Harbour North' }, compartment: { label: '14' } };
const roots = { subscription: { async *alarms() { for await (const [event] of on(bus, 'alarm')) yield { alarms: event }; } } };
const server = createServer((request, response) => {
  if (request.url === '/emit') bus.emit('alarm', { __typename: 'AlarmEvent', cursor: String(Date.now()), kind: 'AlarmRaised', alarm });
  response.end('ok');
});
useServer({ schema, roots, onConnect: (ctx) => Boolean(ctx.connectionParams?.Authorization) }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
