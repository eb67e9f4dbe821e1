/** A row of figures with their names; a figure that asks for attention is marked by more than colour. */
import { Mark, type Tone } from './Mark';
import classes from './Figures.module.css';

export type Figure = { name: string; value: string; tone?: Tone; more?: string };

export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl className={classes['figures']}>
      {figures.map((figure) => (
        <div key={figure.name}>
          <dt>{figure.name}</dt>
          <dd>{figure.tone ? <Mark tone={figure.tone}>{figure.value}</Mark> : figure.value}{figure.more && <small> {figure.more}</small>}</dd>
        </div>
      ))}
    </dl>
  );
}
