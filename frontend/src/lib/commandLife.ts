/** The life of a command as steps to draw. The door's own state is never derived from it. */
import type { CommandState } from '../gql/enums';

export type CommandTimes = {
  state: CommandState;
  requestedAt: string;
  sentAt: string | null;
  acceptedAt: string | null;
  openedAt: string | null;
  closedAt: string | null;
  settledAt: string | null;
};

export type StepMark = 'done' | 'waiting' | 'ahead' | 'skipped' | 'broken';
export type LifeStep = { state: CommandState; mark: StepMark; at: string | null };

const WAY: readonly CommandState[] = ['REQUESTED', 'SENT', 'ACCEPTED', 'DOOR_OPENED', 'DOOR_CLOSED'];
const BROKEN: readonly CommandState[] = ['FAILED', 'EXPIRED', 'UNCONFIRMED'];

/** UNCONFIRMED is not an end: the vendor is asked again, and the door may still be seen open. */
export function isFinal(state: CommandState): boolean {
  return state === 'DOOR_CLOSED' || state === 'FAILED' || state === 'EXPIRED';
}

export function isBroken(state: CommandState): boolean {
  return BROKEN.includes(state);
}

/** Steps in order; a command that ended badly shows what it reached, then how it ended, and nothing after. */
export function lifeSteps(command: CommandTimes): LifeStep[] {
  const times: Record<string, string | null> = {
    REQUESTED: command.requestedAt, SENT: command.sentAt, ACCEPTED: command.acceptedAt,
    DOOR_OPENED: command.openedAt, DOOR_CLOSED: command.closedAt,
  };
  if (isBroken(command.state)) {
    const reached = WAY.filter((state) => times[state]).map((state): LifeStep => ({ state, mark: 'done', at: times[state] ?? null }));
    return [...reached, { state: command.state, mark: 'broken', at: command.settledAt }];
  }
  const stands = WAY.indexOf(command.state);
  return WAY.map((state, index): LifeStep => ({ state, mark: markOf(index, stands, times[state] ?? null), at: times[state] ?? null }));
}

// A vendor may tell of the open door without ever having acknowledged the command: that step was skipped, not done.
function markOf(index: number, stands: number, at: string | null): StepMark {
  if (index <= stands) return at || index === stands ? 'done' : 'skipped';
  return index === stands + 1 ? 'waiting' : 'ahead';
}
