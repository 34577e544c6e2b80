// The few reads of a flatbuffer that the messages of Arrow need, each within its bounds.
import { malformed } from "./bytes.ts";

/** A table of a flatbuffer: fields by their numbers. */
export class FlatTable {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #at: number;

  constructor(bytes: Uint8Array, name: string, at?: number) {
    this.#bytes = bytes;
    this.#name = name;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at ?? this.#u32(0);
  }

  /** Where a field lies, or -1 where the table does not have it. */
  place(field: number): number {
    const vtable = this.#at - this.#i32(this.#at);
    const size = this.#u16(vtable);
    const slot = 4 + 2 * field;
    if (slot + 2 > size) return -1;
    const offset = this.#u16(vtable + slot);
    return offset === 0 ? -1 : this.#at + offset;
  }

  /** Makes a field absent. */
  remove(field: number): void {
    this.#view.setUint16(this.#at - this.#i32(this.#at) + 4 + 2 * field, 0, true);
  }

  byte(field: number, otherwise: number): number {
    const at = this.place(field);
    return at < 0 ? otherwise : this.#bytes[this.#checked(at, 1)];
  }

  /** A length: a 64-bit number that float64 holds exactly. */
  long(field: number): number {
    const at = this.place(field);
    return at < 0 ? 0 : this.longAt(at);
  }

  longAt(at: number): number {
    const value = this.#view.getBigInt64(this.#checked(at, 8), true);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw malformed(this.#name, `a length of ${value} in its metadata`);
    return number;
  }

  setLongAt(at: number, value: number): void {
    this.#view.setBigInt64(this.#checked(at, 8), BigInt(value), true);
  }

  /** The table to which a field leads. */
  table(field: number): FlatTable | undefined {
    const at = this.place(field);
    return at < 0 ? undefined : new FlatTable(this.#bytes, this.#name, at + this.#u32(at));
  }

  /** Where the items of a vector of structs begin, and how many there are. */
  vector(field: number, size: number): { begin: number; count: number } {
    const at = this.place(field);
    if (at < 0) return { begin: 0, count: 0 };
    const start = at + this.#u32(at);
    const count = this.#u32(start);
    this.#checked(start + 4, count * size);
    return { begin: start + 4, count };
  }

  /** The tables that a vector holds. */
  tables(field: number): FlatTable[] {
    const { begin, count } = this.vector(field, 4);
    return Array.from({ length: count }, (_, i) => {
      const at = begin + 4 * i;
      return new FlatTable(this.#bytes, this.#name, at + this.#u32(at));
    });
  }

  #checked(at: number, size: number): number {
    if (at >= 0 && at + size <= this.#bytes.length) return at;
    throw malformed(this.#name, `its metadata is damaged: it points to byte ${at} of ${this.#bytes.length}`);
  }

  #u16(at: number): number {
    return this.#view.getUint16(this.#checked(at, 2), true);
  }

  #i32(at: number): number {
    return this.#view.getInt32(this.#checked(at, 4), true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(this.#checked(at, 4), true);
  }
}
