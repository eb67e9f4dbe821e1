/** Who the door is kept for, and which parcels lie in it. */
import { Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import type { StayPartsFragment } from '../../gql/generated/graphql';
import { STAY_STATE } from '../../lib/words';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';

export function DoorStay({ stay, siteZone }: { stay: StayPartsFragment | null; siteZone: string }) {
  const { i18n } = useLingui();
  if (!stay) return <Text size="sm" c="dimmed">{i18n.t('Nobody has this door now.')}</Text>;
  return (
    <Facts
      facts={[
        {
          name: i18n.t('Stay'),
          value: (
            <>
              {i18n.t(STAY_STATE[stay.state])} {stay.isOverdue && <Mark tone="medium">{i18n.t('Overdue')}</Mark>} · {i18n.t('evidence {grade}', { grade: stay.evidence })}
            </>
          ),
        },
        { name: i18n.t('Carrier'), value: stay.carrier?.name ?? i18n.t('None') },
        { name: i18n.t('Recipient'), value: stay.recipient ? [stay.recipient.name, stay.recipient.unit].filter(Boolean).join(' · ') : i18n.t('Not told') },
        { name: i18n.t('Parcels'), value: <span className="mono">{stay.parcels.edges.map((edge) => edge.node.tracking).join(', ') || '–'}</span> },
        stay.depositedAt
          ? { name: i18n.t('Deposited'), value: <Moment at={stay.depositedAt} siteZone={siteZone} /> }
          : { name: i18n.t('Reserved'), value: <Moment at={stay.createdAt} siteZone={siteZone} /> },
        ...(stay.depositExpiresAt ?? stay.expiresAt
          ? [{ name: i18n.t('Until'), value: <Moment at={stay.depositExpiresAt ?? stay.expiresAt ?? ''} siteZone={siteZone} /> }]
          : []),
      ]}
    />
  );
}
