// What ends a training from outside. A type of our own, since not every project's types know AbortSignal, and the global
// class is another one in each realm: a signal is known by what it can do.
import { UNSEEN, show } from "./errors.ts";

/** An AbortSignal, as far as it is used: `new AbortController().signal`, `AbortSignal.timeout(5000)`. */
export interface AbortSignalLike {
  /** Whether it has been aborted. */
  readonly aborted: boolean;
  /** Why. The training rejects with it. */
  readonly reason: unknown;
  /** Throws the reason where it has been aborted. */
  throwIfAborted(): void;
  /** Calls the listener when it is aborted. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Forgets a listener. */
  removeEventListener(type: "abort", listener: () => void): void;
}

const METHODS = ["throwIfAborted", "addEventListener", "removeEventListener"] as const;

/** Whether a value is an AbortSignal, of whichever realm. */
export function isSignal(value: unknown): value is AbortSignalLike {
  if (typeof value !== "object" || value === null || show(value) === UNSEEN) return false;
  const signal = value as Partial<AbortSignalLike>;
  return typeof signal.aborted === "boolean" && METHODS.every((name) => typeof signal[name] === "function");
}
