/** One site: its banks, how it was used hour by hour, and what is wrong there now. */
import { Group, SegmentedControl } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useAlarmsFeed, useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { SiteScreenQuery } from '../../gql/generated/graphql';
import { useEvery, useLiveQuery } from '../../gql/useLiveQuery';
import { useNow } from '../../lib/now';
import { PERMISSION, useMay } from '../../lib/permissions';
import { formatClock } from '../../lib/time';
import { ALARM_KIND } from '../../lib/words';
import { paths } from '../../paths';
import { Empty } from '../../ui/Empty';
import { Figures } from '../../ui/Figures';
import { Mark } from '../../ui/Mark';
import { Age } from '../../ui/Moment';
import { Page, Section } from '../../ui/Page';
import { BankCards } from './BankCards';
import { fillOf, usedShare } from './board';
import { UseTable } from './UseTable';

const route = getRouteApi('/inside/sites/$siteId');
const BANKS = 50;
const ALARMS = 10;
// That a bank still answers is no event: its last contact has to be asked for.
const CONTACT_MS = 15_000;

const SiteQuery = graphql(`
  query SiteScreen($id: ID!, $banks: Int!, $alarms: Int!) {
    site(id: $id) {
      id name addressLine city country timezone openAlarmCount offlineBankCount bankCount compartmentCount
      occupancy { size state count }
      banks(first: $banks) { edges { node { ...BankCard } } totalCount }
      alarms(filter: { condition: ACTIVE }, first: $alarms) {
        edges { node { id kind severity raisedAt acknowledgedAt bank { id label } compartment { id label } } }
      }
    }
  }
`);

type Site = NonNullable<SiteScreenQuery['site']>;

export default function SitePage() {
  const { i18n } = useLingui();
  const { siteId } = route.useParams();
  const variables = useMemo(() => ({ id: siteId, banks: BANKS, alarms: ALARMS }), [siteId]);
  const { state, reload, reloadSoon } = useLiveQuery({ query: SiteQuery, variables });
  useFactsFeed((fact) => fact.site?.id === siteId && reloadSoon());
  useAlarmsFeed((alarm) => alarm.site.id === siteId && reloadSoon());
  useEvery(CONTACT_MS, reloadSoon);
  const site = state.data?.site;

  return (
    <Page
      title={site?.name ?? i18n.t('Site')}
      above={<Link {...paths.sites()}>{i18n.t('All sites')}</Link>}
      lead={site && <Lead site={site} />}
      actions={
        <>
          <Link {...paths.audit({ site: siteId, range: '7d' })}>{i18n.t('Audit of this site')}</Link>
          <CopyAsGraphQL document={SiteQuery} variables={variables} />
        </>
      }
    >
      <Gate state={state} reload={reload} lines={8}>
        {(data) => (data.site ? <Body site={data.site} /> : <Missing />)}
      </Gate>
    </Page>
  );
}

function Lead({ site }: { site: Site }) {
  const { i18n } = useLingui();
  const now = useNow();
  return <>{site.addressLine}, {site.city}, {site.country} · {i18n.t('local time')} {formatClock(now, i18n.locale, site.timezone)} {site.timezone}</>;
}

function Missing() {
  const { i18n } = useLingui();
  return (
    <Empty title={i18n.t('No such site')} action={<Link {...paths.sites()}>{i18n.t('All sites')}</Link>}>
      {i18n.t('It does not exist, or your role does not cover it.')}
    </Empty>
  );
}

function Body({ site }: { site: Site }) {
  const { i18n } = useLingui();
  const { days = '7' } = route.useSearch();
  const navigate = route.useNavigate();
  const fill = fillOf(site.occupancy);
  const alarms = useMay(PERMISSION.readAlarms);
  return (
    <>
      <Section title={i18n.t('Now')}>
        <Figures
          figures={[
            { name: i18n.t('Doors in use'), value: i18n.number(usedShare(fill), { style: 'percent' }), more: i18n.t('of {total}', { total: i18n.number(fill.total) }) },
            { name: i18n.t('Free doors'), value: i18n.number(fill.free) },
            ...(alarms ? [{ name: i18n.t('Open alarms'), value: i18n.number(site.openAlarmCount), tone: site.openAlarmCount > 0 ? 'high' as const : undefined }] : []),
            { name: i18n.t('Offline banks'), value: i18n.number(site.offlineBankCount), tone: site.offlineBankCount > 0 ? 'high' : undefined, more: i18n.t('of {total}', { total: i18n.number(site.bankCount) }) },
          ]}
        />
      </Section>
      <Section title={i18n.t('Banks')}>
        <BankCards banks={site.banks.edges.map((edge) => edge.node)} siteZone={site.timezone} />
      </Section>
      {alarms && (
        <Section title={i18n.t('Active alarms')} aside={<Link {...paths.alarms({ site: site.id })}>{i18n.t('All alarms of this site')}</Link>}>
          <ActiveAlarms site={site} />
        </Section>
      )}
      <Section
        title={i18n.t('Use by hour')}
        aside={
          <Group className="no-print">
            <SegmentedControl
              size="xs" value={days} onChange={(value) => void navigate({ search: { days: value as '7' | '14' }, replace: true })}
              data={[{ value: '7', label: i18n.t('7 days') }, { value: '14', label: i18n.t('14 days') }]}
              aria-label={i18n.t('Range')}
            />
          </Group>
        }
      >
        <UseTable siteId={site.id} zone={site.timezone} days={Number(days)} />
      </Section>
    </>
  );
}

function ActiveAlarms({ site }: { site: Site }) {
  const { i18n } = useLingui();
  if (site.alarms.edges.length === 0) return <Mark tone="quiet">{i18n.t('None')}</Mark>;
  return (
    <ul>
      {site.alarms.edges.map(({ node }) => (
        <li key={node.id}>
          <Link {...paths.alarms({ alarm: node.id, site: site.id })}>
            <Mark tone={node.severity.toLowerCase() as 'critical' | 'high' | 'medium' | 'low'}>{i18n.t(ALARM_KIND[node.kind])}</Mark>
          </Link>{' '}
          {[node.bank?.label, node.compartment?.label].filter(Boolean).join(' · ')} · <Age since={node.raisedAt} siteZone={site.timezone} />
          {node.acknowledgedAt && <> · {i18n.t('Acknowledged')}</>}
        </li>
      ))}
    </ul>
  );
}
