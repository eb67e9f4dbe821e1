/** The banks of a site as cards: contact first, then how full. */
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { graphql } from '../../gql/generated/gql';
import type { BankCardFragment } from '../../gql/generated/graphql';
import { paths } from '../../paths';
import { Empty } from '../../ui/Empty';
import { FillBar } from '../../ui/FillBar';
import { Mark } from '../../ui/Mark';
import { Age } from '../../ui/Moment';
import classes from './BankCards.module.css';
import { fillBySize } from './board';

export const BankCard = graphql(`
  fragment BankCard on Bank {
    id label vendor lastContactAt unreachableSince differsSince isStale compartmentCount openAlarmCount
    occupancy { size state count }
  }
`);

export function BankCards({ banks, siteZone }: { banks: readonly BankCardFragment[]; siteZone: string }) {
  const { i18n } = useLingui();
  if (banks.length === 0) {
    return <Empty title={i18n.t('No bank here yet')}>{i18n.t('A bank is a set of doors behind one controller. Connect its vendor under Hardware and take it over.')}</Empty>;
  }
  return (
    <ul className={classes['cards']}>
      {banks.map((bank) => (
        <li key={bank.id} className={classes['card']} data-stale={bank.isStale || undefined}>
          <div className={classes['head']}>
            <Link {...paths.bank(bank.id)}><strong>{bank.label}</strong></Link>
            <span className={classes['dim']}>{i18n.t('{count, plural, one {# door} other {# doors}}', { count: bank.compartmentCount })}</span>
          </div>
          <Contact bank={bank} siteZone={siteZone} />
          {bank.differsSince && <Mark tone="high">{i18n.t('Not as it was taken over: no door opens')}</Mark>}
          {bank.openAlarmCount > 0 && (
            <Mark tone="high">{i18n.t('{count, plural, one {# open alarm} other {# open alarms}}', { count: bank.openAlarmCount })}</Mark>
          )}
          <div className={classes['bars']}>{fillBySize(bank.occupancy).map(([size, fill]) => <FillBar key={size} label={size} fill={fill} />)}</div>
        </li>
      ))}
    </ul>
  );
}

function Contact({ bank, siteZone }: { bank: BankCardFragment; siteZone: string }) {
  const { i18n } = useLingui();
  if (bank.unreachableSince) {
    return <Mark tone="high">{i18n.t('Unreachable for')} <Age since={bank.unreachableSince} siteZone={siteZone} /></Mark>;
  }
  if (!bank.lastContactAt) return <Mark tone="medium">{i18n.t('Never in contact')}</Mark>;
  return (
    <Mark tone={bank.isStale ? 'medium' : 'quiet'}>
      {bank.isStale ? i18n.t('Stale, last contact') : i18n.t('Last contact')} <Age since={bank.lastContactAt} siteZone={siteZone} />
    </Mark>
  );
}
