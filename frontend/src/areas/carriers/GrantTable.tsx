/** Grants as a matrix: what is allowed is a mark and a word, what is not is empty. */
import { useLingui } from '@lingui/react';
import { type GrantOperation, OPERATIONS } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { GrantPartsFragment } from '../../gql/generated/graphql';
import { GRANT_STATE, OPERATION } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { Mark, type Tone } from '../../ui/Mark';

export const GrantParts = graphql(`
  fragment GrantParts on Grant {
    id state operations allSites allBanks allSizes sizes validFrom validTo windows { days from to }
    maxOpenStays maxDepositsPerDay maxHoldHours version openStayCount
    operator { id name }
    sites(first: $sites) { edges { node { id name timezone } } totalCount }
  }
`);

export const GRANT_TONE: Record<'ACTIVE' | 'SUSPENDED' | 'REVOKED', Tone> = { ACTIVE: 'plain', SUSPENDED: 'medium', REVOKED: 'quiet' };

export function useScopeWords(): (grant: GrantPartsFragment) => string {
  const { i18n } = useLingui();
  return (grant) => (grant.allSites
    ? i18n.t('All sites')
    : i18n.t('{count, plural, =0 {No site} one {# site} other {# sites}}', { count: grant.sites.totalCount }));
}

type Props = { label: string; grants: readonly GrantPartsFragment[]; current?: string; open?: (grant: GrantPartsFragment) => void; operators?: boolean };

export function GrantTable({ label, grants, current, open, operators = false }: Props) {
  const { i18n } = useLingui();
  const scope = useScopeWords();
  const columns: Column<GrantPartsFragment>[] = [
    ...(operators ? [{ id: 'operator', header: i18n.t('Operator'), cell: (grant: GrantPartsFragment) => grant.operator.name }] : []),
    { id: 'state', header: i18n.t('State'), cell: (grant) => <Mark tone={GRANT_TONE[grant.state]}>{i18n.t(GRANT_STATE[grant.state])}</Mark> },
    {
      id: 'scope', header: i18n.t('Where'),
      cell: (grant) => (open ? <button type="button" className="as-link" onClick={() => open(grant)}>{scope(grant)}</button> : scope(grant)),
    },
    { id: 'sizes', header: i18n.t('Sizes'), cell: (grant) => (grant.allSizes ? i18n.t('All') : grant.sizes.join(', ') || i18n.t('None')) },
    ...OPERATIONS.map((operation) => ({ id: operation, header: i18n.t(OPERATION[operation]), cell: (grant: GrantPartsFragment) => <Allowed grant={grant} operation={operation} /> })),
    {
      id: 'stays', header: i18n.t('Open stays'), align: 'end',
      cell: (grant) => (grant.maxOpenStays === null ? i18n.number(grant.openStayCount) : i18n.t('{count} of {most}', { count: i18n.number(grant.openStayCount), most: i18n.number(grant.maxOpenStays) })),
    },
  ];
  return <DataTable label={label} rows={grants} keyOf={(grant) => grant.id} columns={columns} current={current} onOpen={open} wrapHeaders />;
}

function Allowed({ grant, operation }: { grant: GrantPartsFragment; operation: GrantOperation }) {
  const { i18n } = useLingui();
  if (!grant.operations.includes(operation)) return <span aria-label={i18n.t('no')} role="img">·</span>;
  return <span aria-label={i18n.t('yes')} role="img">✓</span>;
}
