/** An address that leads nowhere. */
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { Empty } from '../ui/Empty';

export function Lost() {
  const { i18n } = useLingui();
  return (
    <Empty title={i18n.t('There is no such page')} action={<Link to="/">{i18n.t('Go to the start')}</Link>}>
      {i18n.t('The address may be mistyped, or the page was moved.')}
    </Empty>
  );
}
