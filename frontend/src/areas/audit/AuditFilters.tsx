/** The filters of the audit, and the range in the zone that is printed beside it. */
import { Button, Group, NativeSelect, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { type AuditOutcome, AUDIT_OUTCOMES } from '../../gql/enums';
import { SiteChoice } from '../../gql/SiteChoice';
import { instantToLocal, localToInstant, type Preset } from '../../lib/time';
import { AUDIT_OUTCOME } from '../../lib/words';
import type { Asked } from './asking';

const KNOWN_ACTIONS = [
  'alarm:acknowledge', 'alarm:shelve', 'api_key:manage', 'bank:manage', 'bank:reachable', 'bank:unreachable', 'command:accepted',
  'command:unconfirmed', 'compartment:open', 'compartment:service', 'door:closed', 'door:opened', 'export:create', 'grant:manage',
  'item:changed', 'person:manage', 'session:create', 'session:end', 'site:manage', 'stay:collect', 'stay:create', 'stay:deposit',
  'stay:extend', 'stay:release',
];

export function AuditFilters({ search, set, zone }: { search: Asked; set: (change: Asked) => void; zone: string }) {
  const { i18n } = useLingui();
  return (
    <Group gap="xs" mb="sm" align="flex-end" className="no-print">
      <SiteChoice value={search.site} choose={(site) => set({ site })} />
      <Action key={search.action ?? ''} value={search.action ?? ''} choose={(action) => set({ action: action || undefined })} />
      <NativeSelect
        size="xs" aria-label={i18n.t('Outcome')} value={search.outcome ?? ''} onChange={(event) => set({ outcome: (event.currentTarget.value || undefined) as AuditOutcome | undefined })}
        data={[{ value: '', label: i18n.t('Any outcome') }, ...AUDIT_OUTCOMES.map((value) => ({ value, label: i18n.t(AUDIT_OUTCOME[value]) }))]}
      />
      <NativeSelect
        size="xs" aria-label={i18n.t('Range')} value={search.range ?? ''}
        onChange={(event) => set({ range: (event.currentTarget.value || undefined) as Preset | undefined, since: undefined, until: undefined })}
        data={[
          { value: '', label: search.since || search.until ? i18n.t('From and to') : i18n.t('Any time') },
          { value: '1h', label: i18n.t('Last hour') },
          { value: 'today', label: i18n.t('Today') },
          { value: '24h', label: i18n.t('Last 24 hours') },
          { value: '7d', label: i18n.t('Last 7 days') },
          { value: '30d', label: i18n.t('Last 30 days') },
        ]}
      />
      <Bound label={i18n.t('From')} value={search.since} zone={zone} choose={(since) => set({ since, range: undefined })} />
      <Bound label={i18n.t('To')} value={search.until} zone={zone} choose={(until) => set({ until, range: undefined })} />
      <Text size="xs" c="dimmed">{zone}</Text>
      {search.target && <Button size="xs" variant="default" onClick={() => set({ target: undefined })}>{i18n.t('One target only ×')}</Button>}
    </Group>
  );
}

function Bound({ label, value, zone, choose }: { label: string; value?: string; zone: string; choose: (instant: string | undefined) => void }) {
  return (
    <TextInput
      size="xs" type="datetime-local" aria-label={`${label} (${zone})`} value={instantToLocal(value, zone)}
      onChange={(event) => choose(localToInstant(event.currentTarget.value, zone))}
    />
  );
}

/** The address changes when the word is finished, not at each letter. */
function Action({ value, choose }: { value: string; choose: (action: string) => void }) {
  const { i18n } = useLingui();
  const [text, setText] = useState(value);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        choose(text.trim());
      }}
    >
      <TextInput
        size="xs" aria-label={i18n.t('Action')} placeholder={i18n.t('Any action')} value={text} list="audit-actions"
        onChange={(event) => {
          setText(event.currentTarget.value);
          if (KNOWN_ACTIONS.includes(event.currentTarget.value) || event.currentTarget.value === '') choose(event.currentTarget.value);
        }}
        onBlur={() => text.trim() !== value && choose(text.trim())}
      />
      <datalist id="audit-actions">{KNOWN_ACTIONS.map((action) => <option key={action} value={action} />)}</datalist>
    </form>
  );
}
