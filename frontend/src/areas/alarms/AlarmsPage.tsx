/** Alarms: a list that stays still under the pointer, and the chosen alarm with what is expected of a person. */
import { Button } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useLingui } from '@lingui/react';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useAlarmsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { AlarmRowFragment } from '../../gql/generated/graphql';
import { pausedStore } from '../../gql/live';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION } from '../../lib/permissions';
import { useStore } from '../../lib/store';
import { Empty } from '../../ui/Empty';
import { NewRows, useAttention } from '../../ui/NewRows';
import { Page, Section } from '../../ui/Page';
import { usePaletteActions } from '../../ui/paletteActions';
import { AcknowledgeMany } from './AcknowledgeMany';
import { AlarmFilters } from './AlarmFilters';
import { AlarmPanel } from './AlarmPanel';
import { AlarmTable } from './AlarmTable';
import classes from './AlarmsPage.module.css';
import { Flood } from './Flood';
import { filterOf, noteNew } from './listing';

const PAGE = 50;
const route = getRouteApi('/inside/alarms');

const AlarmsQuery = graphql(`
  query Alarms($filter: AlarmFilter!, $first: Int!, $after: String) {
    alarms(filter: $filter, first: $first, after: $after) {
      edges { node { ...AlarmRow } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export default function AlarmsPage() {
  const { i18n } = useLingui();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = useMemo(() => filterOf(search), [search]);
  const list = useAlarmList(filter);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState(false);
  const show = (id: string | undefined): void => void navigate({ search: { ...search, alarm: id }, replace: true, resetScroll: false });
  const picked = list.rows.filter((alarm) => chosen.has(alarm.id) && !alarm.acknowledgedAt);
  const acknowledge = (): void => {
    if (picked.length > 0) setBulk(true);
  };
  useHotkeys([['a', acknowledge]]);
  usePaletteActions([
    { id: 'alarms-unack', label: i18n.t('Show alarms nobody has acknowledged'), run: () => void navigate({ search: { view: 'unacknowledged' } }) },
  ]);

  return (
    <Page needs={PERMISSION.readAlarms} title={i18n.t('Alarms')} lead={i18n.t('Conditions that need a person, with the action expected.')} actions={<CopyAsGraphQL document={AlarmsQuery} variables={list.variables} />}>
      <Flood narrow={(site) => void navigate({ search: { ...search, site }, replace: true })} />
      <div className={classes['beside']} data-chosen={search.alarm ? true : undefined}>
        <Section title={i18n.t('List')} aside={<NewRows count={list.waiting} show={list.showNew} />}>
          <AlarmFilters search={search} set={(change) => void navigate({ search: { ...search, ...change }, replace: true })} />
          <div {...list.attention}>
            <Gate state={list.state} reload={list.reload} lines={10}>
              {() => list.rows.length === 0
                ? <Empty title={i18n.t('No alarm fits')}>{i18n.t('Nothing is wrong as far as these filters reach. New alarms appear here by themselves.')}</Empty>
                : (
                  <AlarmTable
                    alarms={list.rows} current={search.alarm} open={(alarm) => show(alarm.id)} chosen={chosen}
                    toggle={(id) => setChosen(toggled(chosen, id))}
                  />
                )}
            </Gate>
          </div>
          <div className={classes['under']}>
            {picked.length > 0 && <Button onClick={acknowledge}>{i18n.t('{count, plural, one {Acknowledge # alarm} other {Acknowledge # alarms}}', { count: picked.length })}</Button>}
            {list.more && <Button variant="default" onClick={list.more}>{i18n.t('Older alarms')}</Button>}
          </div>
        </Section>
        {search.alarm && <AlarmPanel key={search.alarm} id={search.alarm} close={() => show(undefined)} />}
      </div>
      {bulk && (
        <AcknowledgeMany
          alarms={picked}
          close={() => {
            setBulk(false);
            setChosen(new Set());
          }}
        />
      )}
    </Page>
  );
}

function toggled(chosen: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(id)) next.add(id);
  return next;
}

function useAlarmList(filter: ReturnType<typeof filterOf>) {
  const [page, setPage] = useState<{ of: object; after: string | null }>({ of: filter, after: null });
  const after = page.of === filter ? page.after : null;
  const variables = useMemo(() => ({ filter, first: PAGE, after }), [filter, after]);
  const { state, reload } = useLiveQuery({ query: AlarmsQuery, variables });
  const newest = useLiveQuery({ query: AlarmsQuery, variables: useMemo(() => ({ filter, first: PAGE, after: null }), [filter]) }, 500);
  const rows: AlarmRowFragment[] = (state.data?.alarms.edges ?? []).map((edge) => edge.node);
  const [waiting, setWaiting] = useState<{ of: object; ids: ReadonlySet<string> }>({ of: filter, ids: new Set() });
  const ids = waiting.of === filter ? waiting.ids : new Set<string>();
  const attention = useAttention();
  const paused = useStore(pausedStore);

  const showNew = (): void => {
    setWaiting({ of: filter, ids: new Set() });
    newest.reloadSoon();
  };
  useAlarmsFeed((alarm) => {
    const next = noteNew(ids, alarm, filter, rows);
    if (next === ids) return;
    if (paused || attention.attentive()) setWaiting({ of: filter, ids: next });
    else newest.reloadSoon();
  });

  const info = state.data?.alarms.pageInfo;
  const more = info?.hasNextPage ? (): void => setPage({ of: filter, after: info.endCursor }) : undefined;
  return { state, rows, variables, reload, waiting: ids.size, showNew, attention: attention.props, more };
}
