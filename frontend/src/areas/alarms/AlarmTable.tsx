/** The rows: severity as shape, word and colour; where; since when; what was done about it. */
import { useLingui } from '@lingui/react';
import type { AlarmRowFragment } from '../../gql/generated/graphql';
import { ALARM_KIND, ALARM_STATE, SEVERITY } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { Mark, type Tone } from '../../ui/Mark';
import { Age } from '../../ui/Moment';

type Props = {
  alarms: readonly AlarmRowFragment[];
  current?: string;
  open: (alarm: AlarmRowFragment) => void;
  chosen: ReadonlySet<string>;
  toggle: (id: string) => void;
};

export function toneOf(alarm: Pick<AlarmRowFragment, 'severity' | 'condition'>): Tone {
  return alarm.condition === 'CLEARED' ? 'quiet' : (alarm.severity.toLowerCase() as Tone);
}

export function placeOf(alarm: AlarmRowFragment): string {
  return [alarm.site.name, alarm.bank?.label, alarm.compartment?.label].filter(Boolean).join(' · ');
}

export function AlarmTable({ alarms, current, open, chosen, toggle }: Props) {
  const { i18n } = useLingui();
  const columns: Column<AlarmRowFragment>[] = [
    { id: 'severity', header: i18n.t('Severity'), cell: (alarm) => <Mark tone={toneOf(alarm)}>{i18n.t(SEVERITY[alarm.severity])}</Mark> },
    { id: 'kind', header: i18n.t('Alarm'), cell: (alarm) => <strong>{i18n.t(ALARM_KIND[alarm.kind])}</strong> },
    { id: 'place', header: i18n.t('Where'), cell: placeOf },
    { id: 'since', header: i18n.t('Since'), cell: (alarm) => <Age since={alarm.raisedAt} siteZone={alarm.site.timezone} /> },
    {
      id: 'state', header: i18n.t('State'),
      cell: (alarm) => <>{i18n.t(ALARM_STATE[alarm.state])}{alarm.acknowledgedBy && <> · {alarm.acknowledgedBy}</>}{alarm.repeatCount > 0 && <> · ×{alarm.repeatCount + 1}</>}</>,
    },
  ];
  return (
    <DataTable
      label={i18n.t('Alarms')} rows={alarms} keyOf={(alarm) => alarm.id} columns={columns} current={current} onOpen={open}
      toneOf={(alarm) => (alarm.condition === 'ACTIVE' && !alarm.acknowledgedAt && (alarm.severity === 'CRITICAL' || alarm.severity === 'HIGH') ? (alarm.severity.toLowerCase() as 'critical' | 'high') : undefined)}
      selection={{ chosen, toggle, nameOf: (alarm) => `${i18n.t(ALARM_KIND[alarm.kind])}, ${placeOf(alarm)}` }}
    />
  );
}
