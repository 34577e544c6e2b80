// Reading what users pass in: options against a table of what is allowed. Every message is phrased here, so that all
// of them say what, where, what was expected and what was got.
import { PropagoError, UNSEEN, didYouMean, show } from "./errors.ts";
import { Part } from "./parts.ts";

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

/** A hyperparameter in a table: a number in a range, a switch, or what a function of its own reads. */
export type OptionRow =
  | ({ kind: "number"; default: number } & NumberRange)
  | { kind: "flag"; default: boolean }
  | { kind: "other"; default: unknown; read(value: unknown, where: string): unknown };

export type OptionTable = Readonly<Record<string, OptionRow>>;

/** The default of a number that must be given. */
export const REQUIRED = NaN;

/** Values of all options of a table, defaults filled in; others than numbers and switches are known to their table. */
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
export function rangeText({ above, least, below, most, whole }: NumberRange): string {
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

/** What is known of the names that other libraries use; propago/slim does not have it. */
export interface ForeignNames {
  meantBy(word: string, known: readonly string[]): string[];
  adviceOn(word: string): string;
}

const FOREIGN_NAMES = /* @__PURE__ */ new Part<Partial<ForeignNames>>("complete");

/** What an unknown name could mean, in brackets: ours for that of another library, or the one spelled alike. */
export function guessOf(word: string, known: readonly string[]): string {
  const foreign = FOREIGN_NAMES.here;
  const meant = foreign?.meantBy?.(word, known) ?? [];
  if (meant.length > 0) return ` (did you mean ${meant.map(show).join(" or ")}?)`;
  const advice = didYouMean(word, known) || foreign?.adviceOn?.(word);
  return advice && !advice.startsWith(" ") ? ` (${advice})` : (advice ?? "");
}

/** The name in `"name"` or `{ name, …options }`; what else is given stands for itself. */
export function nameOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? (value as { name?: unknown }).name : value;
}

/** One of several names. */
export function readName<N extends string>(value: unknown, where: string, known: readonly N[], what: string): N {
  if (typeof value === "string" && (known as readonly string[]).includes(value)) return value as N;
  const guess = typeof value === "string" ? guessOf(value, known) : "";
  const got = typeof value === "string" ? `unknown ${what} ${show(value)}` : `${show(value)} is no ${what}`;
  throw new PropagoError("ERR_CONFIG", `${where}: ${got}${guess}; known: ${known.join(", ")}`);
}

/** As `Array.isArray`, which throws for proxies that were revoked. */
export function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * Whether a value is an object as braces make it, of whichever realm: no Map, Date, array or instance of a class, whose
 * contents its own keys do not tell.
 */
export function isPlain(value: unknown): value is Record<string, unknown> {
  try {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const parent = Object.getPrototypeOf(value) as object | null;
    return parent === null || (Object.getPrototypeOf(parent) === null && Object.hasOwn(parent, "toString"));
  } catch {
    return false; // a proxy that was revoked
  }
}

/**
 * A copy of plain objects and arrays, down to what they hold: each is read once, by this, so that neither getters nor later
 * changes matter. Whatever else there is stays what it is, and so does what lies deeper, or is longer, than any options.
 */
export function copied<T>(value: T, depth = 8): T {
  if (typeof value === "object" && show(value) === UNSEEN) {
    throw new PropagoError("ERR_CONFIG", `options hold ${UNSEEN}, of which nothing can be read`);
  }
  if (depth > 0 && isArray(value) && value.length < 1e6) {
    return Array.from(value as ArrayLike<unknown>, (item) => copied(item, depth - 1)) as T;
  }
  if (depth === 0 || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copied(item, depth - 1)])) as T;
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
  if (isPlain(value)) return readFields(value, where, known);
  throw new PropagoError("ERR_CONFIG", `${where} must be a plain object with options, { … }, got ${show(value)}`);
}

/** The same of an object of whatever class. */
export function readFields<K extends string>(
  value: object,
  where: string,
  known: readonly K[],
): Partial<Record<K, unknown>> {
  if (show(value) === UNSEEN) throw new PropagoError("ERR_DATA", `${where} is ${UNSEEN}`);
  const out: Partial<Record<K, unknown>> = {};
  for (const key of Object.keys(value)) {
    if (!(known as readonly string[]).includes(key)) {
      const guess = guessOf(key, known);
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

/** Reads `"name"` or `{ name, …options }` against a table of names, each with a table of options beside those shared. */
export function readNamed<N extends string>(
  value: unknown,
  where: string,
  what: string,
  table: Readonly<Record<N, object>>,
  shared: OptionTable = {},
): { name: N } & GivenOptions {
  const names = Object.keys(table) as N[];
  const isObject = isPlain(value);
  const name = readName(isObject ? value.name : value, where, names, what);
  const own = (table[name] as { options?: OptionTable }).options;
  const rows: OptionTable = { ...own, ...shared, ...own };
  const fields = isObject ? readObject(value, `${where} (${name})`, ["name", ...Object.keys(rows)]) : {};
  return { name, ...readOptions(fields, rows, where, name) };
}

/** Options with defaults filled in, and the names of those that were given. */
export interface GivenOptions {
  options: OptionValues;
  given: ReadonlySet<string>;
}

/** Reads what was given of the options in a table; `owner` is who has them. */
export function readOptions(
  fields: Readonly<Record<string, unknown>>,
  rows: OptionTable,
  where: string,
  owner: string,
): GivenOptions {
  const options: OptionValues = {};
  const given = new Set<string>();
  for (const [key, row] of Object.entries(rows)) {
    const got = fields[key];
    if (got !== undefined) given.add(key);
    const at = `${where}.${key}`;
    if (got === undefined) {
      if (Number.isNaN(row.default)) throw new PropagoError("ERR_CONFIG", `${at} is missing: ${owner} needs it`);
      options[key] = row.default as number;
    } else if (row.kind === "flag") options[key] = readFlag(got, at);
    else if (row.kind === "number") options[key] = readNumber(got, at, row);
    else options[key] = row.read(got, at) as number;
  }
  return { options, given };
}
