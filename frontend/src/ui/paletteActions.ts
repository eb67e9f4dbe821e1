/** Pages add their own actions to the command palette while they are shown. */
import { useEffect } from 'react';
import { createStore } from '../lib/store';

export type PaletteAction = { id: string; label: string; hint?: string; run: () => void };

export const pageActions = createStore<readonly PaletteAction[]>([]);

export function usePaletteActions(actions: readonly PaletteAction[]): void {
  const signature = actions.map((action) => `${action.id}:${action.label}`).join('|');
  useEffect(() => {
    pageActions.set([...pageActions.get(), ...actions]);
    return () => pageActions.set(pageActions.get().filter((each) => !actions.includes(each)));
    // oxlint-disable-next-line react/exhaustive-deps -- new closures of the same actions must not re-register on each render
  }, [signature]);
}
