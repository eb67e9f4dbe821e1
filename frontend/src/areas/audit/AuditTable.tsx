/** The entries, newest first; opening one shows all that is recorded, with its seal. */
import { useLingui } from '@lingui/react';
import { graphql } from '../../gql/generated/gql';
import type { AuditRowFragment } from '../../gql/generated/graphql';
import { AUDIT_OUTCOME } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import classes from './AuditTable.module.css';

export const AuditRow = graphql(`
  fragment AuditRow on AuditEntry {
    id sequence occurredAt actor actorKind action targetType targetId outcome reason requestId origin details hash
    site { id name timezone }
  }
`);

const TONE = { DONE: 'quiet', FAILED: 'medium', DENIED: 'high' } as const;

export function AuditTable({ rows, siteZone, open, toggle }: { rows: readonly AuditRowFragment[]; siteZone?: string; open?: string; toggle: (entry: string | undefined) => void }) {
  const { i18n } = useLingui();
  const columns: Column<AuditRowFragment>[] = [
    { id: 'at', header: i18n.t('When'), cell: (entry) => <Moment at={entry.occurredAt} siteZone={entry.site?.timezone ?? siteZone} /> },
    { id: 'actor', header: i18n.t('Who'), cell: (entry) => entry.actor },
    { id: 'action', header: i18n.t('Action'), cell: (entry) => <span className="code">{entry.action}</span> },
    { id: 'outcome', header: i18n.t('Outcome'), cell: (entry) => <Mark tone={TONE[entry.outcome]}>{i18n.t(AUDIT_OUTCOME[entry.outcome])}</Mark> },
    { id: 'where', header: i18n.t('Where'), cell: (entry) => [entry.site?.name, entry.targetType].filter(Boolean).join(' · ') },
    {
      id: 'why', header: i18n.t('Why'),
      cell: (entry) => (
        <>
          {entry.reason ?? '–'}
          {entry.id === open && <Whole entry={entry} />}
        </>
      ),
    },
  ];
  return (
    <DataTable
      label={i18n.t('Audit')} rows={rows} keyOf={(entry) => entry.id} columns={columns} current={open}
      onOpen={(entry) => toggle(entry.id === open ? undefined : entry.id)}
    />
  );
}

function Whole({ entry }: { entry: AuditRowFragment }) {
  const { i18n } = useLingui();
  const facts: [string, React.ReactNode][] = [
    [i18n.t('Sequence'), entry.sequence ?? i18n.t('not sealed yet')],
    [i18n.t('Seal'), entry.hash ?? '–'],
    [i18n.t('Kind of actor'), entry.actorKind],
    [i18n.t('Origin'), entry.origin],
    [i18n.t('Request'), entry.requestId],
    [i18n.t('Target'), entry.targetId ?? '–'],
    [i18n.t('Details'), JSON.stringify(entry.details, null, 1)],
  ];
  return (
    <dl className={classes['whole']}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
