/** One account: its banks, what the vendor lists, and taking over what is not ours yet. */
import { CloseButton, Group, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { AccountPartsFragment, SurveyAccountMutation, SurveyAccountMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { SURVEY_STATE } from '../../lib/words';
import { paths } from '../../paths';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Page';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { type FoundBank, looked, readFound } from '../../lib/found';
import { ChangeAccount } from './ChangeAccount';
import { ImportBank } from './ImportBank';

const SurveyMutation = graphql(`
  mutation SurveyAccount($input: SurveyVendorAccountInput!) {
    surveyVendorAccount(input: $input) { __typename ... on Survey { id state account { ...AccountParts } } ...ProblemParts }
  }
`);

// More than these at once are searched rather than read.
const MANY = 5;
const asked = (data: SurveyAccountMutation): SurveyAccountMutation['surveyVendorAccount'] => data.surveyVendorAccount;

type Props = { account: AccountPartsFragment; vendor: string; close: () => void };

export function AccountPanel({ account, vendor, close }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageBanks);
  const [chosen, setChosen] = useState<FoundBank | null>(null);
  const [changing, setChanging] = useState(false);
  const act = useAct<SurveyAccountMutation, SurveyAccountMutationVariables, { id: string }>(SurveyMutation, asked);
  const survey = account.surveys.edges[0]?.node;
  const waiting = survey?.state === 'WAITING' || survey?.state === 'RUNNING';
  const denied = may ? undefined : i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks });
  const refusal = denied ?? (waiting ? i18n.t('The vendor is being asked.') : undefined);
  const ours = new Set(account.banks.edges.map((edge) => edge.node.externalId));
  const found = survey?.state === 'READY' ? readFound(survey.found) : [];

  return (
    <div data-testid="account-panel" onKeyDown={(event) => event.key === 'Escape' && !chosen && !changing && close()}>
      <Section title={account.name} aside={<CloseButton onClick={close} aria-label={i18n.t('Close the account')} />}>
        <Stack gap="md">
          <AccountFacts account={account} vendor={vendor} />
          <Group gap="xs">
            <ReasonedButton
              variant="default" refusal={refusal} loading={act.busy}
              onClick={() => void act.run((idempotencyKey) => ({ input: { idempotencyKey, accountId: account.id } }))}
            >
              {i18n.t('Ask what it holds')}
            </ReasonedButton>
            <ReasonedButton variant="default" refusal={denied} onClick={() => setChanging(true)}>{i18n.t('Change')}</ReasonedButton>
          </Group>
          {act.problem && <ProblemView problem={act.problem} />}
          {survey && (
            <div aria-live="polite" data-testid="survey">
              <Mark tone={survey.state === 'FAILED' ? 'high' : 'plain'}>{i18n.t(SURVEY_STATE[survey.state])}</Mark>{' '}
              <Moment at={survey.finishedAt ?? survey.requestedAt} /> · {survey.requestedBy}
              {survey.problem && <Text size="sm" mt={4}>{survey.problem}</Text>}
              {survey.state === 'FAILED' && <Text size="sm" mt={4}>{i18n.t('Look at its address, its settings and its secret under Change. When they are right, and it is switched on, ask again.')}</Text>}
              {survey.state === 'READY' && found.length === 0 && <Text size="sm" mt={4}>{i18n.t('It answered, and lists no bank. Where one should be there, see whether the settings under Change leave it out.')}</Text>}
            </div>
          )}
          {found.length > 0 && <Found banks={found} ours={ours} refusal={refusal} choose={setChosen} />}
        </Stack>
      </Section>
      {changing && <ChangeAccount account={account} close={() => setChanging(false)} removed={close} />}
      {chosen && survey && <ImportBank survey={survey.id} bank={chosen} close={() => setChosen(null)} />}
    </div>
  );
}

function AccountFacts({ account, vendor }: Omit<Props, 'close'>) {
  const { i18n } = useLingui();
  return (
    <Facts
      facts={[
        { name: i18n.t('Vendor'), value: vendor },
        { name: i18n.t('Address'), value: <span className="mono">{account.baseUrl}</span> },
        { name: i18n.t('Secret'), value: account.hasSecret ? i18n.t('Kept sealed; it cannot be shown') : i18n.t('None') },
        {
          name: i18n.t('Banks'),
          value: account.banks.totalCount === 0 ? i18n.t('None') : (
            <>{account.banks.edges.map(({ node }) => <div key={node.id}><Link {...paths.bank(node.id)}>{node.label}</Link> · {node.site.name}</div>)}</>
          ),
        },
      ]}
    />
  );
}

function Found({ banks, ours, refusal, choose }: { banks: readonly FoundBank[]; ours: ReadonlySet<string>; refusal?: string; choose: (bank: FoundBank) => void }) {
  const { i18n } = useLingui();
  const [words, setWords] = useState('');
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>{i18n.t('What the vendor lists')}</Text>
      <Stack gap="xs">
        {banks.length > MANY && (
          <TextInput size="xs" type="search" label={i18n.t('Name, id or location')} value={words} onChange={(event) => setWords(event.currentTarget.value)} />
        )}
        {looked(banks, words).map((bank) => (
          <Group key={bank.externalId} justify="space-between" wrap="nowrap">
            <Text size="sm">
              {bank.name ?? bank.externalId} <span className="mono">{bank.externalId}</span>{bank.location && ` · ${bank.location}`} · {i18n.t('{count, plural, one {# door} other {# doors}}', { count: bank.units.length })}
            </Text>
            {ours.has(bank.externalId)
              ? <Text size="sm" c="dimmed">{i18n.t('Taken over')}</Text>
              : <ReasonedButton flex="none" size="compact-sm" variant="default" refusal={refusal} onClick={() => choose(bank)}>{i18n.t('Take over')}</ReasonedButton>}
          </Group>
        ))}
      </Stack>
    </div>
  );
}
