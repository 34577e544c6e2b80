// Sets of ids, as assembly/plan.ts has them: a bit for each id.

/** Whether an id belongs to a set. */
export function isOneOf(id: number, set: number): boolean {
  return ((set >> id) & 1) === 1;
}
