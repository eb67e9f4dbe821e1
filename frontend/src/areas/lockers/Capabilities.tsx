/** What the bank's hardware can do now: works, present but failing, or absent. */
import { useLingui } from '@lingui/react';
import { Mark, type Tone } from '../../ui/Mark';
import classes from './Capabilities.module.css';

type Ability = 'WORKS' | 'FAILING' | 'ABSENT';

const WORD: Record<Ability, string> = { WORKS: /*i18n*/ 'works', FAILING: /*i18n*/ 'failing', ABSENT: /*i18n*/ 'absent' };
const TONE: Record<Ability, Tone> = { WORKS: 'plain', FAILING: 'high', ABSENT: 'quiet' };

export function Capabilities({ all }: { all: readonly { name: string; ability: Ability }[] }) {
  const { i18n } = useLingui();
  if (all.length === 0) return <p>{i18n.t('The bank has not told yet.')}</p>;
  return (
    <dl className={classes['list']}>
      {all.map(({ name, ability }) => (
        <div key={name}>
          <dt className="mono">{name}</dt>
          <dd><Mark tone={TONE[ability]}>{i18n.t(WORD[ability])}</Mark></dd>
        </div>
      ))}
    </dl>
  );
}
