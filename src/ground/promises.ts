// What users' functions give back: a promise where a value is needed at once is refused, and leaves no rejection behind
// that nobody handles.
import { PropagoError } from "./errors.ts";

/** Whether somebody must wait for a value. It throws nothing: what cannot be looked at is no promise. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof (value as PromiseLike<unknown> | undefined | null)?.then === "function";
  } catch {
    return false;
  }
}

/**
 * Refuses a promise.
 * @param where what gave it.
 * @param advice why it cannot be waited for, and what to do.
 * @throws PropagoError ERR_CONFIG
 */
export function refusePromise(value: unknown, where: string, advice: string): void {
  if (!isPromise(value)) return;
  // Nobody else hears of its failure.
  Promise.resolve(value).catch(() => {});
  throw new PropagoError("ERR_CONFIG", `${where} gave a promise, ${advice}`);
}
