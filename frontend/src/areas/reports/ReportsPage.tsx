/** Every export the viewer may see: who took what, how far it is, and until when it can be fetched. */
import { Button, SegmentedControl } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import type { ExportKind } from '../../gql/enums';
import { ExportProgress } from '../../gql/ExportProgress';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { ExportPartsFragment } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION } from '../../lib/permissions';
import { EXPORT_KIND } from '../../lib/words';
import { paths } from '../../paths';
import { type Column, DataTable } from '../../ui/DataTable';
import { Empty } from '../../ui/Empty';
import { Moment } from '../../ui/Moment';
import { Page, Section } from '../../ui/Page';

const PAGE = 20;
const route = getRouteApi('/inside/reports');

const ExportsQuery = graphql(`
  query Exports($filter: ExportFilter!, $first: Int!, $after: String) {
    exports(filter: $filter, first: $first, after: $after) {
      edges { node { ...ExportParts } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export default function ReportsPage() {
  const { i18n } = useLingui();
  const { kind } = route.useSearch();
  const navigate = route.useNavigate();
  const [after, setAfter] = useState<string | null>(null);
  const variables = useMemo(() => ({ filter: kind ? { kind } : {}, first: PAGE, after }), [kind, after]);
  const { state, reload } = useLiveQuery({ query: ExportsQuery, variables });
  const info = state.data?.exports.pageInfo;
  const choose = (value: string): void => {
    setAfter(null);
    void navigate({ search: value === '' ? {} : { kind: value as ExportKind }, replace: true });
  };
  return (
    <Page needs={PERMISSION.readExports} title={i18n.t('Exports')} lead={i18n.t('Files made from the audit and from stays. Each can be checked by its sha256.')} actions={<CopyAsGraphQL document={ExportsQuery} variables={variables} />}>
      <Section
        title={i18n.t('Files')}
        aside={
          <div className="sideways">
            <SegmentedControl
              size="xs" value={kind ?? ''} onChange={choose} aria-label={i18n.t('Kind')}
              data={[{ value: '', label: i18n.t('All') }, { value: 'AUDIT', label: i18n.t('Audit') }, { value: 'STAYS', label: i18n.t('Stays') }]}
            />
          </div>
        }
      >
        <Gate state={state} reload={reload} lines={6}>
          {(data) => data.exports.edges.length === 0
            ? <Empty title={i18n.t('No export yet')} action={<Link {...paths.audit({ range: '7d' })}>{i18n.t('Go to audit')}</Link>}>{i18n.t('Open the audit or the parcels, choose what you need, and press e.')}</Empty>
            : <Jobs jobs={data.exports.edges.map((edge) => edge.node)} />}
        </Gate>
        {info?.hasNextPage && <Button variant="default" mt="sm" onClick={() => setAfter(info.endCursor)}>{i18n.t('Older exports')}</Button>}
      </Section>
    </Page>
  );
}

function Jobs({ jobs }: { jobs: readonly ExportPartsFragment[] }) {
  const { i18n } = useLingui();
  const columns: Column<ExportPartsFragment>[] = [
    { id: 'kind', header: i18n.t('What'), cell: (job) => `${i18n.t(EXPORT_KIND[job.kind])} · ${job.format}` },
    { id: 'who', header: i18n.t('Who'), cell: (job) => job.requestedBy },
    { id: 'at', header: i18n.t('When'), cell: (job) => <Moment at={job.createdAt} /> },
    { id: 'state', header: i18n.t('State'), cell: (job) => <ExportProgress id={job.id} known={job} /> },
  ];
  return <DataTable label={i18n.t('Exports')} rows={jobs} keyOf={(job) => job.id} columns={columns} />;
}
