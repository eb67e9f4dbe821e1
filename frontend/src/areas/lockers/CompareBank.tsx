/** Comparing a bank with what its vendor has: the differences are shown, and taken over only on purpose. */
import { Group, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useFactsFeed } from '../../gql/feeds';
import { graphql } from '../../gql/generated/gql';
import type {
  ApplySurveyMutation, ApplySurveyMutationVariables, BankSurveyQuery, SurveyBankMutation, SurveyBankMutationVariables,
} from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { DIFFERENCE, SURVEY_STATE } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { ReasonedButton } from '../../ui/ReasonedButton';

const SurveyQuery = graphql(`
  query BankSurvey($id: ID!) {
    bank(id: $id) {
      id
      surveys(first: 1) {
        edges { node { id state problem requestedAt finishedAt differences { key kind externalId label ours theirs applicable } } }
      }
    }
  }
`);
const AskMutation = graphql(`
  mutation SurveyBank($input: SurveyBankInput!) {
    surveyBank(input: $input) { __typename ... on Survey { id state } ...ProblemParts }
  }
`);
const ApplyMutation = graphql(`
  mutation ApplySurvey($input: ApplySurveyInput!) {
    applySurvey(input: $input) { __typename ... on Bank { id revision } ...ProblemParts }
  }
`);

type Survey = NonNullable<BankSurveyQuery['bank']>['surveys']['edges'][number]['node'];
type Difference = Survey['differences'][number];
const asked = (data: SurveyBankMutation): SurveyBankMutation['surveyBank'] => data.surveyBank;
const applied = (data: ApplySurveyMutation): ApplySurveyMutation['applySurvey'] => data.applySurvey;

export function CompareBank({ bankId }: { bankId: string }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageBanks);
  const [{ data }, again] = useQuery({ query: SurveyQuery, variables: { id: bankId }, pause: !may });
  useFactsFeed((fact) => fact.subjectType === 'Survey' && again({ requestPolicy: 'network-only' }));
  const ask = useAct<SurveyBankMutation, SurveyBankMutationVariables, { id: string }>(AskMutation, asked);
  const survey = data?.bank?.surveys.edges[0]?.node;
  const waiting = survey?.state === 'WAITING' || survey?.state === 'RUNNING';
  const refusal = !may ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks })
    : waiting ? i18n.t('The vendor is being asked.') : undefined;
  const compare = async (): Promise<void> => {
    if (await ask.run((idempotencyKey) => ({ input: { idempotencyKey, bankId } }))) again({ requestPolicy: 'network-only' });
  };

  return (
    <Stack gap="sm" data-testid="compare">
      <Group gap="sm">
        <ReasonedButton variant="default" refusal={refusal} loading={ask.busy} onClick={() => void compare()}>{i18n.t('Compare with the vendor')}</ReasonedButton>
        {survey && (
          <Text size="sm" aria-live="polite">
            <Mark tone={survey.state === 'FAILED' ? 'high' : 'plain'}>{i18n.t(SURVEY_STATE[survey.state])}</Mark> <Moment at={survey.finishedAt ?? survey.requestedAt} />
          </Text>
        )}
      </Group>
      {ask.problem && <ProblemView problem={ask.problem} />}
      {survey?.problem && <Text size="sm">{survey.problem}</Text>}
      {survey?.state === 'READY' && <Differences key={survey.id} survey={survey} done={() => again({ requestPolicy: 'network-only' })} />}
    </Stack>
  );
}

function Differences({ survey, done }: { survey: Survey; done: () => void }) {
  const { i18n } = useLingui();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState('');
  const act = useAct<ApplySurveyMutation, ApplySurveyMutationVariables, { id: string }>(ApplyMutation, applied);
  if (survey.differences.length === 0) return <Text size="sm">{i18n.t('Both have the same.')}</Text>;

  const possible = new Set(survey.differences.filter((each) => each.applicable).map((each) => each.key));
  const toggle = (key: string): void => {
    if (!possible.has(key)) return;
    setChosen((before) => (before.has(key) ? new Set([...before].filter((each) => each !== key)) : new Set([...before, key])));
  };
  const refusal = chosen.size === 0 ? i18n.t('Select what to take over; the others need a look at the door.')
    : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;
  const apply = async (): Promise<void> => {
    if (refusal) return;
    const made = await act.run((idempotencyKey) => ({ input: { idempotencyKey, surveyId: survey.id, differences: [...chosen], reason: reason.trim(), sizes: [] } }));
    if (made) done();
  };
  const columns: Column<Difference>[] = [
    { id: 'door', header: i18n.t('Door'), cell: (each) => <>{each.label} <span className="mono">{each.externalId}</span></> },
    { id: 'kind', header: i18n.t('What'), cell: (each) => i18n.t(DIFFERENCE[each.kind]) },
    { id: 'ours', header: i18n.t('We have'), cell: (each) => each.ours ?? '–' },
    { id: 'theirs', header: i18n.t('The vendor has'), cell: (each) => each.theirs ?? '–' },
  ];
  return (
    <>
      <DataTable
        label={i18n.t('Differences')} rows={survey.differences} keyOf={(each) => each.key} columns={columns}
        selection={{ chosen, toggle, nameOf: (each) => `${each.label}: ${i18n.t(DIFFERENCE[each.kind])}` }}
      />
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput flex={1} size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} onChange={(event) => setReason(event.currentTarget.value)} />
        <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void apply()}>{i18n.t('Take over')}</ReasonedButton>
      </Group>
      {act.problem && <ProblemView problem={act.problem} />}
    </>
  );
}
