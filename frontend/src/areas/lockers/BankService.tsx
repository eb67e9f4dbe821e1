/** Taking every door of a bank out of service until a moment, and putting all back; always with a reason. */
import { Group, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { SetBankServiceMutation, SetBankServiceMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ReasonedButton } from '../../ui/ReasonedButton';

const ServiceMutation = graphql(`
  mutation SetBankService($input: SetBankServiceStateInput!) {
    setBankServiceState(input: $input) {
      __typename
      ... on Bank { id compartments(first: 100) { edges { node { ...FaceDoor } } } }
      ...ProblemParts
    }
  }
`);

const answerOf = (data: SetBankServiceMutation): SetBankServiceMutation['setBankServiceState'] => data.setBankServiceState;

export function BankService({ bankId }: { bankId: string }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.setService);
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const act = useAct<SetBankServiceMutation, SetBankServiceMutationVariables, { id: string }>(ServiceMutation, answerOf);
  const refusal = !may
    ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.setService })
    : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;

  const change = async (service: 'IN_SERVICE' | 'OUT_OF_SERVICE'): Promise<void> => {
    if (refusal) return;
    const end = service === 'OUT_OF_SERVICE' && until ? new Date(until).toISOString() : null;
    const done = await act.run((idempotencyKey) => ({ input: { idempotencyKey, bankId, service, reason: reason.trim(), until: end } }));
    if (done) setReason('');
  };

  return (
    <details>
      <summary>{i18n.t('Take the whole bank out of service')}</summary>
      <Stack gap="xs" mt="xs">
        <Group gap="xs" align="flex-end">
          <TextInput flex={1} size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} disabled={!may} onChange={(event) => setReason(event.currentTarget.value)} />
          <TextInput
            size="sm" type="datetime-local" label={i18n.t('Until, in the time of this device')} value={until} disabled={!may}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
        </Group>
        <Group gap="xs">
          <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void change('OUT_OF_SERVICE')}>{i18n.t('Take all out')}</ReasonedButton>
          <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void change('IN_SERVICE')}>{i18n.t('Put all back')}</ReasonedButton>
        </Group>
        {act.problem && <ProblemView problem={act.problem} />}
      </Stack>
    </details>
  );
}
