/** A bank that is not as it was taken over: whoever has compared it and looked at it says that it is the one. */
import { Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { ConfirmBankMutation, ConfirmBankMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ReasonedButton } from '../../ui/ReasonedButton';

const ConfirmMutation = graphql(`
  mutation ConfirmBank($input: ConfirmBankInput!) {
    confirmBank(input: $input) { __typename ... on Bank { id revision differsSince } ...ProblemParts }
  }
`);

type Props = { survey: { id: string; requestedAt: string }; differsSince: string; done: () => void };
const confirmed = (data: ConfirmBankMutation): ConfirmBankMutation['confirmBank'] => data.confirmBank;

export function ConfirmBank({ survey, differsSince, done }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageBanks);
  const [looked, setLooked] = useState(false);
  const [reason, setReason] = useState('');
  const act = useAct<ConfirmBankMutation, ConfirmBankMutationVariables, { id: string }>(ConfirmMutation, confirmed);
  const late = Date.parse(survey.requestedAt) < Date.parse(differsSince);
  const refusal = !may ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks })
    : late ? i18n.t('It was found to be otherwise after this answer: compare again.')
      : !looked ? i18n.t('Go and look first: which door is which cannot be seen from here.')
        : reason.trim() === '' ? i18n.t('Say how you know: it is kept in the audit.') : undefined;
  const confirm = async (): Promise<void> => {
    if (refusal) return;
    if (await act.run((idempotencyKey) => ({ input: { idempotencyKey, surveyId: survey.id, reason: reason.trim() } }))) done();
  };

  return (
    <Stack gap="xs" data-testid="confirm-bank">
      <Text size="sm">
        {i18n.t('Where every door is where it was, and what is behind it too, say so: from then on the bank is known by what the vendor tells now, and its doors open again.')}
      </Text>
      <Checkbox
        size="sm" label={i18n.t('I have stood before this bank, and its doors are the ones that this page shows.')}
        checked={looked} disabled={!may} onChange={(event) => setLooked(event.currentTarget.checked)}
      />
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput flex={1} size="sm" label={i18n.t('How do you know?')} value={reason} maxLength={500} disabled={!may} onChange={(event) => setReason(event.currentTarget.value)} />
        <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void confirm()}>{i18n.t('It is this bank')}</ReasonedButton>
      </Group>
      {act.problem && <ProblemView problem={act.problem} />}
    </Stack>
  );
}
