/** A value that lives outside React and can be watched by it; optionally kept in the browser. */
import { useSyncExternalStore } from 'react';

export type Store<T> = {
  get: () => T;
  set: (next: T) => void;
  watch: (listener: () => void) => () => void;
};

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** `allowed` guards against a value left behind by an older version of the page. */
export function createKeptStore<T extends string>(key: string, allowed: readonly T[], initial: T): Store<T> {
  const kept = readKept(key);
  const store = createStore<T>(allowed.includes(kept as T) ? (kept as T) : initial);
  store.watch(() => {
    try {
      localStorage.setItem(key, store.get());
    } catch {
      return; // a browser that refuses storage still gets the choice until it is closed
    }
  });
  return store;
}

function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.watch, store.get, store.get);
}
