/** Opening a door from afar: a reason, no dialog; then the command is watched until the sensor has spoken. */
import { Group, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { CommandPartsFragment, OpenCompartmentMutation } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { useCommand } from '../../gql/useCommand';
import type { Abilities } from '../../lib/abilities';
import { isFinal } from '../../lib/commandLife';
import { PERMISSION, useMay } from '../../lib/permissions';
import { CommandLife } from '../../ui/CommandLife';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { useNotFromAfar } from './fromAfar';
import { SettleCommand } from './SettleCommand';

const OpenMutation = graphql(`
  mutation OpenCompartment($input: OpenCompartmentInput!) {
    openCompartment(input: $input) {
      __typename
      ... on Command { ...CommandParts compartment { id } }
      ...ProblemParts
    }
  }
`);

type Props = { compartmentId: string; label: string; capabilities: Abilities; decision: Decision; siteZone: string };
type Decision = { allowed: boolean; rule: string; failed: readonly { rule: string; expected: string; actual: string }[] } | null;

const answerOf = (data: OpenCompartmentMutation): OpenCompartmentMutation['openCompartment'] => data.openCompartment;

export function OpenDoor({ compartmentId, label, capabilities, decision, siteZone }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.open);
  const notFromAfar = useNotFromAfar(capabilities);
  const [reason, setReason] = useState('');
  const [sent, setSent] = useState<string | null>(null);
  const act = useAct<OpenCompartmentMutation, { input: { idempotencyKey: string; compartmentId: string; reason: string } }, CommandPartsFragment>(OpenMutation, answerOf);
  const command = useCommand(sent);
  // One that only a person can settle waits for nobody at the bank: the door may be asked again.
  const running = sent !== null && (!command || !(isFinal(command.state) || command.needsPerson));

  const refusal = !may
    ? i18n.t('Your role may not open doors: {permission} is needed.', { permission: PERMISSION.open })
    : notFromAfar
      ?? (decision && !decision.allowed
        ? i18n.t('Not allowed here: {rule}', { rule: decision.failed.map((each) => `${each.rule} (${each.expected})`).join(', ') || decision.rule })
        : running ? i18n.t('The last command is still running.')
          : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined);

  const open = async (): Promise<void> => {
    if (refusal) return;
    const made = await act.run((idempotencyKey) => ({ input: { idempotencyKey, compartmentId, reason: reason.trim() } }));
    if (!made) return;
    setSent(made.id);
    setReason('');
  };

  return (
    <Stack gap="xs">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void open();
        }}
      >
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            flex={1} label={i18n.t('Reason for opening')} value={reason} onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={500} disabled={!may || notFromAfar !== undefined} size="sm"
          />
          <ReasonedButton type="submit" refusal={refusal} loading={act.busy}>{i18n.t('Open door {label}', { label })}</ReasonedButton>
        </Group>
      </form>
      {act.problem && <ProblemView problem={act.problem} />}
      {command && (
        <div aria-live="polite">
          <Text size="sm" fw={600} mb={4}>{i18n.t('The command')}</Text>
          <CommandLife command={command} siteZone={siteZone} />
          <SettleCommand command={command} />
        </div>
      )}
    </Stack>
  );
}
