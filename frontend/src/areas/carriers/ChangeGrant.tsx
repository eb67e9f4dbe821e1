/** Suspending, resuming, revoking: first what it touches, then a reason; revoking asks for the number of stays it touches. */
import { Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { GrantPartsFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { ReasonedButton } from '../../ui/ReasonedButton';

export type GrantChange = 'suspend' | 'resume' | 'revoke';
type Variables = { input: { idempotencyKey: string; grantId: string; reason: string } };

const Suspend = graphql(`
  mutation SuspendGrant($input: ChangeGrantInput!) {
    changed: suspendGrant(input: $input) { __typename ... on Grant { id state version openStayCount } ...ProblemParts }
  }
`);
const Resume = graphql(`
  mutation ResumeGrant($input: ChangeGrantInput!) {
    changed: resumeGrant(input: $input) { __typename ... on Grant { id state version openStayCount } ...ProblemParts }
  }
`);
const Revoke = graphql(`
  mutation RevokeGrant($input: ChangeGrantInput!) {
    changed: revokeGrant(input: $input) { __typename ... on Grant { id state version openStayCount } ...ProblemParts }
  }
`);

const DOCUMENTS = { suspend: Suspend, resume: Resume, revoke: Revoke } as const;
const changedIn = (data: { changed: object }): object => data.changed;

export function ChangeGrant({ grant, change, close }: { grant: GrantPartsFragment; change: GrantChange; close: () => void }) {
  const { i18n } = useLingui();
  const [reason, setReason] = useState('');
  const [count, setCount] = useState('');
  const act = useAct<{ changed: object }, Variables, object>(DOCUMENTS[change] as never, changedIn);
  const touched = grant.openStayCount;
  const words = {
    suspend: { title: i18n.t('Suspend the grant'), act: i18n.t('Suspend'), effect: i18n.t('The carrier can start nothing new until you resume it.') },
    resume: { title: i18n.t('Resume the grant'), act: i18n.t('Resume'), effect: i18n.t('The carrier may again do what the grant says.') },
    revoke: { title: i18n.t('Revoke the grant'), act: i18n.t('Revoke'), effect: i18n.t('The right ends now and for good; open connections of the carrier are closed.') },
  }[change];
  const refusal = reason.trim() === ''
    ? i18n.t('Say why: the reason is kept in the audit.')
    : change === 'revoke' && Number(count.trim() === '' ? Number.NaN : count) !== touched ? i18n.t('Type the number of open stays to confirm.') : undefined;

  const go = async (): Promise<void> => {
    if (refusal) return;
    if (await act.run((idempotencyKey) => ({ input: { idempotencyKey, grantId: grant.id, reason: reason.trim() } }))) close();
  };

  return (
    <Modal opened onClose={close} title={words.title} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Stack gap="sm">
        <Text size="sm">{words.effect}</Text>
        <Text size="sm" fw={600}>{i18n.t('{count, plural, =0 {No open stay is affected.} one {# open stay is affected.} other {# open stays are affected.}}', { count: touched })}</Text>
        <TextInput label={i18n.t('Reason')} value={reason} maxLength={500} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
        {change === 'revoke' && <TextInput label={i18n.t('How many open stays are affected?')} inputMode="numeric" value={count} onChange={(event) => setCount(event.currentTarget.value)} />}
        {act.problem && <ProblemView problem={act.problem} />}
        <Group justify="flex-end">
          <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void go()}>{words.act}</ReasonedButton>
        </Group>
      </Stack>
    </Modal>
  );
}
