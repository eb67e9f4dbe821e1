/** Saying that the parcel lies in the door. */
import { Stack } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { graphql } from '../../gql/generated/gql';
import type { ConfirmDepositMutation, ConfirmDepositMutationVariables, StayRowFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { type Abilities, has } from '../../lib/abilities';
import { PERMISSION, useMay } from '../../lib/permissions';
import { ReasonedButton } from '../../ui/ReasonedButton';

const ConfirmMutation = graphql(`
  mutation ConfirmDeposit($input: ConfirmDepositInput!) {
    confirmDeposit(input: $input) { __typename ... on Stay { ...StayRow } ...ProblemParts }
  }
`);

const confirmed = (data: ConfirmDepositMutation): ConfirmDepositMutation['confirmDeposit'] => data.confirmDeposit;
const BEFORE: readonly string[] = ['HELD', 'ACCESS_ISSUED', 'DEPOSITING'];

export function ConfirmDeposit({ stay, capabilities }: { stay: StayRowFragment; capabilities: Abilities }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.deposit);
  const act = useAct<ConfirmDepositMutation, ConfirmDepositMutationVariables, StayRowFragment>(ConfirmMutation, confirmed);
  if (!BEFORE.includes(stay.state)) return null;
  const refusal = !may ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.deposit })
    : has(capabilities, 'PHONE_TOKENS') ? i18n.t('A phone opens this door, and the bank tells of the deposit by itself.')
      : stay.compartment === null ? i18n.t('The bank has yet to say which door it is.') : undefined;
  return (
    <Stack gap="xs">
      <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void act.run((idempotencyKey) => ({ input: { idempotencyKey, stayId: stay.id } }))}>
        {i18n.t('Confirm the deposit')}
      </ReasonedButton>
      {act.problem && <ProblemView problem={act.problem} />}
    </Stack>
  );
}
