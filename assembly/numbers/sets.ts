// Sets of ids, as plan.ts has them: a bit for each id.

/** Whether an id belongs to a set. */
@inline
export function isOneOf(id: i32, set: i32): bool {
  return ((set >> id) & 1) != 0;
}
