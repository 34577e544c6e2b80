// The one error class of the library, and the phrasing that its messages share. Nothing here knows networks.

/** Stable codes of every error that a user can cause. */
export type ErrorCode =
  | "ERR_CONFIG" // a description or an option that cannot be
  | "ERR_DATA" // values that are not what the network needs
  | "ERR_SHAPE" // rows or columns that do not fit
  | "ERR_NONFINITE" // NaN or an infinity in data or weights
  | "ERR_RANGE" // a number too large for float32
  | "ERR_CSV" // a table that cannot be read
  | "ERR_FORMAT" // a file of numbers or of a model that cannot be read
  | "ERR_PATH" // a file that names another one outside its own folder
  | "ERR_UNSUPPORTED" // a model, or an array, of a kind that propago does not have
  | "ERR_IO" // a file that cannot be read or written
  | "ERR_USAGE" // a command line that cannot be understood
  | "ERR_DIVERGED" // the loss left the finite numbers
  | "ERR_BUSY" // a second training of a network that is being trained
  | "ERR_DISPOSED" // use after dispose()
  | "ERR_NOT_FITTED" // a prediction before any training
  | "ERR_MEMORY" // more memory than the limit
  | "ERR_WORKER" // a worker that trained, or a thread that shared in it, was lost or did not start
  | "ERR_PART" // a part of the library that a page has not loaded, or cannot
  | "ERR_WASM_BLOCKED" // a page's policy forbids WebAssembly
  | "ERR_WASM_RELAXED" // build: "relaxed" in an engine without relaxed SIMD
  | "ERR_WASM_SIMD"; // an engine without WebAssembly SIMD

/**
 * An error that a user can cause and mend: `code` is stable, `message` says what, where,
 * what was expected, and how to mend it.
 */
export class PropagoError extends Error {
  /** Tells it from other errors, also where `instanceof` cannot. */
  override readonly name = "PropagoError";
  /** What is wrong, for programs. Stable. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(
      printable(message.length > LONGEST ? `${message.slice(0, LONGEST - 999)} … ${message.slice(-999)}` : message),
      options,
    );
    this.code = code;
  }
}

/** The most letters of a message. What it shows of values is much shorter; this is for what nobody thought of. */
const LONGEST = 10_000;

/**
 * Characters that steer a terminal: control characters (C0 but line ends, C1), line and paragraph separators, and those that
 * turn the direction of writing.
 */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
export const UNPRINTABLE = /[\0-\t\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "\ufffd");
}

/** What cannot even be looked at: proxies that were revoked. */
export const UNSEEN = "a revoked Proxy";

/** A value as it should stand in a message: short, and never an object's whole text. It throws nothing. */
export function show(value: unknown): string {
  try {
    if (typeof value === "string") return JSON.stringify(cut(value));
    if (Object.is(value, -0)) return "-0";
    if (Array.isArray(value)) return `an array of ${value.length}`;
    if (typeof value === "function") return "a function";
    if (typeof value !== "object" || value === null) return cut(String(value)) + (typeof value === "bigint" ? "n" : "");
    const kind = cut(Object.prototype.toString.call(value).slice(8, -1));
    return kind === "Object" ? "an object" : `a ${kind}`;
  } catch {
    return UNSEEN;
  }
}

/** A word, shortened if it is too long for a message. */
export function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/**
 * The known name that is meant, as ` (did you mean "…"?)`: the one whose initials stand there, as "mse" for
 * meanSquaredError, or the one nearest to a mistyped one. Nothing where none is near.
 */
export function didYouMean(word: string, known: readonly string[]): string {
  const initials = word.replace(/loss$/i, "").toLowerCase();
  let best =
    known.find((name) => /[A-Z]/.test(name) && name.replace(/\B[^A-Z]+/g, "").toLowerCase() === initials) ?? "";
  let least = best ? 0 : Math.min(Math.max(1, Math.floor(word.length * 0.4)) + 1, word.length - 1);
  for (const name of known) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best ? ` (did you mean "${best}"?)` : "";
}

/** Least number of single-character edits between two words (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
