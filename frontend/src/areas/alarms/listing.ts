/** From the address to the filter, and which live alarms are new to the list on the screen. */
import type { AlarmCondition, AlarmSeverity } from '../../gql/enums';
import { SEVERITIES } from '../../gql/enums';
import { manyOf } from '../../lib/search';

export type View = 'open' | 'unacknowledged' | 'cleared' | 'all';
export type Asked = { view?: View; severity?: string; site?: string };
export type Filter = { siteId?: string; condition?: AlarmCondition; acknowledged?: boolean; severity?: AlarmSeverity[] };

export function filterOf(asked: Asked): Filter {
  const severity = manyOf<AlarmSeverity>(SEVERITIES, asked.severity);
  const views: Record<View, Filter> = {
    open: { condition: 'ACTIVE' }, unacknowledged: { acknowledged: false }, cleared: { condition: 'CLEARED' }, all: {},
  };
  return { ...views[asked.view ?? 'open'], ...(asked.site ? { siteId: asked.site } : {}), ...(severity ? { severity } : {}) };
}

export type Judged = { id: string; severity: AlarmSeverity; condition: AlarmCondition; acknowledgedAt: string | null; site: { id: string } };

export function fits(alarm: Judged, filter: Filter): boolean {
  if (filter.siteId && alarm.site.id !== filter.siteId) return false;
  if (filter.condition && alarm.condition !== filter.condition) return false;
  if (filter.acknowledged === false && alarm.acknowledgedAt) return false;
  return !filter.severity || filter.severity.includes(alarm.severity);
}

/** Alarms that the filter wants and the list does not hold yet: what stands behind "3 new". */
export function noteNew(waiting: ReadonlySet<string>, alarm: Judged, filter: Filter, shown: readonly { id: string }[]): ReadonlySet<string> {
  const known = waiting.has(alarm.id) || shown.some((each) => each.id === alarm.id);
  if (known || !fits(alarm, filter)) return waiting;
  return new Set([...waiting, alarm.id]);
}
