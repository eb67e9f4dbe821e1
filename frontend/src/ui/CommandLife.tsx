/** The life of a command, step by step, with the time of each. What the door itself says stands elsewhere. */
import { useLingui } from '@lingui/react';
import { type CommandTimes, lifeSteps, type StepMark } from '../lib/commandLife';
import { COMMAND_STATE } from '../lib/words';
import classes from './CommandLife.module.css';
import { Moment } from './Moment';

const GLYPH: Record<StepMark, string> = { done: '●', waiting: '◔', ahead: '○', skipped: '◌', broken: '■' };

type Shown = CommandTimes & { detail: string | null; needsPerson: boolean };

export function CommandLife({ command, siteZone }: { command: Shown; siteZone: string }) {
  const { i18n } = useLingui();
  const marks: Record<StepMark, string> = {
    done: i18n.t('reached'), waiting: i18n.t('waiting'), ahead: i18n.t('not yet'), skipped: i18n.t('not reported'), broken: i18n.t('ended here'),
  };
  return (
    <div className={classes['life']} data-testid="command-life" data-state={command.state}>
      <ol>
        {lifeSteps(command).map((step) => (
          <li key={step.state} data-mark={step.mark}>
            <span aria-hidden="true" className={classes['glyph']}>{GLYPH[step.mark]}</span>
            <span>
              {i18n.t(COMMAND_STATE[step.state])} <span className="visually-hidden">({marks[step.mark]})</span>
              {step.at && <span className={classes['at']}><Moment at={step.at} siteZone={siteZone} withZone={false} /></span>}
            </span>
          </li>
        ))}
      </ol>
      {command.detail && <p>{command.detail}</p>}
      {command.state === 'UNCONFIRMED' && (
        <p>
          {command.needsPerson
            ? i18n.t('No answer came, and the bank cannot tell what happened. Look, then say it here.')
            : i18n.t('No answer came. The bank is being asked what really happened; until then do not send the command again.')}
        </p>
      )}
    </div>
  );
}
