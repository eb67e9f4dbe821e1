/** Ending a stay by hand: how it ended is asked, never assumed. */
import { NativeSelect, Stack, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import type { StayOutcome } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { ReleaseStayMutation, ReleaseStayMutationVariables, StayRowFragment } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay, useViewer } from '../../lib/permissions';
import { STAY_OUTCOME } from '../../lib/words';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { endings } from './endings';

const ReleaseMutation = graphql(`
  mutation ReleaseStay($input: ReleaseStayInput!) {
    releaseStay(input: $input) { __typename ... on Stay { ...StayRow } ...ProblemParts }
  }
`);

const released = (data: ReleaseStayMutation): ReleaseStayMutation['releaseStay'] => data.releaseStay;

export function ReleaseStay({ stay }: { stay: StayRowFragment }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.release);
  const possible = endings(stay.state, useViewer().organization.kind === 'CARRIER');
  const [chosen, setOutcome] = useState('');
  // The stay may have moved on since it was chosen.
  const outcome = possible.some((each) => each === chosen) ? chosen : '';
  const [reason, setReason] = useState('');
  const act = useAct<ReleaseStayMutation, ReleaseStayMutationVariables, StayRowFragment>(ReleaseMutation, released);
  const refusal = !may
    ? i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.release })
    : possible.length === 0 ? i18n.t('As it stands now, it cannot be ended from here.')
      : outcome === '' ? i18n.t('Choose how it ended.') : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;
  const release = (): void => {
    if (refusal) return;
    void act.run((idempotencyKey) => ({ input: { idempotencyKey, stayId: stay.id, outcome: outcome as StayOutcome, reason: reason.trim() } }));
  };
  return (
    <details>
      <summary>{i18n.t('Release the door')}</summary>
      <Stack gap="xs" mt="xs">
        <NativeSelect
          size="sm" label={i18n.t('How it ended')} value={outcome} onChange={(event) => setOutcome(event.currentTarget.value)} disabled={!may}
          data={[{ value: '', label: i18n.t('Choose') }, ...possible.map((value) => ({ value, label: i18n.t(STAY_OUTCOME[value]) }))]}
        />
        <TextInput size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} disabled={!may} onChange={(event) => setReason(event.currentTarget.value)} />
        <ReasonedButton variant="default" refusal={refusal} loading={act.busy} onClick={release}>{i18n.t('Release')}</ReasonedButton>
        {act.problem && <ProblemView problem={act.problem} />}
      </Stack>
    </details>
  );
}
