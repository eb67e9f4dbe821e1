/** What became of a command that nothing can be read back of: only somebody who looked can say. */
import { Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { BOOK_FINDINGS, type CommandFinding, DOOR_FINDINGS } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { CommandPartsFragment, SettleCommandMutation, SettleCommandMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { FINDING } from '../../lib/words';
import { ReasonedButton } from '../../ui/ReasonedButton';

const SettleMutation = graphql(`
  mutation SettleCommand($input: SettleCommandInput!) {
    settleCommand(input: $input) {
      __typename
      ... on Command { ...CommandParts }
      ...ProblemParts
    }
  }
`);

const answerOf = (data: SettleCommandMutation): SettleCommandMutation['settleCommand'] => data.settleCommand;

export function SettleCommand({ command }: { command: CommandPartsFragment }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.settleCommand);
  const [outcome, setOutcome] = useState<CommandFinding | ''>('');
  const [comment, setComment] = useState('');
  const act = useAct<SettleCommandMutation, SettleCommandMutationVariables, CommandPartsFragment>(SettleMutation, answerOf);
  if (!command.needsPerson) return null;

  const findings = command.kind === 'OPEN' ? DOOR_FINDINGS : BOOK_FINDINGS;
  const refusal = !may
    ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.settleCommand })
    : outcome === '' ? i18n.t('Choose what happened.')
      : comment.trim() === '' ? i18n.t('Say how you know: it is kept in the audit.') : undefined;

  const settle = async (): Promise<void> => {
    if (refusal || outcome === '') return;
    await act.run((idempotencyKey) => ({ input: { idempotencyKey, commandId: command.id, outcome, comment: comment.trim() } }));
  };

  return (
    <form
      data-testid="settle-command"
      onSubmit={(event) => {
        event.preventDefault();
        void settle();
      }}
    >
      <Stack gap="xs" mt="xs">
        <NativeSelect
          size="sm" label={i18n.t('What happened')} value={outcome} disabled={!may}
          onChange={(event) => setOutcome(event.currentTarget.value as CommandFinding | '')}
          data={[{ value: '', label: i18n.t('Choose') }, ...findings.map((finding) => ({ value: finding, label: i18n.t(FINDING[finding]) }))]}
        />
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            flex={1} size="sm" label={i18n.t('How do you know?')} value={comment} maxLength={500} disabled={!may}
            onChange={(event) => setComment(event.currentTarget.value)}
          />
          <ReasonedButton type="submit" variant="default" refusal={refusal} loading={act.busy}>{i18n.t('Settle the command')}</ReasonedButton>
        </Group>
        {act.problem && <ProblemView problem={act.problem} />}
      </Stack>
    </form>
  );
}
