/** What the bank's hardware can do now: works, present but failing, or absent. */
import { useLingui } from '@lingui/react';
import { Mark, type Tone } from '../../ui/Mark';
import classes from './Capabilities.module.css';

type Ability = 'WORKS' | 'FAILING' | 'ABSENT';

const WORD: Record<Ability, string> = { WORKS: /*i18n*/ 'works', FAILING: /*i18n*/ 'failing', ABSENT: /*i18n*/ 'absent' };
const NAME: Record<string, string> = {
  ACCESSIBLE_UNITS: /*i18n*/ 'Knows low doors', DOOR_SENSOR: /*i18n*/ 'Door sensors', IDEMPOTENT_OPEN: /*i18n*/ 'Opens once for one key',
  ITEM_SENSOR: /*i18n*/ 'Sensors inside', OPENING_COUNTER: /*i18n*/ 'Counts openings', PARTIAL_FREE: /*i18n*/ 'Frees single parcels',
  PUSH_EVENTS: /*i18n*/ 'Reports by itself', READBACK: /*i18n*/ 'Can be asked what happened', REMOTE_OPEN: /*i18n*/ 'Opens from afar',
  RETURN_FLOW: /*i18n*/ 'Returns', SERVICE_WRITE: /*i18n*/ 'Takes doors out of service', VENDOR_PICKUP_CODE: /*i18n*/ 'Makes pickup codes',
  VENDOR_RESERVATION: /*i18n*/ 'Keeps reservations', KEYPAD_CODE: /*i18n*/ 'Codes for its keypad', PHONE_TOKENS: /*i18n*/ 'Opened by phones',
  VENDOR_ASSIGNS_UNIT: /*i18n*/ 'Chooses the door itself',
};
const TONE: Record<Ability, Tone> = { WORKS: 'plain', FAILING: 'high', ABSENT: 'quiet' };

export function Capabilities({ all }: { all: readonly { name: string; ability: Ability }[] }) {
  const { i18n } = useLingui();
  if (all.length === 0) return <p>{i18n.t('The bank has not told yet.')}</p>;
  return (
    <dl className={classes['list']}>
      {all.map(({ name, ability }) => (
        <div key={name}>
          <dt>{NAME[name] ? i18n.t(NAME[name]) : <span className="mono">{name}</span>}</dt>
          <dd><Mark tone={TONE[ability]}>{i18n.t(WORD[ability])}</Mark></dd>
        </div>
      ))}
    </dl>
  );
}
