/** How a person may end a stay, by where it stands; that it expired unused is for time alone to say. */
import { OPEN_STAY_STATES, OUTCOMES, type StayOutcome, type StayState } from '../../gql/enums';

const INSIDE: readonly StayState[] = ['DEPOSITED', 'COLLECTING'];
const BEFORE: readonly StayState[] = ['HELD', 'ACCESS_ISSUED', 'DEPOSITING'];

const FROM: Record<StayOutcome, readonly StayState[]> = {
  CANCELLED: [...BEFORE, 'QUEUED'],
  NO_FIT: BEFORE,
  COLLECTED: INSIDE,
  COLLECTED_BY_CARRIER: INSIDE,
  RETURNED_TO_SENDER: INSIDE,
  REMOVED_BY_STAFF: INSIDE,
  ABANDONED_RECORD: OPEN_STAY_STATES,
  UNKNOWN_RELEASE: [...INSIDE, 'REVOKING'],
  EXPIRED_UNUSED: [],
};
const BY_CARRIER: readonly StayOutcome[] = ['CANCELLED', 'NO_FIT', 'COLLECTED_BY_CARRIER', 'RETURNED_TO_SENDER'];

export function endings(state: StayState, byCarrier: boolean): StayOutcome[] {
  return OUTCOMES.filter((outcome) => FROM[outcome].includes(state) && (!byCarrier || BY_CARRIER.includes(outcome)));
}
