/** The portfolio: every site at a glance, the worst first, renewed as facts arrive. */
import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { BoardSiteFragment } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { useNow } from '../../lib/now';
import { PERMISSION, useMay } from '../../lib/permissions';
import { formatClock } from '../../lib/time';
import { paths } from '../../paths';
import { type Column, DataTable } from '../../ui/DataTable';
import { Empty } from '../../ui/Empty';
import { Figures } from '../../ui/Figures';
import { FillBar } from '../../ui/FillBar';
import { Mark } from '../../ui/Mark';
import { Page, Section } from '../../ui/Page';
import { arrange, ChangedSites, fillBySize, fillOf, inTrouble, type SiteOrder, totalsOf, usedShare } from './board';
import classes from './BoardPage.module.css';

const PAGE = 100;
const READ_AGAIN_MS = 800;
const route = getRouteApi('/inside/sites');

const BoardQuery = graphql(`
  query Board($first: Int!) {
    sites(first: $first) {
      edges { node { ...BoardSite } }
      totalCount
    }
  }
`);

const ChangedQuery = graphql(`
  query BoardChanged($ids: [ID!]!) {
    nodes(ids: $ids) { ...BoardSite }
  }
  fragment BoardSite on Site {
    id name city country timezone openAlarmCount offlineBankCount bankCount compartmentCount
    occupancy { size state count }
  }
`);

export default function BoardPage() {
  const { i18n } = useLingui();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { state, reload } = useLiveQuery({ query: BoardQuery, variables: { first: PAGE } });
  useChangedSites();
  const set = (change: typeof search): void => void navigate({ search: { ...search, ...change }, replace: true });

  return (
    <Page
      title={i18n.t('Sites')}
      lead={i18n.t('Occupancy, open alarms and offline banks of every site you look after.')}
      actions={<CopyAsGraphQL document={BoardQuery} variables={{ first: PAGE }} />}
    >
      <Gate state={state} reload={reload} lines={10}>
        {(data) => {
          const all = data.sites.edges.map((edge) => edge.node);
          const shown = arrange(all, search.sort ?? 'worst', search.q ?? '', search.only);
          return (
            <>
              <Section title={i18n.t('All sites together')}><Sums sites={all} /></Section>
              <Section title={i18n.t('Site by site')} aside={<Filters search={search} set={set} />}>
                {shown.length === 0 ? (
                  <Empty
                    title={all.length === 0 ? i18n.t('No site yet') : i18n.t('No site fits')}
                    action={all.length > 0 && <Button variant="default" onClick={() => void navigate({ search: {} })}>{i18n.t('Show all sites')}</Button>}
                  >
                    {all.length === 0
                      ? i18n.t('Sites appear here once your role covers some of them, or once one is created through the API.')
                      : i18n.t('No site matches the search and the filter.')}
                  </Empty>
                ) : (
                  <Board sites={shown} open={(site) => void navigate(paths.site(site.id))} />
                )}
              </Section>
            </>
          );
        }}
      </Gate>
    </Page>
  );
}

function useChangedSites(): void {
  const client = useClient();
  const [changed] = useState(
    () => new ChangedSites((ids) => void client.query(ChangedQuery, { ids }, { requestPolicy: 'network-only' }).toPromise(), READ_AGAIN_MS),
  );
  useFactsFeed((fact) => changed.note(fact.site?.id));
  useEffect(() => () => changed.stop(), [changed]);
}

function Sums({ sites }: { sites: readonly BoardSiteFragment[] }) {
  const { i18n } = useLingui();
  const totals = totalsOf(sites);
  const alarms = useMay(PERMISSION.readAlarms);
  return (
    <Figures
      figures={[
        { name: i18n.t('Sites'), value: i18n.number(totals.sites) },
        { name: i18n.t('Doors in use'), value: i18n.number(usedShare(totals.fill), { style: 'percent' }), more: i18n.t('of {total}', { total: i18n.number(totals.fill.total) }) },
        { name: i18n.t('Free doors'), value: i18n.number(totals.fill.free) },
        ...(alarms ? [{ name: i18n.t('Open alarms'), value: i18n.number(totals.openAlarms), tone: totals.openAlarms > 0 ? 'high' as const : undefined }] : []),
        { name: i18n.t('Offline banks'), value: i18n.number(totals.offlineBanks), tone: totals.offlineBanks > 0 ? 'high' : undefined, more: i18n.t('of {total}', { total: i18n.number(totals.banks) }) },
      ]}
    />
  );
}

function Filters({ search, set }: { search: { q?: string; sort?: SiteOrder; only?: 'trouble' }; set: (change: { q?: string; sort?: SiteOrder; only?: 'trouble' }) => void }) {
  const { i18n } = useLingui();
  return (
    <Group gap="xs" className="no-print">
      <TextInput
        aria-label={i18n.t('Search sites')} placeholder={i18n.t('Name or city')} size="xs" value={search.q ?? ''}
        onChange={(event) => set({ q: event.currentTarget.value || undefined })}
      />
      <NativeSelect
        aria-label={i18n.t('Order')} size="xs" value={search.sort ?? 'worst'} onChange={(event) => set({ sort: event.currentTarget.value as SiteOrder })}
        data={[
          { value: 'worst', label: i18n.t('Worst first') },
          { value: 'name', label: i18n.t('By name') },
          { value: 'city', label: i18n.t('By city') },
          { value: 'free', label: i18n.t('Fewest free first') },
        ]}
      />
      <Button
        size="xs" variant={search.only ? 'filled' : 'default'} aria-pressed={search.only === 'trouble'}
        onClick={() => set({ only: search.only ? undefined : 'trouble' })}
      >
        {i18n.t('Only with trouble')}
      </Button>
    </Group>
  );
}

function Board({ sites, open }: { sites: readonly BoardSiteFragment[]; open: (site: BoardSiteFragment) => void }) {
  const { i18n } = useLingui();
  const now = useNow();
  const alarms = useMay(PERMISSION.readAlarms);
  const columns: Column<BoardSiteFragment>[] = [
    {
      id: 'site', header: i18n.t('Site'),
      cell: (site) => (
        <>
          <Link {...paths.site(site.id)}><strong>{site.name}</strong></Link>
          <div className={classes['place']}>{site.city}, {site.country} · {formatClock(now, i18n.locale, site.timezone)} {site.timezone}</div>
        </>
      ),
    },
    {
      id: 'sizes', header: i18n.t('Free by size'),
      cell: (site) => <div className={classes['sizes']}>{fillBySize(site.occupancy).map(([size, fill]) => <FillBar key={size} label={size} fill={fill} />)}</div>,
    },
    { id: 'used', header: i18n.t('In use'), align: 'end', cell: (site) => i18n.number(usedShare(fillOf(site.occupancy)), { style: 'percent' }) },
    // To whom they are not told, none is no answer.
    ...(alarms ? [{
      id: 'alarms', header: i18n.t('Open alarms'),
      cell: (site: BoardSiteFragment) => site.openAlarmCount > 0
        ? <Link {...paths.alarms({ site: site.id })}><Mark tone="high">{i18n.number(site.openAlarmCount)}</Mark></Link>
        : <Mark tone="quiet">{i18n.t('None')}</Mark>,
    }] : []),
    {
      id: 'offline', header: i18n.t('Offline banks'),
      cell: (site) => (
        <Mark tone={site.offlineBankCount > 0 ? 'high' : 'quiet'}>
          {i18n.t('{offline} of {banks}', { offline: i18n.number(site.offlineBankCount), banks: i18n.number(site.bankCount) })}
        </Mark>
      ),
    },
  ];
  return (
    <DataTable label={i18n.t('Sites')} rows={sites} keyOf={(site) => site.id} columns={columns} onOpen={open} toneOf={(site) => (inTrouble(site) ? 'high' : undefined)} />
  );
}
