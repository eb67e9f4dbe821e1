/** Another controller behind the same doors: ids, stays and history go on; only units that a survey has found. */
import { NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../gql/generated/gql';
import type { ReplaceControllerMutation, ReplaceControllerMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { PERMISSION, useMay } from '../../lib/permissions';
import { type FoundBank, readFound } from '../../lib/found';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { matched, renamed, twice } from './rewiring';

const ACCOUNTS = 50;
const AccountsQuery = graphql(`
  query AccountNames($first: Int!) { vendorAccounts(first: $first) { edges { node { id name vendor } } } }
`);
const FoundQuery = graphql(`
  query AccountFound($id: ID!) {
    node(id: $id) { id __typename ... on VendorAccount { surveys(first: 1) { edges { node { id state finishedAt found } } } } }
  }
`);
const ReplaceMutation = graphql(`
  mutation ReplaceController($input: ReplaceControllerInput!) {
    replaceController(input: $input) { __typename ... on Bank { id vendor externalId revision differsSince } ...ProblemParts }
  }
`);

type Door = { externalId: string; label: string };
type Props = { bankId: string; doors: readonly Door[]; whole: boolean };
const replaced = (data: ReplaceControllerMutation): ReplaceControllerMutation['replaceController'] => data.replaceController;

export function ReplaceController({ bankId, doors, whole }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageBanks);
  const [open, setOpen] = useState(false);
  return (
    <details data-testid="replace-controller" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{i18n.t('Put another controller behind these doors')}</summary>
      {open && (may
        ? whole ? <Form bankId={bankId} doors={doors} /> : <Text size="sm" mt="xs">{i18n.t('Show all doors of this bank first.')}</Text>
        : <Text size="sm" mt="xs">{i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks })}</Text>)}
    </details>
  );
}

function Form({ bankId, doors }: { bankId: string; doors: readonly Door[] }) {
  const { i18n } = useLingui();
  const [account, setAccount] = useState('');
  const [{ data: known }] = useQuery({ query: AccountsQuery, variables: { first: ACCOUNTS } });
  const [{ data }] = useQuery({ query: FoundQuery, variables: { id: account }, pause: account === '', requestPolicy: 'cache-and-network' });
  const survey = data?.node?.__typename === 'VendorAccount' && account ? data.node.surveys.edges[0]?.node : undefined;
  const found = survey?.state === 'READY' ? readFound(survey.found) : [];
  const [external, setExternal] = useState('');
  const chosen = found.find((bank) => bank.externalId === external);
  const accounts = (known?.vendorAccounts.edges ?? []).map(({ node }) => ({ value: node.id, label: `${node.name} · ${node.vendor}` }));

  return (
    <Stack gap="xs" mt="xs">
      <Text size="sm">{i18n.t('Connect the new controller under Hardware and ask what it holds. Stays and history of these doors go on; nothing may be under way.')}</Text>
      <NativeSelect
        size="sm" label={i18n.t('Account')} value={account} data={[{ value: '', label: i18n.t('Choose') }, ...accounts]}
        onChange={(event) => {
          setAccount(event.currentTarget.value);
          setExternal('');
        }}
      />
      {account !== '' && data && found.length === 0 && <Text size="sm">{i18n.t('It has not been asked what it holds, or has not answered.')}</Text>}
      {found.length > 0 && (
        <NativeSelect
          size="sm" label={i18n.t('The bank as the vendor calls it')} value={external} onChange={(event) => setExternal(event.currentTarget.value)}
          data={[{ value: '', label: i18n.t('Choose') }, ...found.map((bank) => ({ value: bank.externalId, label: bank.name ? `${bank.name} · ${bank.externalId}` : bank.externalId }))]}
        />
      )}
      {chosen && <Units key={`${account} ${external}`} bankId={bankId} account={account} bank={chosen} doors={doors} />}
    </Stack>
  );
}

function Units({ bankId, account, bank, doors }: { bankId: string; account: string; bank: FoundBank; doors: readonly Door[] }) {
  const { i18n } = useLingui();
  const [units, setUnits] = useState(() => matched(doors, bank.units));
  const [reason, setReason] = useState('');
  const [done, setDone] = useState(false);
  const act = useAct<ReplaceControllerMutation, ReplaceControllerMutationVariables, { id: string }>(ReplaceMutation, replaced);
  const double = twice(units);
  const refusal = double ? i18n.t('Two doors would be unit {unit}.', { unit: double })
    : reason.trim() === '' ? i18n.t('Say why: the reason is kept in the audit.') : undefined;
  const replace = async (): Promise<void> => {
    if (refusal) return;
    if (await act.run((idempotencyKey) => ({ input: { idempotencyKey, bankId, accountId: account, externalId: bank.externalId, units: renamed(units), reason: reason.trim() } }))) setDone(true);
  };
  if (done) return <Text size="sm" role="status">{i18n.t('The other controller is behind these doors now.')}</Text>;
  const options = [{ value: '', label: i18n.t('No unit') }, ...bank.units.map((unit) => ({ value: unit.externalId, label: unit.label && unit.label !== unit.externalId ? `${unit.externalId} · ${unit.label}` : unit.externalId }))];
  return (
    <>
      <Text size="sm" fw={600}>{i18n.t('Which unit is behind which door')}</Text>
      {doors.map((door) => (
        <NativeSelect
          key={door.externalId} size="xs" label={i18n.t('Door {label}', { label: door.label })} value={units[door.externalId] ?? ''} data={options}
          onChange={(event) => {
            const unit = event.currentTarget.value;
            setUnits((before) => ({ ...before, [door.externalId]: unit }));
          }}
        />
      ))}
      <TextInput size="sm" label={i18n.t('Reason')} value={reason} maxLength={500} onChange={(event) => setReason(event.currentTarget.value)} />
      <div><ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void replace()}>{i18n.t('Replace the controller')}</ReasonedButton></div>
      {act.problem && <ProblemView problem={act.problem} />}
    </>
  );
}
