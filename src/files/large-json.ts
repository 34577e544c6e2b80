// Reads and writes JSON of any size. A JavaScript string holds at most half a gigabyte, so the text is handled in pieces.
// JSON that is nested deeper than any model is refused.
import { PropagoError } from "../ground/errors.ts";

/** How many items of an array become text at a time. */
const ITEMS = 10_000;
/** How many characters are collected before they are passed on. */
const GATHERED = 1 << 20;
/** An array of at least so many bytes is read by itself, in pieces of about this size. */
const LONG = 1 << 20;
/** How deep objects and arrays may be nested. */
const DEEPEST = 64;

/** Passes on the text that JSON.stringify would give, piece by piece. */
export function writeJSON(value: unknown, write: (piece: string) => void): void {
  let gathered = "";
  const put = (text: string): void => {
    gathered += text;
    if (gathered.length < GATHERED) return;
    write(gathered);
    gathered = "";
  };
  putJSON(value, put);
  if (gathered !== "") write(gathered);
}

function putJSON(value: unknown, put: (text: string) => void): void {
  if (Array.isArray(value) && value.length > ITEMS) {
    for (let i = 0; i < value.length; i += ITEMS) {
      put(`${i === 0 ? "[" : ","}${JSON.stringify(value.slice(i, i + ITEMS)).slice(1, -1)}`);
    }
    put("]");
  } else if (Array.isArray(value)) {
    put("[");
    value.forEach((item, i) => {
      if (i > 0) put(",");
      putJSON(item, put);
    });
    put("]");
  } else if (typeof value === "object" && value !== null) {
    let sign = "{";
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      put(`${sign}${JSON.stringify(key)}:`);
      putJSON(item, put);
      sign = ",";
    }
    put(sign === "{" ? "{}" : "}");
  } else put(JSON.stringify(value) ?? "null");
}

/** A long array that contains no objects or arrays: where it begins and ends, and where it may be cut. */
interface Long {
  begin: number;
  end: number;
  cuts: number[];
}

const [QUOTE, COMMA, OPEN, BACKSLASH, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = [...'",[\\]{}'].map((c) => c.charCodeAt(0));

/**
 * Reads JSON.
 * @throws PropagoError ERR_FORMAT if it is nested too deeply; SyntaxError, TypeError or RangeError if it is not JSON.
 */
export function readJSON(bytes: Uint8Array): unknown {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const text = (begin: number, end: number): string => decoder.decode(bytes.subarray(begin, end));
  const arrays = findLong(bytes);
  if (arrays.length === 0) return JSON.parse(text(0, bytes.length));
  // The marker is random, so the author of a file cannot put it there.
  const word = crypto.randomUUID();
  let skeleton = "";
  let at = 0;
  for (const [i, { begin, end }] of arrays.entries()) {
    skeleton += `${text(at, begin)}"${word}${i}"`;
    at = end;
  }
  const value: unknown = JSON.parse(skeleton + text(at, bytes.length));
  return filledIn(value, (item) => {
    if (!item.startsWith(word)) return item;
    const { begin, end, cuts } = arrays[Number(item.slice(word.length))];
    const values: unknown[] = [];
    let from = begin + 1;
    for (const cut of [...cuts, end - 1]) {
      for (const one of JSON.parse(`[${text(from, cut)}]`) as unknown[]) values.push(one);
      from = cut + 1;
    }
    return values;
  });
}

/** Replaces texts in a value. The recursion is bounded, since `findLong` limits the depth. */
function filledIn(value: unknown, replace: (text: string) => unknown): unknown {
  if (typeof value === "string") return replace(value);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    const item = fields[key];
    const now = filledIn(item, replace);
    if (now !== item) Object.defineProperty(fields, key, { value: now, enumerable: true });
  }
  return value;
}

/** Finds the long arrays of a text. @throws PropagoError ERR_FORMAT if it is nested too deeply. */
function findLong(bytes: Uint8Array): Long[] {
  const found: Long[] = [];
  let depth = 0;
  /** The innermost open array, as long as it contains no other array or object. */
  let flat: Long | undefined;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN || byte === OPEN_OBJECT) {
      if (++depth > DEEPEST) throw new PropagoError("ERR_FORMAT", `its JSON is nested deeper than ${DEEPEST} levels`);
      flat = byte === OPEN ? { begin: i, end: 0, cuts: [] } : undefined;
    } else if (byte === CLOSE || byte === CLOSE_OBJECT) {
      depth--;
      if (flat !== undefined && byte === CLOSE && i - flat.begin > LONG) found.push({ ...flat, end: i + 1 });
      flat = undefined;
    } else if (byte === COMMA && flat !== undefined && i - (flat.cuts.at(-1) ?? flat.begin) > LONG) flat.cuts.push(i);
  }
  return found;
}
