/** Taking a bank over: where it stands, what it and its doors are called, and what the vendor's words for sizes mean. */
import { Group, Modal, NativeSelect, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useLingui } from '@lingui/react';
import { useState } from 'react';
import { type Size, SIZES } from '../../gql/enums';
import { graphql } from '../../gql/generated/gql';
import type { ImportBankMutation, ImportBankMutationVariables } from '../../gql/generated/graphql';
import { ProblemView } from '../../gql/ProblemView';
import { useSiteNames } from '../../gql/SiteChoice';
import { useAct } from '../../gql/useAct';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { type FoundBank, guessed, sizeWords } from '../../lib/found';

const ImportMutation = graphql(`
  mutation ImportBank($input: ImportBankInput!) {
    importBank(input: $input) { __typename ... on Bank { id label account { ...AccountParts } } ...ProblemParts }
  }
`);

const taken = (data: ImportBankMutation): ImportBankMutation['importBank'] => data.importBank;

export function ImportBank({ survey, bank, close }: { survey: string; bank: FoundBank; close: () => void }) {
  const { i18n } = useLingui();
  const sites = useSiteNames();
  const words = sizeWords(bank);
  const act = useAct<ImportBankMutation, ImportBankMutationVariables, { id: string }>(ImportMutation, taken);
  const form = useForm({
    initialValues: { siteId: '', label: bank.name ?? bank.externalId, sizes: words.map((word) => guessed(word)) as Size[] },
  });
  const [labels, setLabels] = useState<Readonly<Record<string, string>>>({});
  const { siteId, label, sizes } = form.values;
  const refusal = !siteId ? i18n.t('Choose a site.') : label.trim() === '' ? i18n.t('Give it a name.') : undefined;

  const save = async (): Promise<void> => {
    if (refusal) return;
    const unnamed = words.indexOf('');
    const done = await act.run((idempotencyKey) => ({
      input: {
        idempotencyKey, surveyId: survey, siteId, externalId: bank.externalId, label: label.trim(),
        sizes: words.flatMap((word, index) => (word ? [{ word, size: sizes[index] ?? 'M' }] : [])),
        // Units whose size the vendor does not tell, or that are called otherwise here, are named one by one.
        doors: bank.units.flatMap((unit) => {
          const size = unit.size === null ? { size: sizes[unnamed] ?? 'M' } : {};
          const called = labels[unit.externalId]?.trim() ? { label: labels[unit.externalId]?.trim() } : {};
          return 'size' in size || 'label' in called ? [{ externalId: unit.externalId, ...size, ...called }] : [];
        }),
      },
    }));
    if (done) close();
  };

  return (
    <Modal opened onClose={close} title={i18n.t('Take over {bank}', { bank: bank.name ?? bank.externalId })} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Stack gap="sm">
        <Text size="sm">{i18n.t('{count, plural, one {# door} other {# doors}}', { count: bank.units.length })}</Text>
        <NativeSelect
          label={i18n.t('Site')} data-autofocus {...form.getInputProps('siteId')}
          data={[{ value: '', label: i18n.t('Choose') }, ...sites.map(({ id, name }) => ({ value: id, label: name }))]}
        />
        <TextInput label={i18n.t('Name')} maxLength={100} {...form.getInputProps('label')} />
        {words.map((word, index) => (
          <NativeSelect
            key={word} data={[...SIZES]} {...form.getInputProps(`sizes.${index}`)}
            label={word ? i18n.t('“{word}” is here', { word }) : i18n.t('Doors whose size is not told are')}
          />
        ))}
        <details>
          <summary>{i18n.t('What stands on the doors')}</summary>
          <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="xs" mt="xs">
            {bank.units.map((unit) => (
              <TextInput
                key={unit.externalId} size="xs" maxLength={40} value={labels[unit.externalId] ?? ''} placeholder={unit.label ?? unit.externalId}
                label={<span className="mono">{unit.externalId}{unit.size ? ` · ${unit.size}` : ''}{unit.inUse ? ` · ${i18n.t('in use')}` : ''}</span>}
                onChange={(event) => {
                  const called = event.currentTarget.value;
                  setLabels((before) => ({ ...before, [unit.externalId]: called }));
                }}
              />
            ))}
          </SimpleGrid>
        </details>
        {act.problem && <ProblemView problem={act.problem} />}
        <Group justify="flex-end">
          <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void save()}>{i18n.t('Take over')}</ReasonedButton>
        </Group>
      </Stack>
    </Modal>
  );
}
