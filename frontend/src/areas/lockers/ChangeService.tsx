/** Taking a door out of service, and putting it back; always with a reason. */
import { Group, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import type { Service } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { FaceDoorFragment, SetServiceStateMutation, SetServiceStateMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ReasonedButton } from '../../ui/ReasonedButton';

const ServiceMutation = graphql(`
  mutation SetServiceState($input: SetServiceStateInput!) {
    setServiceState(input: $input) {
      __typename
      ... on Compartment { ...FaceDoor }
      ...ProblemParts
    }
  }
`);

const answerOf = (data: SetServiceStateMutation): SetServiceStateMutation['setServiceState'] => data.setServiceState;

export function ChangeService({ compartmentId, service }: { compartmentId: string; service: Service }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.setService);
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const act = useAct<SetServiceStateMutation, SetServiceStateMutationVariables, FaceDoorFragment>(ServiceMutation, answerOf);
  const to = service === 'OUT_OF_SERVICE' ? 'IN_SERVICE' : 'OUT_OF_SERVICE';
  const refusal = !may
    ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.setService })
    : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;

  const change = async (): Promise<void> => {
    if (refusal) return;
    const end = to === 'OUT_OF_SERVICE' && until ? new Date(until).toISOString() : null;
    const done = await act.run((idempotencyKey) => ({ input: { idempotencyKey, compartmentId, service: to, reason: reason.trim(), until: end } }));
    if (!done) return;
    setReason('');
    setUntil('');
  };

  return (
    <details>
      <summary>{to === 'OUT_OF_SERVICE' ? i18n.t('Take out of service') : i18n.t('Put back into service')}</summary>
      <Stack gap="xs" mt="xs">
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput flex={1} size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} disabled={!may} onChange={(event) => setReason(event.currentTarget.value)} />
          <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void change()}>
            {to === 'OUT_OF_SERVICE' ? i18n.t('Take out') : i18n.t('Put back')}
          </ReasonedButton>
        </Group>
        {to === 'OUT_OF_SERVICE' && (
          <TextInput
            size="sm" type="datetime-local" label={i18n.t('Until, in the time of this device')} value={until} disabled={!may}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
        )}
        {act.problem && <ProblemView problem={act.problem} />}
      </Stack>
    </details>
  );
}
