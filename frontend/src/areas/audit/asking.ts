/** From the address to what the server is asked. */
import type { AuditOutcome } from '../../gql/enums';
import { type Preset, presetStart } from '../../lib/time';

export type Asked = {
  site?: string; action?: string; outcome?: AuditOutcome; target?: string; range?: Preset; since?: string; until?: string;
};

export type Filter = { siteId?: string; action?: string[]; outcome?: AuditOutcome; targetId?: string; since?: string; until?: string };

const MINUTE_MS = 60_000;

/** `range` wins over `since` and `until`. It starts at a whole minute, so that the same address asks the same question. */
export function filterOf(asked: Asked, nowMs: number, zone: string): Filter {
  const filter: Filter = {};
  if (asked.site) filter.siteId = asked.site;
  if (asked.action) filter.action = asked.action.split(',').map((each) => each.trim()).filter(Boolean);
  if (asked.outcome) filter.outcome = asked.outcome;
  if (asked.target) filter.targetId = asked.target;
  if (asked.range) filter.since = presetStart(asked.range, Math.floor(nowMs / MINUTE_MS) * MINUTE_MS, zone);
  else {
    if (asked.since) filter.since = asked.since;
    if (asked.until) filter.until = asked.until;
  }
  return filter;
}
