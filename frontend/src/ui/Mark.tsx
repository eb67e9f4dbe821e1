/** Priority and state as shape, word and colour together, so that none of them is needed alone. */
import classes from './Mark.module.css';

export type Tone = 'critical' | 'high' | 'medium' | 'low' | 'plain' | 'quiet';

const SHAPES: Record<Tone, string> = {
  critical: 'M1 1h10v10H1z',
  high: 'M6 0.5 11.7 11H0.3z',
  medium: 'M6 11.5 0.3 1h11.4z',
  low: 'M6 0.5 11.5 6 6 11.5 0.5 6z',
  plain: 'M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z',
  quiet: 'M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zm0 1.6a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 0 1 0-6.8z',
};

export function Mark({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return (
    <span className={classes['mark']} data-tone={tone}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true" focusable="false">
        <path d={SHAPES[tone]} fill="currentColor" fillRule="evenodd" />
      </svg>
      <span className={classes['word']}>{children}</span>
    </span>
  );
}
