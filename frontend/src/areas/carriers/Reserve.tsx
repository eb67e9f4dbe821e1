/** Reserving a door of a bank for a parcel. */
import { Checkbox, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Occupancy, Size } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { ReserveCompartmentMutation, ReserveCompartmentMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useAct } from '../../gql/useAct';
import { paths } from '../../paths';
import { Moment } from '../../ui/Moment';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { freeBySize } from './free';

const ReserveMutation = graphql(`
  mutation ReserveCompartment($input: ReserveCompartmentInput!) {
    reserveCompartment(input: $input) {
      __typename
      ... on Stay { id state expiresAt compartment { id label } bank { id occupancy { size state count } } parcels(first: 3) { edges { node { id tracking } } } }
      ...ProblemParts
    }
  }
`);

type Made = Extract<ReserveCompartmentMutation['reserveCompartment'], { __typename: 'Stay' }>;
const reserved = (data: ReserveCompartmentMutation): ReserveCompartmentMutation['reserveCompartment'] => data.reserveCompartment;
const HOLDS = ['30', '60', '240'] as const;

type Bank = { id: string; label: string; occupancy: readonly { size: Size; state: Occupancy; count: number }[]; site: { name: string; timezone: string } };

export function Reserve({ bank, close }: { bank: Bank; close: () => void }) {
  const { i18n } = useLingui();
  const free = freeBySize(bank.occupancy);
  const [made, setMade] = useState<Made | null>(null);
  const act = useAct<ReserveCompartmentMutation, ReserveCompartmentMutationVariables, Made>(ReserveMutation, reserved);
  const form = useForm({ initialValues: { tracking: '', size: free[0]?.size ?? 'S', accessible: false, holdMinutes: '60' } });
  const refusal = form.values.tracking.trim() === '' ? i18n.t('Type the tracking number.') : undefined;

  const send = async (): Promise<void> => {
    if (refusal) return;
    const { tracking, size, accessible, holdMinutes } = form.values;
    const stay = await act.run((idempotencyKey) => ({
      input: { idempotencyKey, bankId: bank.id, tracking: tracking.trim(), size: size as Size, accessible, holdMinutes: Number(holdMinutes), flow: 'DELIVER' },
    }));
    if (stay) setMade(stay);
  };

  return (
    <Modal opened onClose={close} title={`${bank.label} · ${bank.site.name}`} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      {made ? (
        <Stack gap="sm" role="status">
          <Text fw={600}>{made.compartment ? i18n.t('Door {label} is reserved.', { label: made.compartment.label }) : i18n.t('A door is reserved. The bank says in a moment which one: see the stay.')}</Text>
          {made.expiresAt && <Text size="sm">{i18n.t('Until')} <Moment at={made.expiresAt} siteZone={bank.site.timezone} /></Text>}
          <Link {...paths.stays({ stay: made.id })}>{i18n.t('Go to the stay')}</Link>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <Stack gap="sm">
            <TextInput label={i18n.t('Tracking number')} maxLength={100} {...form.getInputProps('tracking')} data-autofocus />
            <NativeSelect
              label={i18n.t('Size')} {...form.getInputProps('size')}
              data={free.map(({ size, count }) => ({ value: size, label: i18n.t('{size} · {count} free', { size, count: i18n.number(count) }) }))}
            />
            <NativeSelect
              label={i18n.t('Hold for')} {...form.getInputProps('holdMinutes')}
              data={HOLDS.map((value) => ({ value, label: i18n.t('{minutes} minutes', { minutes: value }) }))}
            />
            <Checkbox label={i18n.t('A low door, within reach from a wheelchair')} {...form.getInputProps('accessible', { type: 'checkbox' })} />
            {act.problem && <ProblemView problem={act.problem} />}
            <Group justify="flex-end"><ReasonedButton type="submit" refusal={refusal} loading={act.busy}>{i18n.t('Reserve')}</ReasonedButton></Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
