/** A query that is read again after an outage, and at most so often when events ask for it. */
import { useCallback, useEffect, useRef } from 'react';
import { type AnyVariables, type TypedDocumentNode, useClient, useQuery, type UseQueryState } from 'urql';
import { useStore } from '../lib/store';
import { pausedStore, useResync } from './live';

type Args<D, V extends AnyVariables> = { query: TypedDocumentNode<D, V>; variables: V; pause?: boolean; context?: undefined };
export type LiveQuery<D> = { state: UseQueryState<D>; reload: () => Promise<unknown>; reloadSoon: () => void };

export function useLiveQuery<D, V extends AnyVariables>(args: Args<D, V>, atMostEveryMs = 1000): LiveQuery<D> {
  const client = useClient();
  const [state] = useQuery<D, V>({ query: args.query, variables: args.variables, pause: args.pause, requestPolicy: 'cache-and-network' } as never);
  const latest = useRef(args);
  useEffect(() => {
    latest.current = args;
  });

  const reload = useCallback(async () => {
    const { query, variables, pause } = latest.current;
    if (pause) return;
    const result = await client.query(query, variables, { requestPolicy: 'network-only' }).toPromise();
    if (result.error) throw result.error;
  }, [client]);

  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const lastAt = useRef(0);
  const reloadSoon = useCallback(() => {
    if (timer.current) return;
    const wait = Math.max(0, lastAt.current + atMostEveryMs - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      lastAt.current = Date.now();
      // A failed refresh leaves the screen as it is; the badge already says that the server is away.
      reload().catch(() => undefined);
    }, wait);
  }, [reload, atMostEveryMs]);
  useEffect(() => () => clearTimeout(timer.current), []);

  useResync(reload);
  return { state, reload, reloadSoon };
}

/** For what changes without an event. A page in the background, or one that is paused, asks for nothing. */
export function useEvery(everyMs: number, ask: () => void): void {
  const paused = useStore(pausedStore);
  const latest = useRef(ask);
  useEffect(() => {
    latest.current = ask;
  });
  useEffect(() => {
    if (paused) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && latest.current(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, paused]);
}
