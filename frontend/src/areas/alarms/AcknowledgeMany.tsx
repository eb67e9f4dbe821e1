/** Several alarms at once: a dialog that lists them and asks for their number. */
import { Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useRef, useState } from 'react';
import type { AlarmRowFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ALARM_KIND } from '../../lib/words';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { useAcknowledge } from './acknowledging';
import { placeOf } from './AlarmTable';

export function AcknowledgeMany({ alarms: given, close }: { alarms: readonly AlarmRowFragment[]; close: () => void }) {
  const { i18n } = useLingui();
  const [alarms] = useState(given); // what was chosen when the dialog opened: live changes must not change what is confirmed
  const may = useMay(PERMISSION.acknowledge);
  const [comment, setComment] = useState('');
  const [count, setCount] = useState(alarms.length === 1 ? '1' : '');
  const act = useAcknowledge();
  const settled = useRef(new Set<string>());
  const refusal = !may
    ? i18n.t('Your role may not acknowledge alarms: {permission} is needed.', { permission: PERMISSION.acknowledge })
    : Number(count) === alarms.length ? undefined : i18n.t('Type the number of alarms to confirm.');

  const acknowledge = async (): Promise<void> => {
    if (refusal) return;
    // After a refusal half way, a second press goes on where the first stopped.
    for (const alarm of alarms.filter((each) => !settled.current.has(each.id))) {
      const done = await act.run((idempotencyKey) => ({ input: { idempotencyKey, alarmId: alarm.id, comment: comment.trim() || null } }));
      if (!done) return;
      settled.current.add(alarm.id);
    }
    close();
  };

  return (
    <Modal opened onClose={close} title={i18n.t('Acknowledge alarms')} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Stack gap="sm">
        <ul>{alarms.map((alarm) => <li key={alarm.id}>{i18n.t(ALARM_KIND[alarm.kind])}: {placeOf(alarm)}</li>)}</ul>
        <TextInput label={i18n.t('Comment')} value={comment} maxLength={1000} onChange={(event) => setComment(event.currentTarget.value)} data-autofocus />
        {alarms.length > 1 && <TextInput label={i18n.t('How many alarms are these?')} inputMode="numeric" value={count} onChange={(event) => setCount(event.currentTarget.value)} />}
        {act.problem && <ProblemView problem={act.problem} />}
        <Group justify="flex-end">
          <Text size="sm" c="dimmed">{i18n.t('Your name and the time are kept with them.')}</Text>
          <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void acknowledge()}>{i18n.t('Acknowledge')}</ReasonedButton>
        </Group>
      </Stack>
    </Modal>
  );
}
