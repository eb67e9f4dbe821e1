/** How a person may end a stay, by where it stands; that it expired unused is for time alone to say. */
import { OUTCOMES, type StayOutcome, type StayState } from '../../gql/enums';
import endable from './endings.json';

// The core's own table (`RELEASES` in app/stays/model.py); a test compares them.
const FROM: Record<StayOutcome, string[]> = endable.from;

export function endings(state: StayState, byCarrier: boolean): StayOutcome[] {
  return OUTCOMES.filter((outcome) => FROM[outcome].includes(state) && (!byCarrier || endable.byCarrier.includes(outcome)));
}
