/** Every address of the page, and how its search parameters are read. */
import {
  type AlarmSeverity, type AuditOutcome, AUDIT_OUTCOMES, type ExportKind, SEVERITIES,
} from './gql/enums';
import { compact, instant, manyOf, oneOf, type RawSearch, text } from './lib/search';
import { type Preset, PRESETS } from './lib/time';

const SITE_SORTS = ['worst', 'name', 'city', 'free'] as const;
const ALARM_VIEWS = ['open', 'unacknowledged', 'cleared', 'all'] as const;
const EXPORT_KINDS = ['AUDIT', 'STAYS'] as const;
const STAY_VIEWS = ['open', 'overdue', 'all'] as const;

export type SignInSearch = { next?: string };
export type SitesSearch = { q?: string; sort?: (typeof SITE_SORTS)[number]; only?: 'trouble' };
export type SiteSearch = { days?: '7' | '14' };
export type BankSearch = { door?: string };
export type AlarmsSearch = { view?: (typeof ALARM_VIEWS)[number]; severity?: string; site?: string; alarm?: string };
export type AuditSearch = {
  site?: string; action?: string; outcome?: AuditOutcome; target?: string; range?: Preset; since?: string; until?: string; entry?: string;
};
export type ReportsSearch = { kind?: ExportKind };
export type StaysSearch = { tracking?: string; site?: string; view?: (typeof STAY_VIEWS)[number]; stay?: string };
export type CarriersSearch = { grant?: string; new?: 'grant' };
export type HardwareSearch = { account?: string; new?: 'account' };
export type OwnSearch = { site?: string; bank?: string };

// Only a path of this page may follow a sign-in: `//elsewhere` and `\` would lead to another origin.
const ownPath = (raw: unknown): string | undefined => {
  const path = text(raw, 2000);
  return path && /^\/(?![/\\])/.test(path) ? path : undefined;
};

export const read = {
  signIn: (raw: RawSearch): SignInSearch => compact({ next: ownPath(raw['next']) }),
  sites: (raw: RawSearch): SitesSearch =>
    compact({ q: text(raw['q']), sort: oneOf(SITE_SORTS, raw['sort']), only: oneOf(['trouble'] as const, raw['only']) }),
  site: (raw: RawSearch): SiteSearch => compact({ days: oneOf(['7', '14'] as const, String(raw['days'] ?? '')) }),
  bank: (raw: RawSearch): BankSearch => compact({ door: text(raw['door']) }),
  alarms: (raw: RawSearch): AlarmsSearch =>
    compact({
      view: oneOf(ALARM_VIEWS, raw['view']),
      severity: manyOf<AlarmSeverity>(SEVERITIES, raw['severity'])?.join('.'),
      site: text(raw['site']),
      alarm: text(raw['alarm']),
    }),
  audit: (raw: RawSearch): AuditSearch =>
    compact({
      site: text(raw['site']), action: text(raw['action']), outcome: oneOf(AUDIT_OUTCOMES, raw['outcome']), target: text(raw['target']),
      range: oneOf(PRESETS, raw['range']), since: instant(raw['since']), until: instant(raw['until']), entry: text(raw['entry']),
    }),
  reports: (raw: RawSearch): ReportsSearch => compact({ kind: oneOf(EXPORT_KINDS, raw['kind']) }),
  stays: (raw: RawSearch): StaysSearch =>
    compact({ tracking: text(raw['tracking']), site: text(raw['site']), view: oneOf(STAY_VIEWS, raw['view']), stay: text(raw['stay']) }),
  carriers: (raw: RawSearch): CarriersSearch => compact({ grant: text(raw['grant']), new: oneOf(['grant'] as const, raw['new']) }),
  hardware: (raw: RawSearch): HardwareSearch => compact({ account: text(raw['account']), new: oneOf(['account'] as const, raw['new']) }),
  own: (raw: RawSearch): OwnSearch => compact({ site: text(raw['site']), bank: text(raw['bank']) }),
};

export const paths = {
  signIn: (search: SignInSearch = {}) => ({ to: '/sign-in', search }) as const,
  sites: (search: SitesSearch = {}) => ({ to: '/sites', search }) as const,
  site: (siteId: string, search: SiteSearch = {}) => ({ to: '/sites/$siteId', params: { siteId }, search }) as const,
  bank: (bankId: string, search: BankSearch = {}) => ({ to: '/banks/$bankId', params: { bankId }, search }) as const,
  alarms: (search: AlarmsSearch = {}) => ({ to: '/alarms', search }) as const,
  audit: (search: AuditSearch = {}) => ({ to: '/audit', search }) as const,
  reports: (search: ReportsSearch = {}) => ({ to: '/reports', search }) as const,
  stays: (search: StaysSearch = {}) => ({ to: '/stays', search }) as const,
  carriers: (search: CarriersSearch = {}) => ({ to: '/carriers', search }) as const,
  hardware: (search: HardwareSearch = {}) => ({ to: '/hardware', search }) as const,
  own: (search: OwnSearch = {}) => ({ to: '/own', search }) as const,
};
