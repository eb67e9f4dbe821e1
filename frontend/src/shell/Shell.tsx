/** The frame around every signed-in screen: who, where to, how live, and what is critical. */
import { useLingui } from '@lingui/react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { useFactsFeed } from '../gql/feeds';
import { problemOf } from '../gql/problems';
import { ProblemView } from '../gql/ProblemView';
import { signedInStore } from '../gql/live';
import { ViewerQuery } from '../gql/viewer';
import { PERMISSION, ViewerContext } from '../lib/permissions';
import { useStore } from '../lib/store';
import { paths } from '../paths';
import { Delayed } from '../ui/Delayed';
import { AlarmStrip } from './AlarmStrip';
import { GoTo } from './GoTo';
import { KeySheet } from './KeySheet';
import { LiveBadge } from './LiveBadge';
import { Navigation } from './Navigation';
import { Palette, PaletteButton } from './Palette';
import { PendingOpenings } from './PendingOpenings';
import { PersonMenu } from './PersonMenu';
import classes from './Shell.module.css';

/** Keeps one stream open on every screen, so that the badge always tells the truth. */
function Pulse() {
  useFactsFeed(() => undefined);
  return null;
}

export function Shell() {
  const { i18n } = useLingui();
  const signedIn = useStore(signedInStore);
  const { href } = useLocation();
  const saidOut = document.querySelector<HTMLMetaElement>('meta[name="lockyard-signed-in"]')?.content === 'no';
  const out = saidOut || signedIn === false;
  const [{ data, error }] = useQuery({ query: ViewerQuery, pause: out });

  if (out) return <GoTo target={paths.signIn(href === '/' ? {} : { next: href })} />;
  if (error) return <main className={classes['alone']}><ProblemView problem={problemOf(error)} /></main>;
  if (!data) return <main className={classes['alone']}><Delayed label={i18n.t('Loading')} /></main>;

  const approves = data.viewer.organization.kind === 'OPERATOR' && data.viewer.permissions.includes(PERMISSION.open);
  const seesAlarms = data.viewer.permissions.includes(PERMISSION.readAlarms);
  return (
    <ViewerContext value={data.viewer}>
      <a href="#content" className={classes['skip']}>{i18n.t('Skip to the content')}</a>
      <div className={classes['frame']}>
        <section className={classes['top']} aria-label={i18n.t('Top of the page')}>
          <Link to="/" className={classes['brand']}>Lockyard</Link>
          <span className={classes['tenant']}>{data.viewer.organization.name}</span>
          <PaletteButton />
          <LiveBadge />
          <PersonMenu />
        </section>
        {seesAlarms && <AlarmStrip />}
        <Navigation />
        <main id="content" className={classes['content']} tabIndex={-1}>
          {approves && <PendingOpenings />}
          <Outlet />
        </main>
      </div>
      <Pulse />
      <Palette />
      <KeySheet />
    </ViewerContext>
  );
}
