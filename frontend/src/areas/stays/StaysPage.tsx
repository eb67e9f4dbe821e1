/** Parcels and stays: found by tracking number, or listed by site and state. */
import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useLingui } from '@lingui/react';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { ExportDialog } from '../../gql/ExportDialog';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import { SiteChoice, useSiteNames } from '../../gql/SiteChoice';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION, useMay } from '../../lib/permissions';
import type { StaysSearch } from '../../paths';
import { Empty } from '../../ui/Empty';
import { Page, Section } from '../../ui/Page';
import { ReasonedButton } from '../../ui/ReasonedButton';
import classes from './StaysPage.module.css';
import { StayPanel } from './StayPanel';
import { StayTable } from './StayTable';

const PAGE = 50;
const route = getRouteApi('/inside/stays');

const StaysQuery = graphql(`
  query Stays($filter: StayFilter!, $first: Int!, $after: String) {
    stays(filter: $filter, first: $first, after: $after) {
      edges { node { ...StayRow } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const TrackedQuery = graphql(`
  query Tracked($tracking: String!, $first: Int!) {
    parcels(filter: { tracking: $tracking }, first: $first) { edges { node { id tracking state stay { ...StayRow } } } }
  }
`);

type Search = StaysSearch;

export default function StaysPage() {
  const { i18n } = useLingui();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useStays(search);
  const sites = useSiteNames();
  const [exporting, { open, close }] = useDisclosure(false);
  const mayExport = useMay(PERMISSION.createExport);
  useHotkeys([['e', open]]);
  const set = (change: Partial<Search>): void => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false });
  const show = (stay: string | undefined): void => set({ stay });

  return (
    <Page
      title={i18n.t('Parcels')}
      lead={i18n.t('Stays of parcels in lockers, with the grade of evidence for each step.')}
      actions={
        <>
          <ReasonedButton variant="default" onClick={open} refusal={mayExport ? undefined : i18n.t('Your role may not export: {permission} is needed.', { permission: PERMISSION.createExport })}>
            {i18n.t('Export')}
          </ReasonedButton>
          <CopyAsGraphQL document={search.tracking ? TrackedQuery : StaysQuery} variables={list.variables} />
        </>
      }
    >
      <div className={classes['beside']} data-chosen={search.stay ? true : undefined}>
        <Section title={i18n.t('Stays')}>
          <Group gap="xs" mb="sm" className="no-print">
            <Tracking value={search.tracking ?? ''} choose={(tracking) => set({ tracking })} />
            <div className="sideways">
              <SegmentedControl
                size="xs" value={search.view ?? 'open'} onChange={(view) => set({ view: view as Search['view'] })} aria-label={i18n.t('Which stays')} disabled={Boolean(search.tracking)}
                data={[{ value: 'open', label: i18n.t('Still open') }, { value: 'overdue', label: i18n.t('Overdue') }, { value: 'all', label: i18n.t('All') }]}
              />
            </div>
            <SiteChoice value={search.site} choose={(site) => set({ site })} />
          </Group>
          <Gate<unknown> state={list.state} reload={list.reload} lines={10}>
            {() => list.rows.length === 0
              ? <Empty title={i18n.t('No stay fits')}>{search.tracking ? i18n.t('No parcel with this tracking number is known here. Type the whole number.') : i18n.t('Stays appear here as soon as somebody reserves a door.')}</Empty>
              : <StayTable stays={list.rows} current={search.stay} open={(stay) => show(stay.id)} />}
          </Gate>
          {list.more && <Button variant="default" mt="sm" onClick={list.more}>{i18n.t('Older stays')}</Button>}
        </Section>
        {search.stay && <StayPanel key={search.stay} id={search.stay} close={() => show(undefined)} />}
      </div>
      {exporting && (
        <ExportDialog
          kind="STAYS" close={close} what={{ siteId: search.site }}
          facts={[{ name: i18n.t('Site'), value: sites.find((site) => site.id === search.site)?.name ?? i18n.t('All sites') }]}
        />
      )}
    </Page>
  );
}

function Tracking({ value, choose }: { value: string; choose: (tracking: string | undefined) => void }) {
  const { i18n } = useLingui();
  return (
    <form
      key={value}
      onSubmit={(event) => {
        event.preventDefault();
        choose(String(new FormData(event.currentTarget).get('tracking')).trim() || undefined);
      }}
    >
      <TextInput name="tracking" type="search" size="xs" defaultValue={value} aria-label={i18n.t('Tracking number')} placeholder={i18n.t('Tracking number, then Enter')} />
    </form>
  );
}

function useStays(search: Search) {
  const filter = useMemo(() => {
    const views = { open: { open: true }, overdue: { overdue: true }, all: {} };
    const view: keyof typeof views = search.view ?? 'open';
    return { ...views[view], ...(search.site ? { siteId: search.site } : {}) };
  }, [search.view, search.site]);
  const [page, setPage] = useState<{ of: object; after: string | null }>({ of: filter, after: null });
  const after = page.of === filter ? page.after : null;
  const listed = useMemo(() => ({ filter, first: PAGE, after }), [filter, after]);
  const tracked = useMemo(() => ({ tracking: search.tracking ?? '', first: PAGE }), [search.tracking]);
  const byNumber = Boolean(search.tracking);
  const stays = useLiveQuery({ query: StaysQuery, variables: listed, pause: byNumber });
  const parcels = useLiveQuery({ query: TrackedQuery, variables: tracked, pause: !byNumber });
  if (byNumber) {
    const rows = (parcels.state.data?.parcels.edges ?? []).flatMap(({ node }) => (node.stay ? [node.stay] : []));
    return { state: parcels.state, reload: parcels.reload, rows, variables: tracked, more: undefined };
  }
  const info = stays.state.data?.stays.pageInfo;
  const rows = (stays.state.data?.stays.edges ?? []).map((edge) => edge.node);
  const more = info?.hasNextPage ? (): void => setPage({ of: filter, after: info.endCursor }) : undefined;
  return { state: stays.state, reload: stays.reload, rows, variables: listed, more };
}
