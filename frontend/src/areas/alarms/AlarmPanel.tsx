/** One alarm: what is expected of a person, what is known, and what was done about it. */
import { CloseButton, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { AlarmRowFragment } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { ALARM_ACTION, ALARM_KIND, ALARM_STATE, SEVERITY } from '../../lib/words';
import { paths } from '../../paths';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Page';
import { Acknowledge } from './Acknowledge';
import { placeOf, toneOf } from './AlarmTable';
import { Shelve } from './Shelve';

const AlarmQuery = graphql(`
  query AlarmScreen($id: ID!) {
    node(id: $id) { __typename ...AlarmRow }
  }
`);

export function AlarmPanel({ id, close }: { id: string; close: () => void }) {
  const { i18n } = useLingui();
  const variables = useMemo(() => ({ id }), [id]);
  const { state, reload } = useLiveQuery({ query: AlarmQuery, variables });
  return (
    <div data-testid="alarm-panel" onKeyDown={(event) => event.key === 'Escape' && close()}>
      <Section title={i18n.t('The alarm')} aside={<CloseButton onClick={close} aria-label={i18n.t('Close the alarm')} />}>
        <Gate state={state} reload={reload} lines={6}>
          {(data) => data.node?.__typename === 'Alarm'
            ? <Body alarm={data.node} />
            : <Text size="sm">{i18n.t('This alarm does not exist, or your role does not cover its site.')}</Text>}
        </Gate>
      </Section>
    </div>
  );
}

function Body({ alarm }: { alarm: AlarmRowFragment }) {
  const { i18n } = useLingui();
  const zone = alarm.site.timezone;
  const at = (moment: string | null): React.ReactNode => (moment ? <Moment at={moment} siteZone={zone} /> : '–');
  return (
    <Stack gap="md">
      <div>
        <Mark tone={toneOf(alarm)}>{i18n.t(SEVERITY[alarm.severity])}</Mark>
        <Text fw={600}>{i18n.t(ALARM_KIND[alarm.kind])}</Text>
        <Text size="sm">{placeOf(alarm)}</Text>
      </div>
      <Text size="sm"><strong>{i18n.t('Do now:')}</strong> {i18n.t(ALARM_ACTION[alarm.kind])}</Text>
      {alarm.bank && <Link {...paths.bank(alarm.bank.id, { door: alarm.compartment?.id })}>{alarm.compartment ? i18n.t('Go to the door') : i18n.t('Go to the bank')}</Link>}
      <Facts
        facts={[
          { name: i18n.t('State'), value: <span data-testid="alarm-state">{i18n.t(ALARM_STATE[alarm.state])}</span> },
          { name: i18n.t('Raised'), value: at(alarm.raisedAt) },
          { name: i18n.t('Cleared'), value: at(alarm.clearedAt) },
          { name: i18n.t('Last seen'), value: <>{at(alarm.lastSeenAt)}{alarm.repeatCount > 0 && <> · {i18n.t('{count, plural, one {repeated # time} other {repeated # times}}', { count: alarm.repeatCount })}</>}</> },
          { name: i18n.t('Detail'), value: alarm.detail || '–' },
          ...(alarm.acknowledgedAt ? [{ name: i18n.t('Acknowledged'), value: <>{alarm.acknowledgedBy} · {at(alarm.acknowledgedAt)}</> }] : []),
          ...(alarm.comment ? [{ name: i18n.t('Comment'), value: alarm.comment }] : []),
          ...(alarm.shelvedUntil ? [{ name: i18n.t('Shelved until'), value: at(alarm.shelvedUntil) }] : []),
        ]}
      />
      <Acknowledge alarm={alarm} />
      <Shelve alarm={alarm} />
    </Stack>
  );
}
