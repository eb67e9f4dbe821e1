/** Opening several doors of a bank, or all: asked for by one person with the number of doors, approved by another. */
import { Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useFactsFeed } from '../../gql/feeds';
import { graphql } from '../../gql/generated/gql';
import type { AskOpeningMutation, AskOpeningMutationVariables, OpeningPartsFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import type { Abilities } from '../../lib/abilities';
import { PERMISSION, useMay, useViewer } from '../../lib/permissions';
import { OPENING_STATE } from '../../lib/words';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { useNotFromAfar } from './fromAfar';

export const OpeningParts = graphql(`
  fragment OpeningParts on Opening {
    id state doorCount allDoors reason requestedBy requestedAt expiresAt decidedBy decidedAt comment
  }
`);
const OpeningsQuery = graphql(`
  query BankOpenings($id: ID!) {
    bank(id: $id) { id openings(first: 3) { edges { node { ...OpeningParts } } } }
  }
`);
const AskMutation = graphql(`
  mutation AskOpening($input: AskOpeningInput!) {
    askOpening(input: $input) { __typename ... on Opening { ...OpeningParts } ...ProblemParts }
  }
`);
const ApproveMutation = graphql(`
  mutation ApproveOpening($input: DecideOpeningInput!) {
    decided: approveOpening(input: $input) { __typename ... on Opening { ...OpeningParts } ...ProblemParts }
  }
`);
const RejectMutation = graphql(`
  mutation RejectOpening($input: DecideOpeningInput!) {
    decided: rejectOpening(input: $input) { __typename ... on Opening { ...OpeningParts } ...ProblemParts }
  }
`);

const LEAST = 2;
const asked = (data: AskOpeningMutation): AskOpeningMutation['askOpening'] => data.askOpening;
const decided = (data: { decided: object }): object => data.decided;

type Door = { id: string; label: string };
type Props = { bankId: string; count: number; doors: readonly Door[]; capabilities: Abilities };

/** `count`: doors of the whole bank; `doors`: those shown, to choose among. */
export function OpenSeveral({ bankId, count: all, doors, capabilities }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.open);
  const notFromAfar = useNotFromAfar(capabilities);
  const [{ data }, again] = useQuery({ query: OpeningsQuery, variables: { id: bankId } });
  const openings = (data?.bank?.openings.edges ?? []).map((edge) => edge.node);
  const refresh = (): void => again({ requestPolicy: 'network-only' });
  useFactsFeed((fact) => fact.subjectType === 'Opening' && refresh());
  const [reason, setReason] = useState('');
  const [count, setCount] = useState('');
  const [some, setSome] = useState(false);
  const [chosen, setChosen] = useState<string[]>([]);
  const wanted = some ? chosen.length : all;
  const act = useAct<AskOpeningMutation, AskOpeningMutationVariables, OpeningPartsFragment>(AskMutation, asked);
  const refusal = !may ? i18n.t('Your role may not open doors: {permission} is needed.', { permission: PERMISSION.open })
    : notFromAfar
      ?? (wanted < LEAST ? i18n.t('Choose at least two doors; one alone is opened without a second person.')
        : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.')
          : count.trim() !== String(wanted) ? i18n.t('Type the number of doors to confirm.') : undefined);
  const ask = async (): Promise<void> => {
    const which = some ? { compartmentIds: chosen } : {};
    if (refusal || !(await act.run((idempotencyKey) => ({ input: { idempotencyKey, bankId, reason: reason.trim(), ...which } })))) return;
    setReason('');
    setCount('');
    setChosen([]);
    refresh();
  };

  return (
    <details data-testid="open-several" open={openings.some((each) => each.state === 'PENDING') || undefined}>
      <summary>{i18n.t('Open several doors, or all')}</summary>
      <Stack gap="sm" mt="xs">
        <Checkbox size="sm" label={i18n.t('Only some of them')} checked={some} disabled={!may} onChange={(event) => setSome(event.currentTarget.checked)} />
        {some && (
          <Checkbox.Group label={i18n.t('Which doors')} size="sm" value={chosen} onChange={setChosen}>
            <Group gap="xs" mt={4}>{doors.map((door) => <Checkbox key={door.id} size="xs" value={door.id} label={door.label} disabled={!may} />)}</Group>
          </Checkbox.Group>
        )}
        <Text size="sm">{i18n.t('{count, plural, one {# door} other {# doors}}', { count: wanted })} · {i18n.t('A second person has to approve before anything opens.')}</Text>
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput flex={2} size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} disabled={!may} onChange={(event) => setReason(event.currentTarget.value)} />
          <TextInput flex={1} size="sm" label={i18n.t('How many doors are these?')} inputMode="numeric" value={count} disabled={!may} onChange={(event) => setCount(event.currentTarget.value)} />
          <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={() => void ask()}>{i18n.t('Ask for approval')}</ReasonedButton>
        </Group>
        {act.problem && <ProblemView problem={act.problem} />}
        {openings.map((each) => <Request key={each.id} opening={each} may={may} />)}
      </Stack>
    </details>
  );
}

function Request({ opening, may }: { opening: OpeningPartsFragment; may: boolean }) {
  const { i18n } = useLingui();
  const own = useViewer().name === opening.requestedBy;
  const approve = useAct<{ decided: object }, { input: { idempotencyKey: string; openingId: string } }, object>(ApproveMutation as never, decided);
  const reject = useAct<{ decided: object }, { input: { idempotencyKey: string; openingId: string } }, object>(RejectMutation as never, decided);
  const denied = may ? undefined : i18n.t('Your role may not open doors: {permission} is needed.', { permission: PERMISSION.open });
  const refusal = denied ?? (own ? i18n.t('Somebody else must decide this.') : undefined);
  const problem = approve.problem ?? reject.problem;
  const input = (idempotencyKey: string) => ({ input: { idempotencyKey, openingId: opening.id } });
  return (
    <div data-testid="opening">
      <Text size="sm">
        <Mark tone={opening.state === 'PENDING' ? 'medium' : 'quiet'}>{i18n.t(OPENING_STATE[opening.state])}</Mark>{' '}
        {i18n.t('{count, plural, one {# door} other {# doors}}', { count: opening.doorCount })} · {opening.reason} · {opening.requestedBy} · <Moment at={opening.requestedAt} />
        {opening.decidedBy && <> · {opening.decidedBy}</>}
      </Text>
      {opening.state === 'PENDING' && (
        <Group gap="xs" mt={4}>
          <ReasonedButton size="compact-sm" refusal={refusal} loading={approve.busy} onClick={() => void approve.run(input)}>{i18n.t('Approve and open')}</ReasonedButton>
          <ReasonedButton size="compact-sm" variant="default" refusal={denied} loading={reject.busy} onClick={() => void reject.run(input)}>{own ? i18n.t('Take back') : i18n.t('Reject')}</ReasonedButton>
        </Group>
      )}
      {problem && <ProblemView problem={problem} />}
    </div>
  );
}
