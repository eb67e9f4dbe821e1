/** What a comparison of a bank with its vendor found; only what somebody selects is taken over, with a reason. */
import { Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { type Size, SIZES } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { ApplySurveyMutation, ApplySurveyMutationVariables, BankSurveyPartsFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { DIFFERENCE } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { unknownSizes } from './sizing';

export const BankSurveyParts = graphql(`
  fragment BankSurveyParts on Survey {
    id state problem requestedAt finishedAt differences { key kind externalId label ours theirs applicable asTakenOver }
  }
`);
const ApplyMutation = graphql(`
  mutation ApplySurvey($input: ApplySurveyInput!) {
    applySurvey(input: $input) { __typename ... on Bank { id revision differsSince compartmentCount } ...ProblemParts }
  }
`);

type Difference = BankSurveyPartsFragment['differences'][number];
const applied = (data: ApplySurveyMutation): ApplySurveyMutation['applySurvey'] => data.applySurvey;

/** What somebody called otherwise here, and the vendor has not changed since, stands apart: it hides what is new. */
export function Differences({ survey, done }: { survey: BankSurveyPartsFragment; done: () => void }) {
  const { i18n } = useLingui();
  const news = survey.differences.filter((each) => !each.asTakenOver);
  const settled = survey.differences.filter((each) => each.asTakenOver);
  return (
    <Stack gap="sm">
      {news.length > 0 && <Listed survey={survey.id} differences={news} done={done} />}
      {settled.length > 0 && (
        <details data-testid="settled-differences">
          <summary>{i18n.t('{count, plural, one {# is} other {# are}} called otherwise here since it was taken over', { count: settled.length })}</summary>
          <Stack mt="xs"><Listed survey={survey.id} differences={settled} done={done} /></Stack>
        </details>
      )}
    </Stack>
  );
}

function Listed({ survey, differences, done }: { survey: string; differences: readonly Difference[]; done: () => void }) {
  const { i18n } = useLingui();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [sizes, setSizes] = useState<Readonly<Record<string, Size>>>({});
  const [reason, setReason] = useState('');
  const act = useAct<ApplySurveyMutation, ApplySurveyMutationVariables, { id: string }>(ApplyMutation, applied);
  const possible = new Set(differences.filter((each) => each.applicable).map((each) => each.key));
  const words = unknownSizes(differences.filter((each) => chosen.has(each.key)));
  const toggle = (key: string): void => {
    if (!possible.has(key)) return;
    setChosen((before) => (before.has(key) ? new Set([...before].filter((each) => each !== key)) : new Set([...before, key])));
  };
  const refusal = chosen.size === 0 ? i18n.t('Select what to take over; the others need a look at the door.')
    : words.some((word) => !sizes[word]) ? i18n.t('Say what the sizes of the new doors are here.')
      : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;
  const apply = async (): Promise<void> => {
    if (refusal) return;
    const told = words.flatMap((word) => (sizes[word] ? [{ word, size: sizes[word] }] : []));
    const made = await act.run((idempotencyKey) => ({ input: { idempotencyKey, surveyId: survey, differences: [...chosen], reason: reason.trim(), sizes: told } }));
    if (!made) return;
    setChosen(new Set());
    done();
  };
  const columns: Column<Difference>[] = [
    { id: 'door', header: i18n.t('Door'), cell: (each) => <>{each.label} <span className="mono">{each.externalId}</span></> },
    { id: 'kind', header: i18n.t('What'), cell: (each) => i18n.t(DIFFERENCE[each.kind]) },
    { id: 'ours', header: i18n.t('We have'), cell: (each) => each.ours ?? '–' },
    { id: 'theirs', header: i18n.t('The vendor has'), cell: (each) => each.theirs ?? '–' },
  ];

  return (
    <Stack gap="sm">
      <DataTable
        wrapHeaders label={i18n.t('Differences')} rows={differences} keyOf={(each) => each.key} columns={columns}
        selection={{ chosen, toggle, nameOf: (each) => `${each.label}: ${i18n.t(DIFFERENCE[each.kind])}` }}
      />
      {words.map((word) => (
        <NativeSelect
          key={word} size="sm" value={sizes[word] ?? ''} data={[{ value: '', label: i18n.t('Choose') }, ...SIZES]}
          label={word ? i18n.t('“{word}” is here', { word }) : i18n.t('Doors whose size is not told are')}
          onChange={(event) => {
            const size = SIZES.find((each) => each === event.currentTarget.value);
            setSizes((before) => ({ ...Object.fromEntries(Object.entries(before).filter(([known]) => known !== word)), ...(size ? { [word]: size } : {}) }));
          }}
        />
      ))}
      {possible.size > 0 && (
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput flex={1} size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} onChange={(event) => setReason(event.currentTarget.value)} />
          <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void apply()}>{i18n.t('Take over')}</ReasonedButton>
        </Group>
      )}
      {act.problem && <ProblemView problem={act.problem} />}
    </Stack>
  );
}
