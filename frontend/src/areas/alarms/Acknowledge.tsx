/** One alarm: a comment and a press, no dialog. */
import { Stack, Textarea } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import type { AlarmRowFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { useAcknowledge } from './acknowledging';

export function Acknowledge({ alarm }: { alarm: AlarmRowFragment }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.acknowledge);
  const [comment, setComment] = useState('');
  const act = useAcknowledge();
  const refusal = !may
    ? i18n.t('Your role may not acknowledge alarms: {permission} is needed.', { permission: PERMISSION.acknowledge })
    : alarm.acknowledgedAt ? i18n.t('Already acknowledged by {who}.', { who: alarm.acknowledgedBy ?? '' }) : undefined;
  const acknowledge = (): void => {
    if (refusal) return;
    void act.run((idempotencyKey) => ({ input: { idempotencyKey, alarmId: alarm.id, comment: comment.trim() || null } }));
  };
  return (
    <Stack gap="xs">
      {!alarm.acknowledgedAt && (
        <Textarea size="sm" label={i18n.t('Comment')} description={i18n.t('What you saw or will do; others read it.')} autosize minRows={2} maxLength={1000}
          value={comment} onChange={(event) => setComment(event.currentTarget.value)} disabled={!may} />
      )}
      <ReasonedButton refusal={refusal} loading={act.busy} onClick={acknowledge}>{i18n.t('Acknowledge')}</ReasonedButton>
      {act.problem && <ProblemView problem={act.problem} />}
    </Stack>
  );
}
