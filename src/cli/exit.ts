// How the command ends: what each error code means for the shell, and how errors are shown. Nothing else decides an
// exit code.
import { CommanderError } from "commander";
import { PropagoError } from "../ground/errors.ts";
import type { ErrorCode } from "../ground/errors.ts";
import { printable } from "./text.ts";

export const DONE = 0;
export const BUG = 1;
export const USAGE = 2;
export const INTERRUPTED = 130;
export const TERMINATED = 143;

const EXIT_CODES: Record<ErrorCode, number> = {
  ERR_USAGE: USAGE,
  ERR_CONFIG: USAGE,
  ERR_MEMORY: USAGE,
  ERR_DATA: 3,
  ERR_SHAPE: 3,
  ERR_NONFINITE: 3,
  ERR_RANGE: 3,
  ERR_CSV: 3,
  ERR_FORMAT: 4,
  ERR_PATH: 4,
  ERR_UNSUPPORTED: 4,
  ERR_DIVERGED: 5,
  ERR_IO: 6,
  ERR_BUSY: BUG,
  ERR_DISPOSED: BUG,
  ERR_NOT_FITTED: BUG,
  ERR_WORKER: BUG,
  ERR_PART: BUG,
  ERR_WASM_BLOCKED: USAGE,
  ERR_WASM_RELAXED: USAGE,
  ERR_WASM_SIMD: USAGE,
};

/** Thrown when the user has stopped the command; `message` says what was reached, `exitCode` how it ends. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: number;

  constructor(message: string, exitCode = INTERRUPTED) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Prints on standard error what went wrong. Returns the exit code. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE; // commander has spoken already
  if (error instanceof Interruption) {
    process.stderr.write(`propago: ${printable(error.message)}\n`);
    return error.exitCode;
  }
  if (error instanceof PropagoError) {
    process.stderr.write(`propago: ${error.code}: ${printable(error.message)}\n`);
    return EXIT_CODES[error.code] ?? BUG;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`propago: this is a bug, please report it:\n${printable(text)}\n`);
  return BUG;
}

/** Prints a warning on standard error. */
export function warn(message: string): void {
  process.stderr.write(`propago: warning: ${printable(message)}\n`);
}
