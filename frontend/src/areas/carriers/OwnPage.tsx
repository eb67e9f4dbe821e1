/** A carrier's own view: where it may work, what is free there, what it holds, and reserving a door. */
import { useLingui } from '@lingui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { OwnSiteFragment } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION, useMay, useViewer } from '../../lib/permissions';
import { paths } from '../../paths';
import { Empty } from '../../ui/Empty';
import { Mark } from '../../ui/Mark';
import { Page, Section } from '../../ui/Page';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { freeBySize } from './free';
import { GrantTable } from './GrantTable';
import classes from './OwnPage.module.css';
import { Reserve } from './Reserve';

const SIZE = { sites: 50, banks: 20, grants: 20, stays: 10 };
const READ_AGAIN_MS = 2000;
const route = getRouteApi('/inside/own');

const OwnQuery = graphql(`
  query Own($sites: Int!, $banks: Int!, $grants: Int!, $stays: Int!) {
    sites(first: $sites, sort: { by: NAME, direction: ASC }) { edges { node { ...OwnSite } } totalCount }
    grants(first: $grants) { edges { node { ...GrantParts } } }
    stays(filter: { open: true }, first: $stays) {
      edges { node { id state expiresAt site { id name timezone } bank { id label } compartment { id label } parcels(first: 3) { edges { node { id tracking } } } } }
    }
  }
  fragment OwnSite on Site {
    id name addressLine city timezone
    banks(first: $banks) { edges { node { id label isStale unreachableSince occupancy { size state count } } } }
  }
`);

export default function OwnPage() {
  const { i18n } = useLingui();
  const viewer = useViewer();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const variables = useMemo(() => SIZE, []);
  const { state, reload, reloadSoon } = useLiveQuery({ query: OwnQuery, variables }, READ_AGAIN_MS);
  useFactsFeed(reloadSoon);
  const may = useMay(PERMISSION.reserve);
  const [refusal] = useState(() => (may ? undefined : i18n.t('Your role may not reserve: {permission} is needed.', { permission: PERMISSION.reserve })));
  const reserve = (bank: string | undefined): void => void navigate({ search: { bank }, replace: true, resetScroll: false });

  return (
    <Page
      title={i18n.t('Our lockers')}
      lead={i18n.t('Where {carrier} may work, and what is free there now.', { carrier: viewer.organization.name })}
      actions={<CopyAsGraphQL document={OwnQuery} variables={variables} />}
    >
      <Gate state={state} reload={reload} lines={10}>
        {(data) => {
          const sites = data.sites.edges.map((edge) => edge.node);
          const stays = data.stays.edges.map((edge) => edge.node);
          const bank = sites.flatMap((site) => site.banks.edges.map((edge) => ({ ...edge.node, site }))).find(({ id }) => id === search.bank);
          return (
            <>
              <Section title={i18n.t('Sites and free doors')}>
                {sites.length === 0
                  ? <Empty title={i18n.t('No site yet')}>{i18n.t('An operator has to grant you access first. Your grants are listed below.')}</Empty>
                  : <ul className={classes['sites']}>{sites.map((site) => <SiteCard key={site.id} site={site} refusal={refusal} reserve={reserve} />)}</ul>}
              </Section>
              <Section title={i18n.t('Our open stays')} aside={<Link {...paths.stays()}>{i18n.t('All our parcels')}</Link>}>
                {stays.length === 0
                  ? <Empty title={i18n.t('Nothing in a locker')}>{i18n.t('Reserve a door above; the stay and its parcels appear here.')}</Empty>
                  : (
                    <ul>
                      {stays.map((stay) => (
                        <li key={stay.id}>
                          <Link {...paths.stays({ stay: stay.id })}><span className="mono">{stay.parcels.edges.map((edge) => edge.node.tracking).join(', ') || stay.bank.label}</span></Link>
                          {' · '}{stay.site.name} · {stay.bank.label} · {stay.compartment ? i18n.t('Door {label}', { label: stay.compartment.label }) : i18n.t('no door yet')}
                        </li>
                      ))}
                    </ul>
                  )}
              </Section>
              <Section title={i18n.t('What we were granted')} aside={<span>{i18n.t('Our id, for operators:')} <span className="mono">{viewer.organization.id}</span></span>}>
                {data.grants.edges.length === 0
                  ? <Empty title={i18n.t('No grant')}>{i18n.t('Nothing is allowed without a grant of an operator.')}</Empty>
                  : <GrantTable label={i18n.t('Grants')} grants={data.grants.edges.map((edge) => edge.node)} operators />}
              </Section>
              {bank && <Reserve bank={bank} close={() => reserve(undefined)} />}
            </>
          );
        }}
      </Gate>
    </Page>
  );
}

function SiteCard({ site, refusal, reserve }: { site: OwnSiteFragment; refusal?: string; reserve: (bank: string) => void }) {
  const { i18n } = useLingui();
  return (
    <li className={classes['site']}>
      <strong>{site.name}</strong>
      <span className={classes['dim']}>{site.addressLine}, {site.city} · {site.timezone}</span>
      {site.banks.edges.map(({ node: bank }) => {
        const free = freeBySize(bank.occupancy);
        const none = free.length === 0 ? i18n.t('Nothing is free in this bank.') : undefined;
        return (
          <div key={bank.id} className={classes['bank']}>
            <div>
              <Link {...paths.bank(bank.id)}>{bank.label}</Link>{' '}
              {bank.unreachableSince ? <Mark tone="high">{i18n.t('Unreachable')}</Mark> : bank.isStale && <Mark tone="medium">{i18n.t('Stale')}</Mark>}
              <div className="tabular">{free.map(({ size, count }) => `${size} ${i18n.number(count)}`).join(' · ') || i18n.t('None free')}</div>
            </div>
            <ReasonedButton size="compact-sm" variant="default" refusal={refusal ?? none} onClick={() => reserve(bank.id)}>{i18n.t('Reserve')}</ReasonedButton>
          </div>
        );
      })}
    </li>
  );
}
