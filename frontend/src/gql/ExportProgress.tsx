/** How far an export is; when it is done, its size, its proof and where to get it. */
import { Anchor, Group, Progress, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useNow } from '../lib/now';
import { formatAge } from '../lib/time';
import { EXPORT_STATE } from '../lib/words';
import { Mark } from '../ui/Mark';
import type { ExportPartsFragment } from './generated/graphql';
import { isUnderWay, useExport } from './useExport';

const BYTE_STEPS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function formatBytes(bytes: number, locale: string): string {
  const step = Math.min(BYTE_STEPS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const options: Intl.NumberFormatOptions = { style: 'unit', unit: BYTE_STEPS[step], maximumFractionDigits: 1 };
  return new Intl.NumberFormat(locale, options).format(bytes / 1000 ** step);
}

export function ExportProgress({ id, known }: { id: string; known?: ExportPartsFragment }) {
  const { i18n } = useLingui();
  const now = useNow();
  const job = useExport(id, known);
  if (!job) return <Text size="sm">{i18n.t('Reading the export')}</Text>;
  const expected = job.expectedRows ?? 0;
  const share = job.state === 'DONE' ? 100 : expected > 0 ? Math.min(99, (job.rows / expected) * 100) : 0;
  const counted = expected > 0
    ? i18n.t('{rows} of about {expected} rows', { rows: i18n.number(job.rows), expected: i18n.number(expected) })
    : i18n.t('{rows} rows', { rows: i18n.number(job.rows) });
  const gone = job.expiresAt !== null && Date.parse(job.expiresAt) <= now;
  return (
    <Stack gap={6} data-testid="export-progress" data-state={job.state}>
      <Group gap="sm">
        <Mark tone={job.state === 'FAILED' ? 'high' : 'plain'}>{i18n.t(EXPORT_STATE[job.state])}</Mark>
        <Text size="sm" className="tabular">
          {job.state === 'DONE' ? i18n.t('{rows} rows', { rows: i18n.number(job.rows) }) : counted}
          {job.bytes !== null && ` · ${formatBytes(job.bytes, i18n.locale)}`}
        </Text>
        {job.downloadUrl && job.state === 'DONE' && !gone && <Anchor href={job.downloadUrl} download>{i18n.t('Download {format}', { format: job.format })}</Anchor>}
      </Group>
      {isUnderWay(job) && <Progress value={share} aria-label={i18n.t('Export progress')} />}
      {job.failure && <Text size="sm">{job.failure}</Text>}
      {job.sha256 && <Text size="xs" c="dimmed">sha256 <span className="mono" data-testid="export-sha256">{job.sha256}</span></Text>}
      {job.state === 'DONE' && job.expiresAt && (
        <Text size="xs" c="dimmed">
          {gone ? i18n.t('The link has expired.') : i18n.t('The link expires in {age}.', { age: formatAge(Date.parse(job.expiresAt) - now, i18n.locale) })}
        </Text>
      )}
    </Stack>
  );
}
