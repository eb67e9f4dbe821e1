/** The fixed strip: critical alarms that nobody has acknowledged. It is always there and never moves. */
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { graphql } from '../gql/generated/gql';
import { useAlarmsFeed } from '../gql/feeds';
import { useLiveQuery } from '../gql/useLiveQuery';
import { ALARM_KIND } from '../lib/words';
import { paths } from '../paths';
import { Mark } from '../ui/Mark';
import { Age } from '../ui/Moment';
import classes from './AlarmStrip.module.css';

const SHOWN = 3;
const FETCHED = 20;

const StripQuery = graphql(`
  query AlarmStrip($first: Int!) {
    criticalAlarms: alarms(filter: { severity: [CRITICAL], condition: ACTIVE, acknowledged: false }, first: $first) {
      edges { node { id kind raisedAt state acknowledgedAt site { id name timezone } bank { id label } compartment { id label } } }
      pageInfo { hasNextPage }
    }
  }
`);

export function AlarmStrip() {
  const { i18n } = useLingui();
  const { state, reloadSoon } = useLiveQuery({ query: StripQuery, variables: { first: FETCHED } }, 200);
  useAlarmsFeed(reloadSoon);
  const alarms = (state.data?.criticalAlarms.edges ?? []).map((edge) => edge.node).filter((alarm) => !alarm.acknowledgedAt);
  const more = state.data?.criticalAlarms.pageInfo.hasNextPage ? `${alarms.length}+` : String(alarms.length);

  return (
    <section className={classes['strip']} data-alarmed={alarms.length > 0 || undefined} aria-label={i18n.t('Critical alarms')}>
      <span className="visually-hidden" role="status">
        {alarms.length > 0 && i18n.t('{count, plural, one {# critical alarm} other {# critical alarms}}', { count: alarms.length })}
      </span>
      {alarms.length === 0 ? (
        <span className={classes['calm']}>{state.error ? i18n.t('Alarms cannot be read right now') : i18n.t('No critical alarm waits')}</span>
      ) : (
        <>
          <Link {...paths.alarms({ view: 'unacknowledged', severity: 'CRITICAL' })} className={classes['count']}>
            {i18n.t('{more} critical', { more })}
          </Link>
          <ul>
            {alarms.slice(0, SHOWN).map((alarm) => (
              <li key={alarm.id}>
                <Link {...paths.alarms({ alarm: alarm.id })} className={classes['alarm']}>
                  <Mark tone="critical">{i18n.t(ALARM_KIND[alarm.kind])}</Mark>
                  <Age since={alarm.raisedAt} siteZone={alarm.site.timezone} />
                  <span>{[alarm.site.name, alarm.bank?.label, alarm.compartment?.label].filter(Boolean).join(' · ')}</span>
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
