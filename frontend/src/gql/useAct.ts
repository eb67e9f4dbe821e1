/** Runs a mutation with one idempotency key per intention, and tells its outcome as data. */
import { type AnyVariables, type TypedDocumentNode, useClient } from 'urql';
import { useCallback, useState } from 'react';
import { useIntentKey } from '../lib/keys';
import { type Problem, problemOf, refusalIn } from './problems';

export type Act<V, R> = {
  run: (make: (idempotencyKey: string) => V) => Promise<R | null>;
  busy: boolean;
  problem: Problem | null;
  clear: () => void;
};

/** `R` is the wanted member of the result union; null means that `problem` says why not. */
export function useAct<D extends object, V extends AnyVariables, R extends object>(
  document: TypedDocumentNode<D, V>,
  pick: (data: D) => R | object,
): Act<V, R> {
  const client = useClient();
  const key = useIntentKey();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const run = useCallback(
    async (make: (idempotencyKey: string) => V): Promise<R | null> => {
      setBusy(true);
      setProblem(null);
      const result = await client.mutation(document, make(key.current())).toPromise();
      setBusy(false);
      // After a lost answer the same key is sent again, so that the act cannot happen twice.
      if (result.error?.networkError) {
        setProblem(problemOf(result.error));
        return null;
      }
      key.renew();
      if (result.error || !result.data) {
        setProblem(result.error ? problemOf(result.error) : { message: '' });
        return null;
      }
      const answer = pick(result.data);
      const refusal = refusalIn(answer);
      setProblem(refusal);
      return refusal ? null : (answer as R);
    },
    [client, document, key, pick],
  );

  const clear = useCallback(() => setProblem(null), []);
  return { run, busy, problem, clear };
}
