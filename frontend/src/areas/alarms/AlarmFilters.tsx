/** Which alarms: everything chosen here stands in the address. */
import { Chip, Group, SegmentedControl } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { type AlarmSeverity, SEVERITIES } from '../../gql/enums';
import { SiteChoice } from '../../gql/SiteChoice';
import { joined, manyOf } from '../../lib/search';
import { SEVERITY } from '../../lib/words';
import type { Asked, View } from './listing';

export function AlarmFilters({ search, set }: { search: Asked; set: (change: Asked) => void }) {
  const { i18n } = useLingui();
  const severities = manyOf<AlarmSeverity>(SEVERITIES, search.severity) ?? [];
  return (
    <Group gap="sm" mb="sm" align="flex-end" className="no-print">
      <div className="sideways">
        <SegmentedControl
          size="xs" value={search.view ?? 'open'} onChange={(view) => set({ view: view === 'open' ? undefined : (view as View) })}
          aria-label={i18n.t('Which alarms')}
          data={[
            { value: 'open', label: i18n.t('Active now') },
            { value: 'unacknowledged', label: i18n.t('Unacknowledged') },
            { value: 'cleared', label: i18n.t('Cleared') },
            { value: 'all', label: i18n.t('All') },
          ]}
        />
      </div>
      <Chip.Group multiple value={severities} onChange={(chosen) => set({ severity: joined(SEVERITIES.filter((each) => chosen.includes(each))) })}>
        <Group gap={4} role="group" aria-label={i18n.t('Severity')}>
          {SEVERITIES.map((severity) => <Chip key={severity} value={severity} size="xs" variant="outline">{i18n.t(SEVERITY[severity])}</Chip>)}
        </Group>
      </Chip.Group>
      <SiteChoice value={search.site} choose={(site) => set({ site })} />
    </Group>
  );
}
