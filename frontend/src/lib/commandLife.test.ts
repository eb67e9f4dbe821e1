import { expect, test } from 'vitest';
import { type CommandTimes, isFinal, lifeSteps } from './commandLife';

const asked: CommandTimes = {
  state: 'REQUESTED', requestedAt: '2026-11-20T12:00:00Z', sentAt: null, acceptedAt: null, openedAt: null, closedAt: null, settledAt: null,
};
const marks = (command: CommandTimes): string[] => lifeSteps(command).map((step) => `${step.state} ${step.mark}`);

test('a command that was only asked for shows nothing as opened', () => {
  expect(marks(asked)).toEqual(['REQUESTED done', 'SENT waiting', 'ACCEPTED ahead', 'DOOR_OPENED ahead', 'DOOR_CLOSED ahead']);
});

test('a step that the vendor never reported is skipped, not done', () => {
  const opened: CommandTimes = { ...asked, state: 'DOOR_OPENED', sentAt: '2026-11-20T12:00:01Z', openedAt: '2026-11-20T12:00:02Z' };
  expect(marks(opened)).toEqual(['REQUESTED done', 'SENT done', 'ACCEPTED skipped', 'DOOR_OPENED done', 'DOOR_CLOSED waiting']);
});

test('a failed command shows what it reached and how it ended, and no door', () => {
  const failed: CommandTimes = { ...asked, state: 'FAILED', sentAt: '2026-11-20T12:00:01Z', settledAt: '2026-11-20T12:00:09Z' };
  expect(marks(failed)).toEqual(['REQUESTED done', 'SENT done', 'FAILED broken']);
});

test('an unconfirmed command is still followed, an expired one is not', () => {
  expect(isFinal('UNCONFIRMED')).toBe(false);
  expect(isFinal('EXPIRED')).toBe(true);
  expect(isFinal('DOOR_CLOSED')).toBe(true);
});
