/** When more alarms come than a person can manage, what they have in common: how many of which kind, and where. */
import { Alert, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useMemo, useState } from 'react';
import { useAlarmsFeed } from '../../gql/feeds';
import { graphql } from '../../gql/generated/gql';
import type { AlarmKind } from '../../gql/enums';
import { useEvery, useLiveQuery } from '../../gql/useLiveQuery';
import { ALARM_KIND } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { type Counted, FLOOD, floodSince, grouped } from './flood';

const MOST = 200;
const SHOWN = 5;
const LOOK_MS = 15_000;

const FloodQuery = graphql(`
  query AlarmFlood($since: DateTime!, $first: Int!) {
    alarms(filter: { since: $since }, first: $first) { edges { node { id kind site { id name } } } }
  }
`);

export function Flood({ narrow }: { narrow: (site: string) => void }) {
  const { i18n } = useLingui();
  const [since, setSince] = useState(() => floodSince(Date.now()));
  const { state, reloadSoon } = useLiveQuery({ query: FloodQuery, variables: useMemo(() => ({ since, first: MOST }), [since]) }, 2000);
  useEvery(LOOK_MS, () => setSince(floodSince(Date.now())));
  useAlarmsFeed(() => reloadSoon());
  const raised = (state.data?.alarms.edges ?? []).map((edge) => edge.node);
  if (raised.length <= FLOOD.alarms) return null;

  const columns: Column<Counted<AlarmKind>>[] = [
    { id: 'kind', header: i18n.t('Alarm'), cell: (each) => i18n.t(ALARM_KIND[each.kind]) },
    { id: 'site', header: i18n.t('Site'), cell: (each) => <button type="button" className="as-link" onClick={() => narrow(each.site.id)}>{each.site.name}</button> },
    { id: 'count', header: i18n.t('Count'), align: 'end', cell: (each) => i18n.number(each.count) },
  ];
  const count = raised.length === MOST ? `${i18n.number(MOST)}+` : i18n.number(raised.length);
  return (
    <Alert color="orange" variant="outline" role="status" data-testid="flood" title={i18n.t('Flood of alarms: {count} in {minutes} minutes', { count, minutes: FLOOD.minutes })}>
      <Text size="sm" mb="xs">{i18n.t('Look for what they have in common before you answer them one by one.')}</Text>
      <DataTable label={i18n.t('What most of them are')} rows={grouped(raised).slice(0, SHOWN)} keyOf={(each) => `${each.kind} ${each.site.id}`} columns={columns} />
    </Alert>
  );
}
