/** Starts an export of what is on the screen and shows it through; closing does not stop it. */
import { Group, Modal, NativeSelect, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { PERMISSION, useMay } from '../lib/permissions';
import { paths } from '../paths';
import { Facts, type Fact } from '../ui/Facts';
import { ReasonedButton } from '../ui/ReasonedButton';
import type { ExportFormat, ExportKind } from './enums';
import { ExportProgress } from './ExportProgress';
import { ProblemView } from './ProblemView';
import { useCreateExport } from './useExport';

type Props = {
  kind: ExportKind;
  what: { siteId?: string; since?: string; until?: string; action?: string[] };
  /** The same choices in words: people confirm what they read. */
  facts: readonly Fact[];
  close: () => void;
};

export function ExportDialog({ kind, what, facts, close }: Props) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.createExport);
  const [format, setFormat] = useState<ExportFormat>('CSV');
  const [made, setMade] = useState<string | null>(null);
  const act = useCreateExport();
  const refusal = may ? undefined : i18n.t('Your role may not export: {permission} is needed.', { permission: PERMISSION.createExport });
  const start = async (): Promise<void> => {
    if (refusal) return;
    const job = await act.run((idempotencyKey) => ({ input: { idempotencyKey, kind, format, ...what } }));
    if (job) setMade(job.id);
  };
  return (
    <Modal opened onClose={close} size="lg" title={kind === 'AUDIT' ? i18n.t('Export the audit') : i18n.t('Export stays')} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Stack gap="md">
        <Facts facts={facts} />
        {made ? (
          <>
            <ExportProgress id={made} />
            <Text size="sm">{i18n.t('You may close this: the export goes on.')} <Link {...paths.reports()}>{i18n.t('All exports')}</Link></Text>
          </>
        ) : (
          <>
            <NativeSelect
              label={i18n.t('Format')} value={format} onChange={(event) => setFormat(event.currentTarget.value as ExportFormat)} data-autofocus
              data={[
                { value: 'CSV', label: i18n.t('CSV, safe to open in a spreadsheet') },
                { value: 'NDJSON', label: i18n.t('NDJSON, exact, for programs and verification') },
              ]}
            />
            <Group justify="flex-end">
              <ReasonedButton refusal={refusal} loading={act.busy} onClick={() => void start()}>{i18n.t('Start the export')}</ReasonedButton>
            </Group>
          </>
        )}
        {act.problem && <ProblemView problem={act.problem} />}
      </Stack>
    </Modal>
  );
}
