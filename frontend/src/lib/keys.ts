/** Idempotency keys: one per intention of a person, kept while they retry, renewed when they mean something new. */
import { useCallback, useRef } from 'react';

/** 128 random bits in hex; crypto.randomUUID is missing where the page is served without TLS under a name. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function useIntentKey(): { current: () => string; renew: () => void } {
  const key = useRef<string | null>(null);
  const current = useCallback(() => {
    key.current ??= newKey();
    return key.current;
  }, []);
  const renew = useCallback(() => {
    key.current = null;
  }, []);
  return { current, renew };
}
