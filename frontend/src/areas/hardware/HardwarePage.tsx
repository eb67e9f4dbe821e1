/** Accounts at vendors: the ways to the banks, and what each of them holds. */
import { useLingui } from '@lingui/react';
import { getRouteApi } from '@tanstack/react-router';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { AccountPartsFragment } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { PERMISSION, useMay } from '../../lib/permissions';
import { SURVEY_STATE } from '../../lib/words';
import { type Column, DataTable } from '../../ui/DataTable';
import { Empty } from '../../ui/Empty';
import { Mark } from '../../ui/Mark';
import { Age } from '../../ui/Moment';
import { Page, Section } from '../../ui/Page';
import { usePaletteActions } from '../../ui/paletteActions';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { AccountPanel } from './AccountPanel';
import { ConnectVendor } from './ConnectVendor';
import classes from './HardwarePage.module.css';

const SIZE = { first: 50 };
const READ_AGAIN_MS = 1000;
const route = getRouteApi('/inside/hardware');

export const AccountParts = graphql(`
  fragment AccountParts on VendorAccount {
    id name vendor baseUrl settings hasSecret createdAt
    banks(first: 50) { edges { node { id label externalId site { id name } } } totalCount }
    surveys(first: 1) { edges { node { id state problem requestedBy requestedAt finishedAt found } } }
  }
`);

const HardwareQuery = graphql(`
  query Hardware($first: Int!) {
    vendorAccounts(first: $first) { edges { node { ...AccountParts } } }
    vendors { name title }
  }
`);

export default function HardwarePage() {
  const { i18n } = useLingui();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { state, reload, reloadSoon } = useLiveQuery({ query: HardwareQuery, variables: SIZE }, READ_AGAIN_MS);
  useFactsFeed((fact) => ['Survey', 'VendorAccount', 'Bank'].includes(fact.subjectType) && reloadSoon());
  const may = useMay(PERMISSION.manageBanks);
  const refusal = may ? undefined : i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageBanks });
  const show = (account: string | undefined): void => void navigate({ search: { account }, replace: true, resetScroll: false });
  const connect = (): void => void navigate({ search: { new: 'account' } });
  usePaletteActions(may ? [{ id: 'account-new', label: i18n.t('Connect a vendor account'), run: connect }] : []);

  return (
    <Page
      needs={PERMISSION.manageBanks}
      title={i18n.t('Hardware')}
      lead={i18n.t('The ways to your banks: accounts at vendors and controllers. What one holds is shown before anything is taken over.')}
      actions={
        <>
          <ReasonedButton onClick={connect} refusal={refusal}>{i18n.t('Connect')}</ReasonedButton>
          <CopyAsGraphQL document={HardwareQuery} variables={SIZE} />
        </>
      }
    >
      <Gate state={state} reload={reload} lines={8}>
        {(data) => {
          const accounts = data.vendorAccounts.edges.map((edge) => edge.node);
          const chosen = accounts.find((account) => account.id === search.account);
          // One whose adapter is gone keeps the name that it was connected by.
          const titleOf = (vendor: string): string => data.vendors.find((each) => each.name === vendor)?.title ?? vendor;
          return (
            <div className={classes['beside']} data-chosen={chosen ? true : undefined}>
              <Section title={i18n.t('Accounts')}>
                {accounts.length === 0
                  ? <Empty title={i18n.t('No account yet')}>{i18n.t('Connect one: its banks and doors are listed, and you choose what to take over.')}</Empty>
                  : <Accounts accounts={accounts} titleOf={titleOf} current={search.account} open={(account) => show(account.id)} />}
              </Section>
              {chosen && <AccountPanel key={chosen.id} account={chosen} vendor={titleOf(chosen.vendor)} close={() => show(undefined)} />}
              {search.new && <ConnectVendor made={(id) => show(id)} close={() => void navigate({ search: {} })} />}
            </div>
          );
        }}
      </Gate>
    </Page>
  );
}

type List = { accounts: readonly AccountPartsFragment[]; titleOf: (vendor: string) => string; current?: string; open: (account: AccountPartsFragment) => void };

function Accounts({ accounts, titleOf, current, open }: List) {
  const { i18n } = useLingui();
  const columns: Column<AccountPartsFragment>[] = [
    { id: 'name', header: i18n.t('Name'), cell: (account) => <button type="button" className="as-link" onClick={() => open(account)}>{account.name}</button> },
    { id: 'vendor', header: i18n.t('Vendor'), cell: (account) => titleOf(account.vendor) },
    { id: 'address', header: i18n.t('Address'), cell: (account) => <span className="mono">{account.baseUrl}</span> },
    { id: 'banks', header: i18n.t('Banks'), align: 'end', cell: (account) => i18n.number(account.banks.totalCount) },
    { id: 'survey', header: i18n.t('Last asked'), cell: (account) => <SurveyMark account={account} /> },
  ];
  return <DataTable label={i18n.t('Accounts')} rows={accounts} keyOf={(account) => account.id} columns={columns} current={current} onOpen={open} />;
}

function SurveyMark({ account }: { account: AccountPartsFragment }) {
  const { i18n } = useLingui();
  const survey = account.surveys.edges[0]?.node;
  if (!survey) return <>{i18n.t('Never')}</>;
  return <><Mark tone={survey.state === 'FAILED' ? 'high' : 'plain'}>{i18n.t(SURVEY_STATE[survey.state])}</Mark> <Age since={survey.finishedAt ?? survey.requestedAt} /></>;
}
