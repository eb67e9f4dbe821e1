/** How much of the compartment time was used: a row per day, a column per hour, in the site's zone. */
import { useLingui } from '@lingui/react';
import { useMemo, useState } from 'react';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { formatDay } from '../../lib/time';
import { Empty } from '../../ui/Empty';
import { shareByHour } from './use';
import classes from './UseTable.module.css';

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const UseQuery = graphql(`
  query SiteUse($id: ID!, $since: DateTime!) {
    site(id: $id) { id utilisation(since: $since) { hour size compartments usedSeconds } }
  }
`);

export function UseTable({ siteId, zone, days }: { siteId: string; zone: string; days: number }) {
  const { i18n } = useLingui();
  // Whole hours, so that the same question is asked again within the hour and the cache can answer it.
  const [now] = useState(() => Math.floor(Date.now() / HOUR_MS) * HOUR_MS);
  const variables = useMemo(() => ({ id: siteId, since: new Date(now - days * DAY_MS).toISOString() }), [siteId, days, now]);
  const { state, reload } = useLiveQuery({ query: UseQuery, variables });
  return (
    <Gate state={state} reload={reload} lines={days}>
      {(data) => {
        const rows = shareByHour(data.site?.utilisation ?? [], zone);
        if (rows.length === 0) return <Empty title={i18n.t('Nothing to show yet')}>{i18n.t('The first figures come an hour after the first stay.')}</Empty>;
        return (
          <section className={classes['scroll']} tabIndex={0} aria-label={i18n.t('Share of compartment time in use, {zone}', { zone })}>
            <table className={classes['use']}>
              <caption>{i18n.t('Share of compartment time in use, {zone}', { zone })}</caption>
              <thead>
                <tr><td />{HOURS.map((hour) => <th key={hour} scope="col">{hour}</th>)}</tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.day}>
                    <th scope="row">{formatDay(`${row.day}T12:00:00Z`, i18n.locale, 'UTC')}</th>
                    {HOURS.map((hour) => <Cell key={hour} share={row.hours.get(hour)} />)}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        );
      }}
    </Gate>
  );
}

const STEPS = 5;

function Cell({ share }: { share: number | undefined }) {
  const { i18n } = useLingui();
  if (share === undefined) return <td data-step="none" aria-label={i18n.t('No figure')} />;
  const step = Math.min(STEPS - 1, Math.floor(share * STEPS));
  return <td data-step={step}>{Math.round(share * 100)}</td>;
}
