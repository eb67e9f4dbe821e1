/** One bank: its face, door by door, and the door that was chosen beside it. */
import { Button, Divider, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useSubscription } from 'urql';
import { CopyAsGraphQL } from '../../gql/CopyAsGraphQL';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { BankScreenQuery } from '../../gql/generated/graphql';
import { pausedStore } from '../../gql/live';
import { useEvery, useLiveQuery } from '../../gql/useLiveQuery';
import { has } from '../../lib/abilities';
import { useStore } from '../../lib/store';
import { paths } from '../../paths';
import { Empty } from '../../ui/Empty';
import { Mark } from '../../ui/Mark';
import { Age } from '../../ui/Moment';
import { Page, Section } from '../../ui/Page';
import classes from './BankPage.module.css';
import { BankService } from './BankService';
import { BankSettings } from './BankSettings';
import { Capabilities } from './Capabilities';
import { CompareBank } from './CompareBank';
import { DoorPanel } from './DoorPanel';
import { Face } from './Face';
import { Legend } from './Legend';
import { OpenSeveral } from './OpenSeveral';
import { ReplaceController } from './ReplaceController';

const route = getRouteApi('/inside/banks/$bankId');
const DOORS = 100;
const READ_AGAIN_MS = 2000;
// That a bank still answers is no event: its last contact has to be asked for.
const CONTACT_MS = 5000;

const BankQuery = graphql(`
  query BankScreen($id: ID!, $first: Int!, $after: String) {
    bank(id: $id) {
      id label vendor externalId lastContactAt unreachableSince differsSince isStale compartmentCount
      ...BankSettings
      capabilities { name ability }
      site { id name timezone }
      compartments(first: $first, after: $after) {
        edges { node { ...FaceDoor externalId } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

const DoorsFeed = graphql(`
  subscription DoorsFeed($bankId: ID!, $after: String) {
    compartments(bankId: $bankId, after: $after) {
      __typename
      ... on CompartmentEvent { cursor kind compartment { ...FaceDoor } }
      ... on ResyncRequiredEvent { cursor message }
    }
  }
`);

type Bank = NonNullable<BankScreenQuery['bank']>;

export default function BankPage() {
  const { i18n } = useLingui();
  const { bankId } = route.useParams();
  const [after, setAfter] = useState<string | null>(null);
  const variables = useMemo(() => ({ id: bankId, first: DOORS, after }), [bankId, after]);
  const { state, reload, reloadSoon } = useLiveQuery({ query: BankQuery, variables }, READ_AGAIN_MS);
  const paused = useStore(pausedStore);
  // Each message is a whole door and lands in the cache: the query above shows it.
  useSubscription({ query: DoorsFeed, variables: { bankId, after: null }, pause: paused });
  useFactsFeed((fact) => fact.subjectId === bankId && reloadSoon());
  useEvery(CONTACT_MS, reloadSoon);
  const bank = state.data?.bank;

  return (
    <Page
      title={bank?.label ?? i18n.t('Bank')}
      above={bank && <><Link {...paths.sites()}>{i18n.t('All sites')}</Link> › <Link {...paths.site(bank.site.id)}>{bank.site.name}</Link></>}
      lead={bank && <Contact bank={bank} />}
      actions={<CopyAsGraphQL document={BankQuery} variables={variables} />}
    >
      <Gate state={state} reload={reload} lines={12}>
        {(data) => (data.bank ? <Body bank={data.bank} more={(cursor) => setAfter(cursor)} /> : <Missing />)}
      </Gate>
    </Page>
  );
}

function Contact({ bank }: { bank: Bank }) {
  const { i18n } = useLingui();
  const zone = bank.site.timezone;
  return (
    <>
      {bank.unreachableSince
        ? <Mark tone="high">{i18n.t('Unreachable for')} <Age since={bank.unreachableSince} siteZone={zone} /></Mark>
        : bank.isStale && <Mark tone="medium">{i18n.t('Stale')}</Mark>}{' '}
      {bank.lastContactAt
        ? <>{i18n.t('Last contact')} <Age since={bank.lastContactAt} siteZone={zone} /></>
        : i18n.t('Never in contact')}
      {' · '}{i18n.t('asked every {seconds} s', { seconds: bank.pollSeconds })} · {bank.vendor} · <span className="mono">{bank.externalId}</span>
    </>
  );
}

function Missing() {
  const { i18n } = useLingui();
  return (
    <Empty title={i18n.t('No such bank')} action={<Link {...paths.sites()}>{i18n.t('All sites')}</Link>}>
      {i18n.t('It does not exist, or your role does not cover its site.')}
    </Empty>
  );
}

/** `compare`: shows the comparison, where a door's panel stands in its place. */
function Unlike({ since, siteZone, compare }: { since: string; siteZone: string; compare?: () => void }) {
  const { i18n } = useLingui();
  return (
    <Stack gap={4} mb="sm" data-testid="unlike">
      <Mark tone="high">{i18n.t('Not as it was taken over, for')} <Age since={since} siteZone={siteZone} /></Mark>
      <Text size="sm">{i18n.t('No door opens until somebody has compared this bank with its vendor, and says that it is the one.')}</Text>
      {compare && <div><Button size="compact-sm" variant="default" onClick={compare}>{i18n.t('Show the comparison')}</Button></div>}
    </Stack>
  );
}

function Body({ bank, more }: { bank: Bank; more: (cursor: string | null) => void }) {
  const { i18n } = useLingui();
  const { door } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (id: string | undefined): void => void navigate({ search: { door: id }, replace: true, resetScroll: false });
  const { edges, pageInfo } = bank.compartments;
  const doors = edges.map((edge) => edge.node);
  const chooses = has(bank.capabilities, 'VENDOR_ASSIGNS_UNIT');
  return (
    <div className={classes['beside']} data-chosen={door ? true : undefined}>
      <Section title={i18n.t('Doors')}>
        {bank.differsSince && <Unlike since={bank.differsSince} siteZone={bank.site.timezone} compare={door ? () => choose(undefined) : undefined} />}
        <Face doors={doors} contact={bank.lastContactAt} chosen={door} choose={choose} />
        {pageInfo.hasNextPage && <Button variant="default" mt="sm" onClick={() => more(pageInfo.endCursor)}>{i18n.t('More doors')}</Button>}
        <Legend />
        <Stack gap="md" mt="md">
          <BankService bankId={bank.id} />
          <OpenSeveral bankId={bank.id} count={bank.compartmentCount} doors={doors} capabilities={bank.capabilities} />
          <BankSettings bank={bank} siteId={bank.site.id} vendorChooses={chooses} />
          <ReplaceController bankId={bank.id} doors={doors} whole={doors.length >= bank.compartmentCount} />
        </Stack>
      </Section>
      {door
        ? <DoorPanel key={door} id={door} siteZone={bank.site.timezone} close={() => choose(undefined)} />
        : (
          <Section title={i18n.t('What this bank can do')}>
            <Capabilities all={bank.capabilities} />
            <Divider my="md" />
            <CompareBank bankId={bank.id} />
          </Section>
        )}
    </div>
  );
}
