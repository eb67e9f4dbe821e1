/** Carriers and what each may do here: a row per grant, a column per operation. */
import { useLingui } from '@lingui/react';
import { getRouteApi } from '@tanstack/react-router';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { CarriersQuery as Carriers } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION, useMay } from '../../lib/permissions';
import { Empty } from '../../ui/Empty';
import { Page, Section } from '../../ui/Page';
import { usePaletteActions } from '../../ui/paletteActions';
import { ReasonedButton } from '../../ui/ReasonedButton';
import classes from './CarriersPage.module.css';
import { GrantPanel } from './GrantPanel';
import { GrantTable } from './GrantTable';
import { NewGrant } from './NewGrant';

const SIZE = { carriers: 20, grants: 20, sites: 20 };
const READ_AGAIN_MS = 3000;
const route = getRouteApi('/inside/carriers');

const CarriersQuery = graphql(`
  query Carriers($carriers: Int!, $grants: Int!, $sites: Int!) {
    carriers(first: $carriers) {
      edges {
        node {
          id name openStayCount
          grants(first: $grants) { edges { node { ...GrantParts } } }
        }
      }
      totalCount
    }
  }
`);

export type CarrierNode = Carriers['carriers']['edges'][number]['node'];

export default function CarriersPage() {
  const { i18n } = useLingui();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { state, reload, reloadSoon } = useLiveQuery({ query: CarriersQuery, variables: SIZE }, READ_AGAIN_MS);
  useFactsFeed((fact) => fact.kind.includes('Grant') && reloadSoon());
  const may = useMay(PERMISSION.manageGrants);
  const show = (grant: string | undefined): void => void navigate({ search: { grant }, replace: true, resetScroll: false });
  const add = (): void => void navigate({ search: { new: 'grant' } });
  usePaletteActions(may ? [{ id: 'grant-new', label: i18n.t('Grant a carrier access'), run: add }] : []);

  return (
    <Page
      needs={PERMISSION.readCarriers}
      title={i18n.t('Carriers')}
      lead={i18n.t('What each carrier may do, where and when. Nothing is allowed without a grant; grants add up.')}
      actions={
        <>
          <ReasonedButton onClick={add} refusal={may ? undefined : i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageGrants })}>
            {i18n.t('New grant')}
          </ReasonedButton>
          <CopyAsGraphQL document={CarriersQuery} variables={SIZE} />
        </>
      }
    >
      <Gate state={state} reload={reload} lines={8}>
        {(data) => {
          const carriers = data.carriers.edges.map((edge) => edge.node);
          const grant = carriers.flatMap((carrier) => carrier.grants.edges).find((edge) => edge.node.id === search.grant)?.node;
          return (
            <div className={classes['beside']} data-chosen={grant ? true : undefined}>
              <div className={classes['list']}>
                {carriers.length === 0 && <Empty title={i18n.t('No carrier yet')}>{i18n.t('Carriers appear here once they are known to Lockyard.')}</Empty>}
                {carriers.map((carrier) => <CarrierSection key={carrier.id} carrier={carrier} chosen={search.grant} show={show} />)}
              </div>
              {grant && <GrantPanel key={grant.id} grant={grant} close={() => show(undefined)} />}
              {search.new && <NewGrant carriers={carriers} close={() => void navigate({ search: {} })} />}
            </div>
          );
        }}
      </Gate>
    </Page>
  );
}

function CarrierSection({ carrier, chosen, show }: { carrier: CarrierNode; chosen?: string; show: (grant: string | undefined) => void }) {
  const { i18n } = useLingui();
  const grants = carrier.grants.edges.map((edge) => edge.node);
  return (
    <Section title={carrier.name} aside={<span>{i18n.t('{count, plural, one {# open stay} other {# open stays}}', { count: carrier.openStayCount })}</span>}>
      {grants.length === 0
        ? <Empty title={i18n.t('No grant')}>{i18n.t('This carrier can see and do nothing here until you grant it something.')}</Empty>
        : <GrantTable label={carrier.name} grants={grants} current={chosen} open={(grant) => show(grant.id)} />}
    </Section>
  );
}
