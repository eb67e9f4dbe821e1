/** An account that is called otherwise, is reached elsewhere or has a new secret; and removing one without banks. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type {
  AccountPartsFragment, ChangeAccountMutation, ChangeAccountMutationVariables, RemoveAccountMutation, RemoveAccountMutationVariables,
  VendorsQuery as Vendors,
} from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { VendorsQuery } from './ConnectVendor';
import { SettingFields } from './SettingFields';
import { type Entered, entered, fault, shownAs } from './settings';

const ChangeMutation = graphql(`
  mutation ChangeAccount($input: ChangeVendorAccountInput!) {
    changeVendorAccount(input: $input) { __typename ... on VendorAccount { ...AccountParts } ...ProblemParts }
  }
`);
const RemoveMutation = graphql(`
  mutation RemoveAccount($input: DeleteNodeInput!) {
    deleteVendorAccount(input: $input) { __typename ... on DeletePayload { deletedId } ...ProblemParts }
  }
`);

type Props = { account: AccountPartsFragment; close: () => void; removed: () => void };
const changed = (data: ChangeAccountMutation): ChangeAccountMutation['changeVendorAccount'] => data.changeVendorAccount;
const gone = (data: RemoveAccountMutation): RemoveAccountMutation['deleteVendorAccount'] => data.deleteVendorAccount;

export function ChangeAccount({ account, close, removed }: Props) {
  const { i18n } = useLingui();
  const [state] = useQuery({ query: VendorsQuery });
  return (
    <Modal opened onClose={close} size="lg" title={i18n.t('Change {name}', { name: account.name })} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Gate state={state} lines={6}>
        {(data) => {
          const vendor = data.vendors.find((each) => each.name === account.vendor);
          return vendor ? <Form account={account} vendor={vendor} close={close} removed={removed} /> : <Text size="sm">{i18n.t('The adapter of this vendor is not installed.')}</Text>;
        }}
      </Gate>
    </Modal>
  );
}

function Form({ account, vendor, close, removed }: Props & { vendor: Vendors['vendors'][number] }) {
  const { i18n } = useLingui();
  const plain = vendor.settings.filter((setting) => !setting.secret);
  const secret = vendor.settings.filter((setting) => setting.secret);
  const [name, setName] = useState(account.name);
  const [address, setAddress] = useState(account.baseUrl);
  const [values, setValues] = useState<Record<string, Entered>>(() => shownAs(plain, account.settings));
  const [secrets, setSecrets] = useState<Record<string, Entered>>({});
  const act = useAct<ChangeAccountMutation, ChangeAccountMutationVariables, { id: string }>(ChangeMutation, changed);
  // One secret that is entered replaces all of them.
  const anew = Object.keys(entered(secret, secrets)).length > 0;
  const wrong = plain.find((setting) => fault(setting, values[setting.name])) ?? (anew ? secret.find((setting) => fault(setting, secrets[setting.name])) : undefined);
  const refusal = name.trim() === '' ? i18n.t('Give it a name.')
    : address.trim() === '' ? i18n.t('Say where it is reached.')
      : wrong ? i18n.t('{name} is missing or cannot be read.', { name: wrong.name }) : undefined;
  const save = async (): Promise<void> => {
    if (refusal) return;
    const made = await act.run((idempotencyKey) => ({
      input: {
        idempotencyKey, accountId: account.id, name: name.trim(), baseUrl: address.trim(), settings: entered(plain, values),
        ...(anew ? { secret: entered(secret, secrets) } : {}),
      },
    }));
    if (made) close();
  };

  return (
    <Stack gap="sm">
      <TextInput label={i18n.t('Name')} value={name} maxLength={100} data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label={i18n.t('Address')} description={vendor.addressHelp} value={address} maxLength={500} onChange={(event) => setAddress(event.currentTarget.value)} />
      <SettingFields settings={plain} values={values} set={(field, value) => setValues((before) => ({ ...before, [field]: value }))} />
      {secret.length > 0 && (
        <details>
          <summary>{i18n.t('Enter the secret again')}</summary>
          <Stack gap="sm" mt="xs">
            <Text size="sm" c="dimmed">{i18n.t('It cannot be shown. What is entered replaces all of it; left empty it stays. It is needed again where the address changes.')}</Text>
            <SettingFields settings={secret.map((setting) => ({ ...setting, required: anew && setting.required }))} values={secrets} set={(field, value) => setSecrets((before) => ({ ...before, [field]: value }))} />
          </Stack>
        </details>
      )}
      {act.problem && <ProblemView problem={act.problem} />}
      <Group justify="space-between">
        <Remove account={account} removed={removed} />
        <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void save()}>{i18n.t('Save')}</ReasonedButton>
      </Group>
    </Stack>
  );
}

function Remove({ account, removed }: { account: AccountPartsFragment; removed: () => void }) {
  const { i18n } = useLingui();
  const [sure, setSure] = useState(false);
  const act = useAct<RemoveAccountMutation, RemoveAccountMutationVariables, { deletedId: string }>(RemoveMutation, gone);
  const refusal = account.banks.totalCount > 0 ? i18n.t('Banks are reached by it: delete them or put another controller behind them first.') : undefined;
  const remove = async (): Promise<void> => {
    if (await act.run((idempotencyKey) => ({ input: { idempotencyKey, id: account.id } }))) removed();
  };
  return (
    <Stack gap="xs">
      {sure && !refusal
        ? <ReasonedButton color="red.9" loading={act.busy} onClick={() => void remove()}>{i18n.t('Remove it for good')}</ReasonedButton>
        : refusal
          ? <ReasonedButton variant="default" refusal={refusal}>{i18n.t('Remove the account')}</ReasonedButton>
          : <Button variant="default" onClick={() => setSure(true)}>{i18n.t('Remove the account')}</Button>}
      {act.problem && <ProblemView problem={act.problem} />}
    </Stack>
  );
}
