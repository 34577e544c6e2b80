// How much a file may ask for. Every limit can be raised or lowered by the caller; a message names the one it met.
import { PropagoError, show } from "../ground/errors.ts";

/** What a reader refuses to exceed. A file that asks for more is ERR_FORMAT before anything is allocated. */
export interface Limits {
  /** Bytes of a header, such as that of safetensors. */
  headerBytes: number;
  /** Arrays in one file. */
  tensors: number;
  /** Dimensions of an array. */
  rank: number;
  /** Numbers in one array. */
  elements: number;
  /** Bytes of a file. */
  fileBytes: number;
  /** Entries of a zip archive. */
  entries: number;
  /** Bytes that one compressed file may become. */
  inflatedBytes: number;
  /** How many times its size a compressed file may become; up to `inflationFloor` bytes are always allowed. */
  inflation: number;
  inflationFloor: number;
  /** Objects and arrays inside each other in JSON. */
  jsonDepth: number;
  /** Layers of a model. */
  layers: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = {
  headerBytes: 25_000_000,
  tensors: 100_000,
  rank: 8,
  elements: 2 ** 30,
  fileBytes: 2 ** 31,
  entries: 10_000,
  inflatedBytes: 2 ** 32,
  inflation: 200,
  inflationFloor: 2 ** 20,
  jsonDepth: 64,
  layers: 10_000,
};

/** What every reader takes beside the bytes. */
export interface ReadingOptions {
  /** How messages call the file. Default: what kind of file it is. */
  name?: string;
  /** Other limits than the default ones. */
  limits?: Partial<Limits>;
}

/** The limits with the caller's own in their place. */
export function limitsOf(options: ReadingOptions): Limits {
  for (const [key, value] of Object.entries(options.limits ?? {})) {
    if (!Object.hasOwn(DEFAULT_LIMITS, key)) throw new PropagoError("ERR_CONFIG", `unknown limit ${show(key)}`);
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw new PropagoError("ERR_CONFIG", `limits.${key} must be a number >= 0, got ${show(value)}`);
    }
  }
  return { ...DEFAULT_LIMITS, ...options.limits };
}

/** Refuses what goes beyond a limit. */
export function within(value: number, limit: keyof Limits, limits: Limits, what: string): void {
  if (value <= limits[limit]) return;
  throw new PropagoError(
    "ERR_FORMAT",
    `${what} is ${value}, the limit is ${limits[limit]} (raise limits.${limit} where the file can be trusted)`,
  );
}
