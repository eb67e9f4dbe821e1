/** Shows what was read; before that a skeleton, and when it failed the reason with a way to try again. */
import { useLingui } from '@lingui/react';
import type { UseQueryState } from 'urql';
import { Delayed } from '../ui/Delayed';
import { problemOf } from './problems';
import { ProblemView } from './ProblemView';

type Props<D> = { state: UseQueryState<D>; reload?: () => Promise<unknown>; lines?: number; children: (data: D) => React.ReactNode };

export function Gate<D>({ state, reload, lines, children }: Props<D>) {
  const { i18n } = useLingui();
  const retry = reload && (() => void reload().catch(() => undefined)); // a second failure shows itself here again
  const problem = state.error && <ProblemView problem={problemOf(state.error)} retry={retry} />;
  if (state.data) return <>{problem}{children(state.data)}</>;
  return problem ?? <Delayed label={i18n.t('Loading')} lines={lines} />;
}
