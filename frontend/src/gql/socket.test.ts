// @vitest-environment node
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';

type Asked = { id: string; variables: Record<string, unknown>; socket: ServerSocket };

let server: WebSocketServer;
let asked: Asked[];
let stop: (() => void) | undefined;

beforeEach(async () => {
  vi.stubGlobal('navigator', { languages: ['en'] });
  asked = [];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' });
  server.on('connection', (socket) => {
    socket.on('message', (raw) => {
      const message = JSON.parse(String(raw)) as { type: string; id: string; payload: { variables: Record<string, unknown> } };
      if (message.type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
      if (message.type === 'subscribe') asked.push({ id: message.id, variables: message.payload.variables, socket });
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => {
  stop?.();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function open() {
  vi.resetModules(); // the state of the badge lives as long as the page: each test is a page of its own
  const { makeForwarder } = await import('./socket');
  const live = await import('./live');
  const seen: unknown[] = [];
  const forward = makeForwarder(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const query = 'subscription Feed($after: String) { alarms(after: $after) { __typename } }';
  const { unsubscribe } = forward({ query, variables: { after: null } } as never, {} as never).subscribe({
    next: (result) => seen.push(result.data), error: () => seen.push('error'), complete: () => seen.push('complete'),
  });
  stop = unsubscribe;
  return { seen, live };
}

const send = ({ id, socket }: Asked, data: object): void => socket.send(JSON.stringify({ id, type: 'next', payload: { data } }));
const asking = async (count: number): Promise<Asked> => {
  await vi.waitFor(() => expect(asked).toHaveLength(count), 5000);
  return asked[count - 1]!;
};

test('a stream that was cut goes on after the last cursor that arrived', async () => {
  const { seen, live } = await open();
  const first = await asking(1);
  expect(first.variables).toEqual({ after: null });
  send(first, { alarms: { __typename: 'AlarmEvent', cursor: 'c1' } });
  send(first, { alarms: { __typename: 'AlarmEvent', cursor: 'c2' } });
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  expect(live.liveStore.get().phase).toBe('live');
  first.socket.terminate();
  await vi.waitFor(() => expect(live.liveStore.get().phase).toBe('offline'));
  const second = await asking(2);
  expect(second.variables).toEqual({ after: 'c2' });
  await vi.waitFor(() => expect(live.liveStore.get().phase).toBe('live'));
});

test('after an outage the page says "live" only when everything was read again', async () => {
  const { live } = await open();
  const first = await asking(1);
  await vi.waitFor(() => expect(live.liveStore.get().phase).toBe('live'));
  first.socket.terminate();
  const phases: string[] = [];
  live.liveStore.watch(() => phases.push(live.liveStore.get().phase));
  await asking(2);
  await vi.waitFor(() => expect(phases.at(-1)).toBe('live'));
  expect(phases.indexOf('resyncing')).toBeGreaterThanOrEqual(0);
  expect(phases.indexOf('resyncing')).toBeLessThan(phases.indexOf('live'));
});

test('a cursor that is too old starts a new stream from the one that was given, and is not shown as an event', async () => {
  const { seen } = await open();
  const first = await asking(1);
  send(first, { alarms: { __typename: 'ResyncRequiredEvent', cursor: 'now' } });
  first.socket.send(JSON.stringify({ id: first.id, type: 'complete' }));
  const second = await asking(2);
  expect(second.variables).toEqual({ after: 'now' });
  expect(seen).toEqual([]);
});
