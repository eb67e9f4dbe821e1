/** How full: a bar of greys, with the free count in words beside it. */
import { useLingui } from '@lingui/react';
import classes from './FillBar.module.css';

type Fill = { occupied: number; reserved: number; free: number; off: number; total: number };

const PARTS = ['occupied', 'reserved', 'off', 'free'] as const;

export function FillBar({ fill, label }: { fill: Fill; label?: string }) {
  const { i18n } = useLingui();
  const spoken = i18n.t('{occupied} occupied, {reserved} reserved, {free} free, {off} not usable', {
    occupied: fill.occupied, reserved: fill.reserved, free: fill.free, off: fill.off,
  });
  return (
    <span className={classes['row']} title={spoken}>
      {label && <span className={classes['label']}>{label}</span>}
      <span className={classes['bar']} role="img" aria-label={label ? `${label}: ${spoken}` : spoken}>
        {PARTS.map((part) => fill[part] > 0 && <span key={part} data-part={part} style={{ flexGrow: fill[part] }} />)}
      </span>
      <span className={classes['free']} data-none={fill.free === 0 || undefined} aria-hidden="true">{i18n.number(fill.free)}</span>
    </span>
  );
}
