/** Hands at the simulated doors: what no API of Lockyard can do. */
import { check } from './story.ts';

export type Door = { bank: string; unit: string; is_open: boolean; item: boolean };

/** A shut door that surely is one of Lockyard's, since something lies in it. */
export async function someDoor(controls: string): Promise<Door> {
  const { doors } = (await (await fetch(`${controls}/state`)).json()) as { doors: Door[] };
  const door = doors.find((each) => each.item && !each.is_open);
  check(door, 'no simulated door with something in it');
  return door;
}

export async function act(controls: string, { bank, unit }: Door, what: 'force' | 'close'): Promise<void> {
  const answer = await fetch(`${controls}/doors`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ bank, unit, act: what }),
  });
  check(answer.ok, `the simulator refused to ${what} ${bank}/${unit}: ${answer.status}`);
}

export async function shutAll(controls: string, bank: string): Promise<void> {
  const { doors } = (await (await fetch(`${controls}/state`)).json()) as { doors: Door[] };
  await Promise.all(doors.filter((door) => door.bank === bank && door.is_open).map((door) => act(controls, door, 'close')));
}
