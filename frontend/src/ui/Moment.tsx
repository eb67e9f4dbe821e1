/** A moment in the zone the person chose, with the IANA name of the zone always beside it. */
import { useLingui } from '@lingui/react';
import { useStore } from '../lib/store';
import { zoneStore } from '../lib/preferences';
import { useNow } from '../lib/now';
import { formatAge, formatMoment, pickZone } from '../lib/time';
import classes from './Moment.module.css';

export function Moment({ at, siteZone, withZone = true }: { at: string; siteZone?: string; withZone?: boolean }) {
  const { i18n } = useLingui();
  const zone = pickZone(useStore(zoneStore), siteZone);
  return (
    <time dateTime={at} className={classes['moment']}>
      {formatMoment(at, i18n.locale, zone)} {withZone && <span className={classes['zone']}>{zone}</span>}
    </time>
  );
}

/** How long ago, renewed every second; the exact moment is in the title. */
export function Age({ since, siteZone }: { since: string; siteZone?: string }) {
  const { i18n } = useLingui();
  const now = useNow();
  const zone = pickZone(useStore(zoneStore), siteZone);
  return (
    <time dateTime={since} title={`${formatMoment(since, i18n.locale, zone)} ${zone}`} className={classes['age']}>
      {formatAge(now - Date.parse(since), i18n.locale)}
    </time>
  );
}
