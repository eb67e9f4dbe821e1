/** How fresh the screen is: "Live" with the age of the last event, or what is wrong and since when. Pausing is one press. */
import { ActionIcon } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { liveStore, pausedStore, resync } from '../gql/live';
import { useNow } from '../lib/now';
import { useStore } from '../lib/store';
import { formatAge } from '../lib/time';
import classes from './LiveBadge.module.css';

export function LiveBadge() {
  const { i18n } = useLingui();
  const live = useStore(liveStore);
  const paused = useStore(pausedStore);
  const now = useNow();
  const age = (since: number): string => formatAge(now - since, i18n.locale);

  const words = {
    connecting: i18n.t('Connecting'),
    resyncing: i18n.t('Catching up'),
    live: live.lastEventAt ? i18n.t('Live · {age}', { age: age(live.lastEventAt) }) : i18n.t('Live'),
    offline: i18n.t('No connection · {age}', { age: age(live.since) }),
  }[live.phase];
  const shown = paused && live.phase === 'live' ? i18n.t('Paused') : words;
  const toggle = (): void => {
    pausedStore.set(!paused);
    if (paused) void resync();
  };

  return (
    <div className={classes['badge']} data-phase={paused ? 'paused' : live.phase} data-testid="live-badge">
      <span className={classes['dot']} aria-hidden="true" />
      <span className={classes['words']} title={i18n.t('Age of the last event that reached this page')}>{shown}</span>
      <ActionIcon variant="subtle" color="gray" size="sm" onClick={toggle} aria-pressed={paused} aria-label={i18n.t('Pause live updates')}>
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <path d={paused ? 'M2 1l9 5-9 5z' : 'M2 1h3v10H2zM7 1h3v10H7z'} fill="currentColor" />
        </svg>
      </ActionIcon>
    </div>
  );
}
