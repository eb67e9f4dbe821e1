/** An address that leads nowhere. */
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { Page } from '../ui/Page';
import classes from './Shell.module.css';

export function Lost() {
  const { i18n } = useLingui();
  return (
    <main className={classes['alone']}>
      <Page title={i18n.t('There is no such page')} lead={i18n.t('The address may be mistyped, or the page was moved.')}>
        <Link to="/">{i18n.t('Go to the start')}</Link>
      </Page>
    </main>
  );
}
