// Reading what users pass in: options against a table of what is allowed. Every message is phrased here, so that all
// of them say what, where, what was expected and what was got.
import { PropagoError, didYouMean, show } from "./errors.ts";

/** What a number may be. Without bounds: any finite number. */
export interface NumberRange {
  /** Greater than this. */
  above?: number;
  /** This or greater. */
  least?: number;
  /** Less than this. */
  below?: number;
  /** This or less. */
  most?: number;
  whole?: boolean;
}

/** A hyperparameter in a table: a number in a range, or a switch. */
export type OptionRow = ({ kind: "number"; default: number } & NumberRange) | { kind: "flag"; default: boolean };

export type OptionTable = Readonly<Record<string, OptionRow>>;

/** Values of all options of a table, defaults filled in. */
export type OptionValues = Record<string, number | boolean>;

/** A number in its range. */
export function readNumber(value: unknown, where: string, range: NumberRange = {}): number {
  const { above, least, below, most, whole } = range;
  const ok =
    typeof value === "number" &&
    Number.isFinite(value) &&
    (!whole || Number.isSafeInteger(value)) &&
    (above === undefined || value > above) &&
    (least === undefined || value >= least) &&
    (below === undefined || value < below) &&
    (most === undefined || value <= most);
  if (ok) return value;
  throw new PropagoError("ERR_CONFIG", `${where} must be ${rangeText(range)}, got ${show(value)}`);
}

/** A range in words, as in "an integer 1..10000000" or "a number in [0, 1)". */
function rangeText({ above, least, below, most, whole }: NumberRange): string {
  if (whole && least !== undefined && most !== undefined) return `an integer ${least}..${most}`;
  const kind = whole ? "an integer" : "a finite number";
  const low = above ?? least;
  const high = below ?? most;
  if (low !== undefined && high !== undefined) {
    return `${whole ? "an integer" : "a number"} in ${above === undefined ? "[" : "("}${low}, ${high}${below === undefined ? "]" : ")"}`;
  }
  if (low !== undefined) return `${kind} ${above === undefined ? ">=" : ">"} ${low}`;
  if (high !== undefined) return `${kind} ${below === undefined ? "<=" : "<"} ${high}`;
  return kind;
}

export function readFlag(value: unknown, where: string): boolean {
  if (typeof value === "boolean") return value;
  throw new PropagoError("ERR_CONFIG", `${where} must be true or false, got ${show(value)}`);
}

/** One of several names. */
export function readName<N extends string>(value: unknown, where: string, known: readonly N[], what: string): N {
  if (typeof value === "string" && (known as readonly string[]).includes(value)) return value as N;
  const guess = typeof value === "string" ? didYouMean(value, known) : "";
  const got = typeof value === "string" ? `unknown ${what} ${show(value)}` : `${show(value)} is not a ${what}`;
  throw new PropagoError("ERR_CONFIG", `${where}: ${got}${guess}; known: ${known.join(", ")}`);
}

/**
 * An options object's own values, each read once. Undefined stands for absent. Unknown keys are refused, so a mistyped
 * option is never silently ignored.
 */
export function readObject<K extends string>(
  value: unknown,
  where: string,
  known: readonly K[],
): Partial<Record<K, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new PropagoError("ERR_CONFIG", `${where} must be an object with options, got ${show(value)}`);
  }
  const out: Partial<Record<K, unknown>> = {};
  for (const key of Object.keys(value)) {
    if (!(known as readonly string[]).includes(key)) {
      const guess = didYouMean(key, known);
      throw new PropagoError(
        "ERR_CONFIG",
        `${where}: unknown option ${show(key)}${guess}${guess ? "" : `; known: ${known.join(", ")}`}`,
      );
    }
    const got = (value as Record<string, unknown>)[key];
    if (got !== undefined) out[key as K] = got;
  }
  return out;
}

/** Reads `"name"` or `{ name, …options }` against a table of names, each with a table of options. */
export function readNamed<N extends string>(
  value: unknown,
  where: string,
  what: string,
  table: Readonly<Record<N, object>>,
  shared: OptionTable = {},
): { name: N; options: OptionValues; given: ReadonlySet<string> } {
  const names = Object.keys(table) as N[];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const name = readName(isObject ? (value as { name?: unknown }).name : value, where, names, what);
  const rows: OptionTable = { ...(table[name] as { options?: OptionTable }).options, ...shared };
  const fields = isObject ? readObject(value, `${where} (${name})`, ["name", ...Object.keys(rows)]) : {};
  const options: OptionValues = {};
  const given = new Set<string>();
  for (const [key, row] of Object.entries(rows)) {
    const got = (fields as Record<string, unknown>)[key];
    if (got !== undefined) given.add(key);
    if (got === undefined) options[key] = row.default;
    else if (row.kind === "flag") options[key] = readFlag(got, `${where}.${key}`);
    else options[key] = readNumber(got, `${where}.${key}`, row);
  }
  return { name, options, given };
}
