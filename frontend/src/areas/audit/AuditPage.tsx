/** The record of what was done, tried and denied; every filter stands in the address. */
import { Button } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useLingui } from '@lingui/react';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { ExportDialog } from '../../gql/ExportDialog';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import { useSiteNames } from '../../gql/SiteChoice';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION, useMay } from '../../lib/permissions';
import { zoneStore } from '../../lib/preferences';
import { useStore } from '../../lib/store';
import { formatMoment, pickZone } from '../../lib/time';
import { Empty } from '../../ui/Empty';
import { Page, Section } from '../../ui/Page';
import { usePaletteActions } from '../../ui/paletteActions';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { type Asked, filterOf } from './asking';
import { AuditFilters } from './AuditFilters';
import { AuditTable } from './AuditTable';

const PAGE = 50;
const route = getRouteApi('/inside/audit');

const AuditQuery = graphql(`
  query Audit($filter: AuditFilter!, $first: Int!, $after: String) {
    audit(filter: $filter, first: $first, after: $after) {
      edges { node { ...AuditRow } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export default function AuditPage() {
  const { i18n } = useLingui();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const sites = useSiteNames();
  const site = sites.find((each) => each.id === search.site);
  const zone = pickZone(useStore(zoneStore), site?.timezone);
  const { filter, variables, state, reload, rows, more } = useAudit(search, zone);
  const [exporting, { open, close }] = useDisclosure(false);
  const mayExport = useMay(PERMISSION.createExport);
  useHotkeys([['e', open]]);
  usePaletteActions([{ id: 'audit-export', label: i18n.t('Export the audit'), run: open }]);
  const set = (change: Asked): void => void navigate({ search: { ...search, ...change, entry: undefined }, replace: true });
  const moment = (iso: string | undefined): string => (iso ? `${formatMoment(iso, i18n.locale, zone)} ${zone}` : i18n.t('open'));

  return (
    <Page
      needs={PERMISSION.readAudit}
      title={i18n.t('Audit')}
      lead={i18n.t('Who did what, when, and what was refused. Entries are sealed in order and cannot be changed.')}
      actions={
        <>
          <ReasonedButton
            variant="default" onClick={open}
            refusal={mayExport ? undefined : i18n.t('Your role may not export: {permission} is needed.', { permission: PERMISSION.createExport })}
          >
            {i18n.t('Export')}
          </ReasonedButton>
          <CopyAsGraphQL document={AuditQuery} variables={variables} />
        </>
      }
    >
      <Section title={i18n.t('Entries')}>
        <AuditFilters search={search} set={set} zone={zone} />
        <Gate state={state} reload={reload} lines={12}>
          {() => rows.length === 0
            ? <Empty title={i18n.t('No entry fits')}>{i18n.t('Widen the range or take a filter away. What was denied is recorded too.')}</Empty>
            : <AuditTable rows={rows} siteZone={site?.timezone} open={search.entry} toggle={(entry) => void navigate({ search: { ...search, entry }, replace: true, resetScroll: false })} />}
        </Gate>
        {more && <Button variant="default" mt="sm" onClick={more}>{i18n.t('Older entries')}</Button>}
      </Section>
      {exporting && (
        <ExportDialog
          kind="AUDIT" close={close}
          what={{ siteId: filter.siteId, since: filter.since, until: filter.until, action: filter.action }}
          facts={[
            { name: i18n.t('Site'), value: site?.name ?? i18n.t('All sites') },
            { name: i18n.t('From'), value: moment(filter.since) },
            { name: i18n.t('To'), value: moment(filter.until) },
            { name: i18n.t('Actions'), value: filter.action?.join(', ') ?? i18n.t('All') },
            ...(filter.outcome || filter.targetId ? [{ name: i18n.t('Note'), value: i18n.t('Outcome and target do not narrow an export.') }] : []),
          ]}
        />
      )}
    </Page>
  );
}

function useAudit(search: Asked, zone: string) {
  const [openedAt] = useState(() => Date.now());
  const filter = useMemo(() => filterOf(search, openedAt, zone), [search, openedAt, zone]);
  const [page, setPage] = useState<{ of: object; after: string | null }>({ of: filter, after: null });
  const after = page.of === filter ? page.after : null;
  const variables = useMemo(() => ({ filter, first: PAGE, after }), [filter, after]);
  const { state, reload } = useLiveQuery({ query: AuditQuery, variables });
  const rows = (state.data?.audit.edges ?? []).map((edge) => edge.node);
  const info = state.data?.audit.pageInfo;
  const more = info?.hasNextPage ? (): void => setPage({ of: filter, after: info.endCursor }) : undefined;
  return { filter, variables, state, reload, rows, more };
}
