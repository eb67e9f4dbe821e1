/** A new account: the form follows from what the vendor's adapter says it needs. */
import { Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { ConnectVendorMutation, ConnectVendorMutationVariables, VendorsQuery as Vendors } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { SettingFields } from './SettingFields';
import { type Entered, entered, fault } from './settings';

export const VendorsQuery = graphql(`
  query Vendors {
    vendors { name title addressHelp settings { name kind help required secret default } }
  }
`);
const ConnectMutation = graphql(`
  mutation ConnectVendor($input: ConnectVendorInput!) {
    connectVendor(input: $input) { __typename ... on VendorAccount { ...AccountParts } ...ProblemParts }
  }
`);

type Vendor = Vendors['vendors'][number];
const connected = (data: ConnectVendorMutation): ConnectVendorMutation['connectVendor'] => data.connectVendor;

export function ConnectVendor({ made, close }: { made: (id: string) => void; close: () => void }) {
  const { i18n } = useLingui();
  const [state] = useQuery({ query: VendorsQuery });
  return (
    <Modal opened onClose={close} size="lg" title={i18n.t('Connect a vendor account')} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Gate state={state} lines={6}>{(data) => <Form vendors={data.vendors} made={made} />}</Gate>
    </Modal>
  );
}

function Form({ vendors, made }: { vendors: readonly Vendor[]; made: (id: string) => void }) {
  const { i18n } = useLingui();
  const [chosen, setChosen] = useState(vendors[0]?.name ?? '');
  const [name, setName] = useState('');
  const [address, setAddress] = useState('');
  const [values, setValues] = useState<Record<string, Entered>>({});
  const act = useAct<ConnectVendorMutation, ConnectVendorMutationVariables, { id: string }>(ConnectMutation, connected);
  const vendor = vendors.find((each) => each.name === chosen);
  const settings = vendor?.settings ?? [];
  const wrong = settings.find((setting) => fault(setting, values[setting.name]));
  const refusal = name.trim() === '' ? i18n.t('Give it a name.')
    : address.trim() === '' ? i18n.t('Say where it is reached.')
      : wrong ? i18n.t('{name} is missing or cannot be read.', { name: wrong.name }) : undefined;

  const save = async (): Promise<void> => {
    if (refusal || !vendor) return;
    const parts = (secret: boolean): Record<string, unknown> => entered(settings.filter((setting) => setting.secret === secret), values);
    const account = await act.run((idempotencyKey) => ({
      input: { idempotencyKey, name: name.trim(), vendor: vendor.name, baseUrl: address.trim(), settings: parts(false), secret: parts(true) },
    }));
    if (account) made(account.id);
  };

  return (
    <Stack gap="sm">
      <NativeSelect label={i18n.t('Vendor')} value={chosen} data-autofocus onChange={(event) => setChosen(event.currentTarget.value)}
        data={vendors.map((each) => ({ value: each.name, label: each.title }))} />
      <TextInput label={i18n.t('Name')} value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label={i18n.t('Address')} description={vendor?.addressHelp} value={address} maxLength={500} onChange={(event) => setAddress(event.currentTarget.value)} />
      <SettingFields key={chosen} settings={settings} values={values} set={(field, value) => setValues((before) => ({ ...before, [field]: value }))} />
      <Text size="sm" c="dimmed">{i18n.t('Secrets are kept sealed and cannot be read again. Nothing is taken over by connecting.')}</Text>
      {act.problem && <ProblemView problem={act.problem} />}
      <Group justify="flex-end">
        <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void save()}>{i18n.t('Connect')}</ReasonedButton>
      </Group>
    </Stack>
  );
}
