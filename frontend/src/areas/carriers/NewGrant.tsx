/** A new grant: what, where, when, how much; read back in words before it is saved. */
import { Checkbox, Group, Modal, NativeSelect, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useLingui } from '@lingui/react';
import { type GrantOperation, OPERATIONS, type Size, SIZES } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { GrantCarrierMutation, GrantCarrierMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useSiteNames } from '../../gql/SiteChoice';
import { useAct } from '../../gql/useAct';
import { OPERATION } from '../../lib/words';
import { ReasonedButton } from '../../ui/ReasonedButton';
import classes from './NewGrant.module.css';

const GrantMutation = graphql(`
  mutation GrantCarrier($input: GrantCarrierInput!) {
    grantCarrier(input: $input) { __typename ... on Grant { id state } ...ProblemParts }
  }
`);

const granted = (data: GrantCarrierMutation): GrantCarrierMutation['grantCarrier'] => data.grantCarrier;

// In place of a carrier's id: one that no grant has made known yet.
const UNKNOWN = 'unknown';

type Values = {
  carrierId: string; organizationId: string; operations: GrantOperation[]; allSites: boolean; siteIds: string[]; allSizes: boolean; sizes: Size[];
  maxOpenStays: number | ''; maxDepositsPerDay: number | ''; maxHoldHours: number | '';
};

export function NewGrant({ carriers, close }: { carriers: readonly { id: string; name: string }[]; close: () => void }) {
  const { i18n } = useLingui();
  const sites = useSiteNames();
  const act = useAct<GrantCarrierMutation, GrantCarrierMutationVariables, { id: string }>(GrantMutation, granted);
  const form = useForm<Values>({
    initialValues: {
      carrierId: carriers[0]?.id ?? UNKNOWN, organizationId: '', operations: ['VIEW_AVAILABILITY', 'VIEW_OWN_PARCELS'], allSites: false, siteIds: [],
      allSizes: true, sizes: [], maxOpenStays: '', maxDepositsPerDay: '', maxHoldHours: '',
    },
  });
  const values = form.values;
  const carrierId = values.carrierId === UNKNOWN ? values.organizationId.trim() : values.carrierId;
  const refusal = !carrierId ? i18n.t('Type the id that the carrier gave you.')
    : values.operations.length === 0 ? i18n.t('Choose at least one operation.')
      : !values.allSites && values.siteIds.length === 0 ? i18n.t('Choose sites, or all sites.')
        : !values.allSizes && values.sizes.length === 0 ? i18n.t('Choose sizes, or all sizes.') : undefined;

  const save = async (): Promise<void> => {
    if (refusal) return;
    const limit = (value: number | ''): number | null => (value === '' ? null : value);
    const { organizationId: _, maxOpenStays, maxDepositsPerDay, maxHoldHours, ...rest } = values;
    const made = await act.run((idempotencyKey) => ({
      input: {
        ...rest, carrierId, idempotencyKey, allBanks: true, bankIds: [], windows: [], siteIds: rest.allSites ? [] : rest.siteIds, sizes: rest.allSizes ? [] : rest.sizes,
        maxOpenStays: limit(maxOpenStays), maxDepositsPerDay: limit(maxDepositsPerDay), maxHoldHours: limit(maxHoldHours),
      },
    }));
    if (made) close();
  };

  return (
    <Modal opened onClose={close} size="lg" title={i18n.t('New grant')} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Stack gap="sm">
        <NativeSelect
          label={i18n.t('Carrier')} {...form.getInputProps('carrierId')} data-autofocus
          data={[...carriers.map(({ id, name }) => ({ value: id, label: name })), { value: UNKNOWN, label: i18n.t('One you have not worked with yet') }]}
        />
        {values.carrierId === UNKNOWN && (
          <TextInput
            label={i18n.t('Id of the carrier')} description={i18n.t('Its own people find it under “Our lockers”.')} maxLength={100}
            {...form.getInputProps('organizationId')}
          />
        )}
        <Checkbox.Group label={i18n.t('May')} {...form.getInputProps('operations')}>
          <Group gap="sm" mt={4}>{OPERATIONS.map((operation) => <Checkbox key={operation} value={operation} label={i18n.t(OPERATION[operation])} />)}</Group>
        </Checkbox.Group>
        <Checkbox label={i18n.t('At all sites, also those that come later')} {...form.getInputProps('allSites', { type: 'checkbox' })} />
        {!values.allSites && (
          <Checkbox.Group label={i18n.t('Sites')} {...form.getInputProps('siteIds')}>
            <div className={classes['sites']}>{sites.map(({ id, name }) => <Checkbox key={id} value={id} label={name} />)}</div>
          </Checkbox.Group>
        )}
        <Checkbox label={i18n.t('All sizes')} {...form.getInputProps('allSizes', { type: 'checkbox' })} />
        {!values.allSizes && (
          <Checkbox.Group label={i18n.t('Sizes')} {...form.getInputProps('sizes')}>
            <Group gap="sm" mt={4}>{SIZES.map((size) => <Checkbox key={size} value={size} label={size} />)}</Group>
          </Checkbox.Group>
        )}
        <Group grow>
          <NumberInput label={i18n.t('Most open stays')} min={1} allowDecimal={false} {...form.getInputProps('maxOpenStays')} />
          <NumberInput label={i18n.t('Most deposits a day')} min={1} allowDecimal={false} {...form.getInputProps('maxDepositsPerDay')} />
          <NumberInput label={i18n.t('Longest hold, hours')} min={1} allowDecimal={false} {...form.getInputProps('maxHoldHours')} />
        </Group>
        <Preview values={values} carrier={carriers.find(({ id }) => id === values.carrierId)?.name ?? i18n.t('This carrier')} />
        {act.problem && <ProblemView problem={act.problem} />}
        <Group justify="flex-end">
          <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void save()}>{i18n.t('Grant')}</ReasonedButton>
        </Group>
      </Stack>
    </Modal>
  );
}

function Preview({ values, carrier }: { values: Values; carrier: string }) {
  const { i18n } = useLingui();
  const where = values.allSites ? i18n.t('at all sites') : i18n.t('{count, plural, =0 {at no site} one {at # site} other {at # sites}}', { count: values.siteIds.length });
  const what = values.operations.map((operation) => i18n.t(OPERATION[operation])).join(', ');
  return (
    <Text size="sm" role="status">
      <strong>{i18n.t('This will allow:')}</strong> {i18n.t('{carrier}: {what}, {where}. It adds to what is already granted and takes nothing away.', { carrier, what: what || i18n.t('Nothing'), where })}
    </Text>
  );
}
