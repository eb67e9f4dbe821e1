/** One stay: where it stands, what proves it, and what may be done with it. */
import { CloseButton, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { StayRowFragment } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import type { Abilities } from '../../lib/abilities';
import { PARCEL_STATE, STAY_OUTCOME, STAY_STATE } from '../../lib/words';
import { paths } from '../../paths';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Page';
import { ConfirmDeposit } from './ConfirmDeposit';
import { type Asked, mayBeFilled } from './endings';
import { ReleaseStay } from './ReleaseStay';

const StayQuery = graphql(`
  query StayScreen($id: ID!) {
    node(id: $id) {
      __typename ...StayRow
      ... on Stay {
        usableUntil bank { id capabilities { name ability } }
        commands(first: 20) { edges { node { id kind state } } }
      }
    }
  }
`);

export function StayPanel({ id, close }: { id: string; close: () => void }) {
  const { i18n } = useLingui();
  const variables = useMemo(() => ({ id }), [id]);
  const { state, reload, reloadSoon } = useLiveQuery({ query: StayQuery, variables });
  useFactsFeed((fact) => fact.subjectId === id && reloadSoon());
  return (
    <div data-testid="stay-panel" onKeyDown={(event) => event.key === 'Escape' && close()}>
      <Section title={i18n.t('The stay')} aside={<CloseButton onClick={close} aria-label={i18n.t('Close the stay')} />}>
        <Gate state={state} reload={reload} lines={6}>
          {(data) => data.node?.__typename === 'Stay'
            ? <Body stay={data.node} capabilities={data.node.bank.capabilities} usableUntil={data.node.usableUntil} commands={data.node.commands.edges.map(({ node }) => node)} />
            : <Text size="sm">{i18n.t('This stay does not exist, or it is not yours to see.')}</Text>}
        </Gate>
      </Section>
    </div>
  );
}

type BodyProps = { stay: StayRowFragment; capabilities: Abilities; usableUntil: string | null; commands: readonly Asked[] };

function Body({ stay, capabilities, usableUntil, commands }: BodyProps) {
  const { i18n } = useLingui();
  const zone = stay.site.timezone;
  const at = (moment: string | null): React.ReactNode => (moment ? <Moment at={moment} siteZone={zone} /> : '–');
  const until = stay.depositExpiresAt ?? stay.expiresAt;
  return (
    <Stack gap="md">
      <Facts
        facts={[
          { name: i18n.t('State'), value: <span data-testid="stay-state">{i18n.t(STAY_STATE[stay.state])}{stay.outcome && ` · ${i18n.t(STAY_OUTCOME[stay.outcome])}`} {stay.isOverdue && <Mark tone="medium">{i18n.t('Overdue')}</Mark>}</span> },
          { name: i18n.t('Where'), value: <Link {...paths.bank(stay.bank.id, { door: stay.compartment?.id })}>{stay.site.name} · {stay.bank.label} · {stay.compartment?.label ?? i18n.t('no door yet')}</Link> },
          ...(mayBeFilled(stay.state, commands)
            ? [{ name: i18n.t('Inside'), value: <><Mark tone="high">{i18n.t('Look inside first')}</Mark> {i18n.t('Nobody knows whether the door opened for the parcel.')}</> }]
            : []),
          { name: i18n.t('Parcels'), value: stay.parcels.edges.map(({ node }) => <div key={node.id}><span className="mono">{node.tracking}</span> · {i18n.t(PARCEL_STATE[node.state])}</div>) },
          { name: i18n.t('Carrier'), value: stay.carrier?.name ?? i18n.t('None') },
          { name: i18n.t('Recipient'), value: stay.recipient ? [stay.recipient.name, stay.recipient.unit].filter(Boolean).join(' · ') : i18n.t('Not told') },
          { name: i18n.t('Reserved'), value: at(stay.createdAt) },
          { name: i18n.t('Deposited'), value: at(stay.depositedAt) },
          { name: i18n.t('Until'), value: at(until) },
          ...(usableUntil ? [{ name: i18n.t('Can still be opened until'), value: at(usableUntil) }] : []),
          { name: i18n.t('Released'), value: at(stay.releasedAt) },
          { name: i18n.t('Evidence'), value: stay.evidence },
          ...(stay.note ? [{ name: i18n.t('Note'), value: stay.note }] : []),
        ]}
      />
      <ConfirmDeposit stay={stay} capabilities={capabilities} />
      {stay.state !== 'RELEASED' && <ReleaseStay stay={stay} />}
    </Stack>
  );
}
