/** Subscriptions over graphql-transport-ws that continue from the last cursor after every interruption: no gap, no duplicate. */
import type { SubscriptionForwarder } from '@urql/core';
import { type Client, createClient } from 'graphql-ws';
import { noteConnected, noteEvent, noteLost, resync, signedInStore } from './live';

const LONGEST_WAIT_MS = 4_000;
const AGAIN_AFTER_FATAL_MS = 4_000;
const NO_LONGER_NEEDED = 1000;
const SESSION_ENDED: readonly unknown[] = [4401, 4403];

function makeSocket(address: string): Client {
  return createClient({
    url: address,
    lazyCloseTimeout: 3_000,
    keepAlive: 15_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => signedInStore.get() !== false,
    retryWait: async (attempt) => {
      const longest = Math.min(LONGEST_WAIT_MS, 400 * 2 ** attempt);
      await new Promise((resolve) => setTimeout(resolve, longest / 2 + (Math.random() * longest) / 2));
    },
    on: {
      connected: () => void noteConnected(),
      closed: (event) => {
        const { code } = event as CloseEvent;
        if (code === NO_LONGER_NEEDED) return;
        noteLost();
        if (SESSION_ENDED.includes(code)) void askWhetherSignedIn();
      },
    },
  });
}

export function ownAddress(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`;
}

async function askWhetherSignedIn(): Promise<void> {
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-lockyard-client': 'dashboard' },
    body: JSON.stringify({ query: '{ viewer { id } }' }),
  }).catch(() => null); // the server is away: the socket's own retries will tell
  if (answer?.status === 401) signedInStore.set(false);
}

type Message = { __typename?: string; cursor?: string };

function messageOf(data: unknown): Message | undefined {
  return data && typeof data === 'object' ? (Object.values(data)[0] as Message | undefined) : undefined;
}

export function makeForwarder(address: string): SubscriptionForwarder {
  const socket = makeSocket(address);
  return (request) => ({ subscribe: (sink) => follow(socket, request, sink) });
}

type Request = Parameters<SubscriptionForwarder>[0];
type Sink = Parameters<ReturnType<SubscriptionForwarder>['subscribe']>[0];

function follow(socket: Client, request: Request, sink: Sink): { unsubscribe: () => void } {
  // graphql-ws serialises the payload anew at each reconnect: moving `after` in it is what makes the stream resume.
  const resumes = /\$after\b/.test(request.query ?? '');
  const payload = { query: request.query ?? '', variables: { ...(request.variables as Record<string, unknown>) } };
  let stopped = false;
  let stop = (): void => undefined;
  let tooOld = false;

  const start = (): void => {
    stop = socket.subscribe(payload, {
      next: (result) => {
        const message = messageOf(result.data);
        noteEvent();
        if (resumes && message?.cursor) payload.variables['after'] = message.cursor;
        if (message?.__typename === 'ResyncRequiredEvent') {
          tooOld = true;
          void resync();
          return;
        }
        sink.next(result as Parameters<Sink['next']>[0]);
      },
      error: (problem) => {
        if (stopped) return;
        if (Array.isArray(problem)) {
          sink.next({ errors: problem } as Parameters<Sink['next']>[0]);
          return;
        }
        noteLost();
        setTimeout(() => !stopped && signedInStore.get() !== false && start(), AGAIN_AFTER_FATAL_MS);
      },
      complete: () => {
        if (stopped) return;
        if (tooOld) {
          tooOld = false;
          start();
        } else sink.complete();
      },
    });
  };

  start();
  return {
    unsubscribe: () => {
      stopped = true;
      stop();
    },
  };
}
