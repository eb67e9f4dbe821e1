/** Comparing a bank with what its vendor has: the differences are shown, and taken over only on purpose. */
import { Group, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useQuery } from 'urql';
import { useFactsFeed } from '../../gql/feeds';
import { graphql } from '../../gql/generated/gql';
import type { SurveyBankMutation, SurveyBankMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { SURVEY_STATE } from '../../lib/words';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { ConfirmBank } from './ConfirmBank';
import { Differences } from './Differences';

const SurveyQuery = graphql(`
  query BankSurvey($id: ID!) {
    bank(id: $id) { id differsSince surveys(first: 1) { edges { node { ...BankSurveyParts } } } }
  }
`);
const AskMutation = graphql(`
  mutation SurveyBank($input: SurveyBankInput!) {
    surveyBank(input: $input) { __typename ... on Survey { id state } ...ProblemParts }
  }
`);

const asked = (data: SurveyBankMutation): SurveyBankMutation['surveyBank'] => data.surveyBank;

export function CompareBank({ bankId }: { bankId: string }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageBanks);
  const [{ data }, again] = useQuery({ query: SurveyQuery, variables: { id: bankId }, pause: !may });
  const refresh = (): void => again({ requestPolicy: 'network-only' });
  useFactsFeed((fact) => (fact.subjectType === 'Survey' || fact.subjectId === bankId) && refresh());
  const ask = useAct<SurveyBankMutation, SurveyBankMutationVariables, { id: string }>(AskMutation, asked);
  const survey = data?.bank?.surveys.edges[0]?.node;
  const since = data?.bank?.differsSince ?? null;
  const waiting = survey?.state === 'WAITING' || survey?.state === 'RUNNING';
  const refusal = !may ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks })
    : waiting ? i18n.t('The vendor is being asked.') : undefined;
  const compare = async (): Promise<void> => {
    if (await ask.run((idempotencyKey) => ({ input: { idempotencyKey, bankId } }))) refresh();
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
      {survey?.state === 'READY' && !survey.differences.some((each) => !each.asTakenOver) && (
        <Text size="sm">{since ? i18n.t('Nothing differs by now: whatever it was, somebody has to look.') : i18n.t('Both have the same.')}</Text>
      )}
      {survey?.state === 'READY' && <Differences key={survey.id} survey={survey} done={refresh} />}
      {survey?.state === 'READY' && since && <ConfirmBank key={`confirm ${survey.id}`} survey={survey} differsSince={since} done={refresh} />}
    </Stack>
  );
}
