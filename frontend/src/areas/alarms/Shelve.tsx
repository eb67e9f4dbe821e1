/** Shelving: quiet for a while, with a reason, and back by itself. */
import { NativeSelect, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import type { AlarmRowFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { useShelve } from './acknowledging';

export function Shelve({ alarm }: { alarm: AlarmRowFragment }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.shelve);
  const [minutes, setMinutes] = useState('60');
  const [reason, setReason] = useState('');
  const act = useShelve();
  const refusal = !may
    ? i18n.t('Your role may not shelve alarms: {permission} is needed.', { permission: PERMISSION.shelve })
    : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;
  const shelve = async (): Promise<void> => {
    if (refusal) return;
    const done = await act.run((idempotencyKey) => ({ input: { idempotencyKey, alarmId: alarm.id, minutes: Number(minutes), reason: reason.trim() } }));
    if (done) setReason('');
  };
  return (
    <details>
      <summary>{i18n.t('Shelve for a while')}</summary>
      <Stack gap="xs" mt="xs">
        <NativeSelect
          size="sm" label={i18n.t('How long')} value={minutes} onChange={(event) => setMinutes(event.currentTarget.value)}
          data={[
            { value: '15', label: i18n.t('15 minutes') },
            { value: '60', label: i18n.t('1 hour') },
            { value: '480', label: i18n.t('8 hours') },
            { value: '1440', label: i18n.t('1 day') },
          ]}
        />
        <TextInput size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} disabled={!may} onChange={(event) => setReason(event.currentTarget.value)} />
        <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void shelve()}>{i18n.t('Shelve')}</ReasonedButton>
        {act.problem && <ProblemView problem={act.problem} />}
      </Stack>
    </details>
  );
}
