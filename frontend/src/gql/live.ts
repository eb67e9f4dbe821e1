/** How live the page is: the state of the socket, the last event, the pause, and what must be read again after an outage. */
import { useEffect, useRef } from 'react';
import { createStore } from '../lib/store';

export type LivePhase = 'connecting' | 'resyncing' | 'live' | 'offline';
export type LiveState = { phase: LivePhase; since: number; lastEventAt: number | null };

export const liveStore = createStore<LiveState>({ phase: 'connecting', since: Date.now(), lastEventAt: null });
export const pausedStore = createStore<boolean>(false);
export const signedInStore = createStore<boolean | null>(null);

type Resync = () => Promise<unknown>;
const resyncs = new Set<Resync>();
let connectedBefore = false;
const FIRST_SUBSCRIPTIONS_MS = 300;

function enter(phase: LivePhase): void {
  if (liveStore.get().phase !== phase) liveStore.set({ ...liveStore.get(), phase, since: Date.now() });
}

export function noteEvent(): void {
  liveStore.set({ ...liveStore.get(), lastEventAt: Date.now() });
}

export function noteLost(): void {
  enter('offline');
}

/** After an outage everything on the screen is read again, and only then does the badge say "Live". */
export async function noteConnected(): Promise<void> {
  if (!connectedBefore) {
    connectedBefore = true;
    enter('live');
    // What happened between the first reads and the first subscriptions was told to nobody: read once more, quietly.
    await new Promise((resolve) => setTimeout(resolve, FIRST_SUBSCRIPTIONS_MS));
    await Promise.allSettled([...resyncs].map((each) => each()));
    return;
  }
  await resync();
}

export async function resync(): Promise<void> {
  enter('resyncing');
  const outcomes = await Promise.allSettled([...resyncs].map((each) => each()));
  if (liveStore.get().phase !== 'resyncing') return;
  enter(outcomes.every((each) => each.status === 'fulfilled') ? 'live' : 'offline');
}

export function useResync(again: Resync): void {
  const latest = useRef(again);
  useEffect(() => {
    latest.current = again;
  });
  useEffect(() => {
    const entry: Resync = () => latest.current();
    resyncs.add(entry);
    return () => {
      resyncs.delete(entry);
    };
  }, []);
}
