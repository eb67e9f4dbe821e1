/** How a person may end a stay, by where it stands; that it expired unused is for time alone to say. */
import { type CommandKind, type CommandState, OUTCOMES, type StayOutcome, type StayState } from '../../gql/enums';
import endable from './endings.json';

// The core's own tables (`RELEASES` and `NOTHING_IN_IT` in app/stays/model.py); a test compares them.
const FROM: Record<StayOutcome, string[]> = endable.from;

export function endings(state: StayState, byCarrier: boolean): StayOutcome[] {
  return OUTCOMES.filter((outcome) => FROM[outcome].includes(state) && (!byCarrier || endable.byCarrier.includes(outcome)));
}

export type Asked = { kind: CommandKind; state: CommandState };

/** Nothing was put in by our record, and yet something may lie inside: an opening for it was asked, and none could tell what came of it. */
export function mayBeFilled(state: StayState, commands: readonly Asked[]): boolean {
  return endable.nothingInIt.includes(state) && commands.some((each) => each.kind === 'OPEN' && each.state === 'UNCONFIRMED');
}
