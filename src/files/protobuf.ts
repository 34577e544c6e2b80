// Writing protocol buffers: fields with a number and a value, one message inside another. Only what ONNX needs.
import { join } from "./bytes.ts";

/** A message that is being written. */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** A whole number within ±2⁵³, as an int64. */
  whole(field: number, value: number): this {
    return this.#push(varint(field * 8), varint(BigInt.asUintN(64, BigInt(value))));
  }

  /** A float32. */
  float(field: number, value: number): this {
    return this.#push(varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint(field * 8 + 2), varint(value.length), value);
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array<ArrayBuffer> {
    return join(this.#parts);
  }

  #push(...parts: Uint8Array[]): this {
    this.#parts.push(...parts);
    return this;
  }
}

/** Seven bits a byte, lowest first; the top bit says that more follow. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
