/** Stays as rows. */
import { useLingui } from '@lingui/react';
import { graphql } from '../../gql/generated/gql';
import type { StayRowFragment } from '../../gql/generated/graphql';
import { STAY_OUTCOME, STAY_STATE } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';

export const StayRow = graphql(`
  fragment StayRow on Stay {
    ...StayParts
    site { id name timezone }
    bank { id label }
    compartment { id label size }
  }
`);

export function StayTable({ stays, current, open }: { stays: readonly StayRowFragment[]; current?: string; open: (stay: StayRowFragment) => void }) {
  const { i18n } = useLingui();
  const columns: Column<StayRowFragment>[] = [
    { id: 'tracking', header: i18n.t('Tracking number'), cell: (stay) => <span className="mono">{stay.parcels.edges.map((edge) => edge.node.tracking).join(', ') || '–'}</span> },
    {
      id: 'state', header: i18n.t('State'),
      cell: (stay) => (
        <span className="whole">
          {i18n.t(STAY_STATE[stay.state])}{stay.outcome && ` · ${i18n.t(STAY_OUTCOME[stay.outcome])}`} {stay.isOverdue && <Mark tone="medium">{i18n.t('Overdue')}</Mark>}
        </span>
      ),
    },
    { id: 'place', header: i18n.t('Where'), cell: (stay) => `${stay.site.name} · ${stay.bank.label} · ${stay.compartment ? `${stay.compartment.label} (${stay.compartment.size})` : i18n.t('no door yet')}` },
    { id: 'carrier', header: i18n.t('Carrier'), cell: (stay) => stay.carrier?.name ?? '–' },
    { id: 'since', header: i18n.t('Since'), cell: (stay) => <Moment at={stay.depositedAt ?? stay.createdAt} siteZone={stay.site.timezone} /> },
    { id: 'evidence', header: i18n.t('Evidence'), cell: (stay) => stay.evidence },
  ];
  return <DataTable label={i18n.t('Stays')} rows={stays} keyOf={(stay) => stay.id} columns={columns} current={current} onOpen={open} />;
}
