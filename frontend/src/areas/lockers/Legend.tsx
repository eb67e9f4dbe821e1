/** What the face's patterns mean. */
import { useLingui } from '@lingui/react';
import face from './Face.module.css';
import classes from './Legend.module.css';

export function Legend() {
  const { i18n } = useLingui();
  const entries: { words: string; data: Record<string, string> }[] = [
    { words: i18n.t('Free'), data: { 'data-occupancy': 'AVAILABLE' } },
    { words: i18n.t('Reserved'), data: { 'data-occupancy': 'RESERVED' } },
    { words: i18n.t('Occupied'), data: { 'data-occupancy': 'OCCUPIED' } },
    { words: i18n.t('Unavailable'), data: { 'data-occupancy': 'UNAVAILABLE' } },
    { words: i18n.t('Out of service'), data: { 'data-occupancy': 'OUT_OF_SERVICE' } },
    { words: i18n.t('Door seen open'), data: { 'data-occupancy': 'AVAILABLE', 'data-state': 'OPEN' } },
    { words: i18n.t('Not known, or not seen lately (?)'), data: { 'data-occupancy': 'AVAILABLE', 'data-stale': 'true' } },
  ];
  return (
    <ul className={classes['legend']} aria-label={i18n.t('What the patterns mean')}>
      {entries.map(({ words, data }) => (
        <li key={words}><span className={`${face['door']} ${classes['sample']}`} {...data} aria-hidden="true" />{words}</li>
      ))}
    </ul>
  );
}
