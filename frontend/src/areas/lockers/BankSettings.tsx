/** What a bank is called, how often it is asked, whether it is filled while it is silent; and deleting one never used. */
import { Button, Checkbox, Group, NumberInput, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { BankSettingsFragment, DeleteBankMutation, DeleteBankMutationVariables, UpdateBankMutation, UpdateBankMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { paths } from '../../paths';
import { ReasonedButton } from '../../ui/ReasonedButton';

export const BankSettingsParts = graphql(`
  fragment BankSettings on Bank { id label pollSeconds blindAllocation }
`);
const UpdateMutation = graphql(`
  mutation UpdateBank($input: UpdateBankInput!) {
    updateBank(input: $input) { __typename ... on Bank { ...BankSettings } ...ProblemParts }
  }
`);
const DeleteMutation = graphql(`
  mutation DeleteBank($input: DeleteNodeInput!) {
    deleteBank(input: $input) { __typename ... on DeletePayload { deletedId } ...ProblemParts }
  }
`);

const updated = (data: UpdateBankMutation): UpdateBankMutation['updateBank'] => data.updateBank;
const deleted = (data: DeleteBankMutation): DeleteBankMutation['deleteBank'] => data.deleteBank;

type Props = { bank: BankSettingsFragment; siteId: string; vendorChooses: boolean };

export function BankSettings(given: Props) {
  const { i18n } = useLingui();
  const { label, pollSeconds, blindAllocation } = given.bank;
  return (
    <details data-testid="bank-settings">
      <summary>{i18n.t('Settings of this bank')}</summary>
      <Form key={`${label} ${pollSeconds} ${blindAllocation}`} {...given} />
    </details>
  );
}

function Form({ bank, siteId, vendorChooses }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageBanks);
  const navigate = useNavigate();
  const [label, setLabel] = useState(bank.label);
  const [seconds, setSeconds] = useState<number | string>(bank.pollSeconds);
  const [blind, setBlind] = useState(bank.blindAllocation);
  const [sure, setSure] = useState(false);
  const act = useAct<UpdateBankMutation, UpdateBankMutationVariables, { id: string }>(UpdateMutation, updated);
  const remove = useAct<DeleteBankMutation, DeleteBankMutationVariables, { deletedId: string }>(DeleteMutation, deleted);
  const denied = may ? undefined : i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks });
  const refusal = denied ?? (label.trim() === '' ? i18n.t('Give it a name.')
    : typeof seconds !== 'number' ? i18n.t('Say how often it is asked.') : undefined);
  const save = async (): Promise<void> => {
    if (refusal || typeof seconds !== 'number') return;
    await act.run((idempotencyKey) => ({
      input: { idempotencyKey, bankId: bank.id, label: label.trim(), pollSeconds: seconds, ...(blind === bank.blindAllocation ? {} : { blindAllocation: blind }) },
    }));
  };
  const erase = async (): Promise<void> => {
    if (await remove.run((idempotencyKey) => ({ input: { idempotencyKey, id: bank.id } }))) await navigate(paths.site(siteId));
  };

  return (
    <Stack gap="xs" mt="xs">
      <Group gap="xs" align="flex-end">
        <TextInput flex={2} size="sm" label={i18n.t('Name')} value={label} maxLength={100} disabled={!may} onChange={(event) => setLabel(event.currentTarget.value)} />
        <NumberInput flex={1} size="sm" label={i18n.t('Asked every so many seconds')} value={seconds} min={0.5} max={3600} disabled={!may} onChange={setSeconds} />
      </Group>
      <Checkbox
        size="sm" label={i18n.t('Give its doors out also while it does not answer')} checked={blind} disabled={!may || (vendorChooses && !blind)}
        description={vendorChooses ? i18n.t('The vendor of this bank chooses doors itself: it must answer for that.') : i18n.t('What is put in then is on nobody’s word but the courier’s.')}
        onChange={(event) => setBlind(event.currentTarget.checked)}
      />
      <Group gap="xs">
        <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void save()}>{i18n.t('Save')}</ReasonedButton>
        {sure
          ? <ReasonedButton color="red.9" refusal={denied} loading={remove.busy} onClick={() => void erase()}>{i18n.t('Delete it for good')}</ReasonedButton>
          : <Button variant="subtle" disabled={!may} onClick={() => setSure(true)}>{i18n.t('Delete this bank')}</Button>}
      </Group>
      {act.problem && <ProblemView problem={act.problem} />}
      {remove.problem && <ProblemView problem={remove.problem} />}
    </Stack>
  );
}
