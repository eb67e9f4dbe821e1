/** What a bank has built in; whether that answers just now is another question. */
export type Abilities = readonly { name: string; ability: 'WORKS' | 'FAILING' | 'ABSENT' }[];

export function has(all: Abilities, name: string): boolean {
  return all.some((each) => each.name === name && each.ability !== 'ABSENT');
}
