// Data on its way to a worker. Large arrays travel in pieces, between which the event loop turns, so that no page stands
// still while they are copied; what is small goes as it is.
import { PropagoError, show } from "../ground/errors.ts";
import { isArray } from "../ground/options.ts";

/** Bytes of a typed array, and cells of an array of rows, that are copied at a time. */
const BYTES = 2 ** 21;
const CELLS = 2 ** 15;

/** What stands in the place of an array that comes in pieces. */
interface Placeholder {
  propagoPlace: number;
  length: number;
  /** The kind of a typed array, as "Float32Array"; absent for others. */
  type?: string;
}

const TYPES = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
};

type Typed = InstanceType<(typeof TYPES)[keyof typeof TYPES]>;

/** The kind of a typed array, whichever realm it is from; nothing for other values. */
function typeOf(value: unknown): keyof typeof TYPES | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const type = (value as unknown as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return type !== undefined && Object.hasOwn(TYPES, type) ? (type as keyof typeof TYPES) : undefined;
}

/** A piece to be sent, what of it need not be copied once more, and where it belongs. */
export interface Piece {
  place: number;
  at: number;
  piece: unknown;
  transfer: ArrayBufferLike[];
}

/** Takes data apart: gives what goes at once, and the pieces that follow, each made when it is asked for. */
export function takeApart(data: unknown): { head: unknown; pieces: Generator<Piece, void> } {
  const large: (Typed | unknown[])[] = [];
  const head = without(data, large, 3);
  return { head, pieces: piecesOf(large) };
}

/** A copy of a value with placeholders for large arrays, which are put down. */
function without(value: unknown, large: (Typed | unknown[])[], depth: number): unknown {
  const type = typeOf(value);
  if (type !== undefined) {
    const { length, byteLength } = value as Typed;
    if (byteLength <= BYTES) return copyOf(value as Typed, type, 0, length);
    return { propagoPlace: large.push(value as Typed) - 1, length, type } satisfies Placeholder;
  }
  if (isArray(value)) {
    const width = isArray(value[0]) || ArrayBuffer.isView(value[0]) ? (value[0] as unknown[]).length : 1;
    if (value.length * width <= CELLS) return Array.from(value, rowOf);
    return { propagoPlace: large.push(value) - 1, length: value.length } satisfies Placeholder;
  }
  if (depth === 0 || typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, without(item, large, depth - 1)]));
}

/** A copy of a row, or the number that stands in its place. */
function rowOf(row: unknown): unknown {
  return isArray(row) ? Array.from(row) : row;
}

/** A copy of a part of a typed array, of the same kind, in memory of its own. */
function copyOf(array: Typed, type: keyof typeof TYPES, begin: number, end: number): Typed {
  const copy = new TYPES[type](end - begin);
  copy.set(new TYPES[type](array.buffer, array.byteOffset + begin * array.BYTES_PER_ELEMENT, end - begin));
  return copy;
}

function* piecesOf(large: readonly (Typed | unknown[])[]): Generator<Piece, void> {
  for (const [place, array] of large.entries()) {
    const type = typeOf(array);
    const width = type === undefined && isArray((array as unknown[])[0]) ? (array[0] as unknown[]).length : 1;
    const step = Math.max(
      1,
      Math.floor(type === undefined ? CELLS / Math.max(1, width) : BYTES / (array as Typed).BYTES_PER_ELEMENT),
    );
    for (let at = 0; at < array.length; at += step) {
      if (type === undefined) {
        yield { place, at, piece: (array as unknown[]).slice(at, at + step), transfer: [] };
      } else {
        const piece = copyOf(array as Typed, type, at, Math.min(array.length, at + step));
        yield { place, at, piece, transfer: [piece.buffer] };
      }
    }
  }
}

/** Puts data together again. */
export class Assembly {
  readonly #head: unknown;
  readonly #arrays: (Typed | unknown[])[] = [];

  constructor(head: unknown) {
    this.#head = this.#prepare(head, 4);
  }

  /** What is whole once all pieces have come. */
  get whole(): unknown {
    return this.#head;
  }

  add(place: number, at: number, piece: unknown): void {
    const array = this.#arrays[place];
    if (isArray(array)) for (const [i, item] of (piece as unknown[]).entries()) array[at + i] = item;
    else array.set(piece as Typed, at);
  }

  /** Makes room for the arrays that come in pieces. */
  #prepare(value: unknown, depth: number): unknown {
    if (depth === 0 || typeof value !== "object" || value === null || isArray(value) || ArrayBuffer.isView(value)) {
      return value;
    }
    const { propagoPlace, type, length } = value as Partial<Placeholder>;
    if (typeof propagoPlace === "number") {
      const array =
        type === undefined ? new Array<unknown>(length ?? 0) : new TYPES[type as keyof typeof TYPES](length ?? 0);
      this.#arrays[propagoPlace] = array;
      return array;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#prepare(item, depth - 1)]));
  }
}

/** The error for what cannot be sent. */
export function cannotMove(cause: unknown): PropagoError {
  const message = cause instanceof Error ? cause.message : show(cause);
  return new PropagoError(
    "ERR_DATA",
    `data cannot be sent to a worker (${message}); pass arrays, or leave worker out`,
    {
      cause,
    },
  );
}
