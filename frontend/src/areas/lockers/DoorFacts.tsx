/** What is known of a door, how long ago it was read, and by whom it was told. */
import { useLingui } from '@lingui/react';
import type { DoorScreenQuery } from '../../gql/generated/graphql';
import { has } from '../../lib/abilities';
import { DOOR, OCCUPANCY, SERVICE, WITHHELD } from '../../lib/words';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { Age, Moment } from '../../ui/Moment';

type Door = NonNullable<DoorScreenQuery['compartment']>;

export function DoorFacts({ door, siteZone }: { door: Door; siteZone: string }) {
  const { i18n } = useLingui();
  return (
    <Facts
      facts={[
        {
          name: i18n.t('Door'),
          value: (
            <span data-testid="door-state">
              <DoorState door={door} />{' '}
              {door.doorOpenSince && !door.isStale && <>{i18n.t('for')} <Age since={door.doorOpenSince} siteZone={siteZone} /></>}
            </span>
          ),
        },
        {
          name: i18n.t('Bank answered, ago'),
          value: door.bank.lastContactAt
            ? <>{door.isStale && <Mark tone="medium">{i18n.t('Stale')}</Mark>} <Age since={door.bank.lastContactAt} siteZone={siteZone} /></>
            : i18n.t('Never'),
        },
        {
          name: i18n.t('Last change, ago'),
          value: door.doorObservedAt ? <><Age since={door.doorObservedAt} siteZone={siteZone} />{door.doorSource && ` · ${door.doorSource}`}</> : '–',
        },
        { name: i18n.t('Use'), value: i18n.t(OCCUPANCY[door.occupancy]) },
        ...(door.withheld === null ? [] : [{
          name: i18n.t('Given to nobody, for'),
          value: <>{door.withheldSince && <Age since={door.withheldSince} siteZone={siteZone} />} · {i18n.t(WITHHELD[door.withheld])}</>,
        }]),
        {
          name: i18n.t('Service'),
          value: (
            <>
              <Mark tone={door.service === 'IN_SERVICE' ? 'plain' : 'medium'}>{i18n.t(SERVICE[door.service])}</Mark>
              {door.serviceReason && <> · {door.serviceReason}</>}
              {door.serviceUntil && <> · {i18n.t('until')} <Moment at={door.serviceUntil} siteZone={siteZone} /></>}
            </>
          ),
        },
        { name: i18n.t('Size'), value: door.size + (door.accessible ? ` · ${i18n.t('low door')}` : '') },
        ...(door.itemPresent === null ? [] : [
          has(door.bank.capabilities, 'ITEM_SENSOR')
            ? { name: i18n.t('Sensor inside'), value: door.itemPresent ? i18n.t('Something is there') : i18n.t('Empty') }
            : { name: i18n.t('On the vendor’s books'), value: i18n.t(OCCUPANCY[door.itemPresent ? 'OCCUPIED' : 'AVAILABLE']) },
        ]),
      ]}
    />
  );
}

/** What was read last is not said to be so now. */
function DoorState({ door }: { door: Door }) {
  const { i18n } = useLingui();
  const state = i18n.t(DOOR[door.door]);
  if (door.door === 'UNKNOWN') {
    return has(door.bank.capabilities, 'DOOR_SENSOR')
      ? <Mark tone="medium">{state}</Mark>
      : <><Mark tone="quiet">{state}</Mark> · {i18n.t('no door sensors')}</>;
  }
  const tone = door.door === 'OPEN' ? 'high' : door.isStale ? 'medium' : 'plain';
  return <Mark tone={tone}>{door.isStale ? i18n.t('{state} when last read', { state }) : state}</Mark>;
}
