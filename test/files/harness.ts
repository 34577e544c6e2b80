// What the tests of file formats share: where the files of other people lie, and what may come of damaged bytes.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PropagoError } from "../../src/ground/errors.ts";

/** The folder with files that other people wrote, beside the repository. */
export const sharedFiles = fileURLToPath(new URL("../../../shared/data/files/", import.meta.url));
export const hasSharedFiles = existsSync(sharedFiles);

/** PROPAGO_CAMPAIGN=1 runs every mutation, otherwise a twentieth of them. */
export const campaign = process.env.PROPAGO_CAMPAIGN === "1";

export interface Expectation {
  name: string;
  status: "readable" | "refuse";
  reason?: string;
  [key: string]: any;
}

/** What a reader should find in the files of one kind. */
export function expectations(kind: string): Expectation[] {
  if (!hasSharedFiles) return [];
  return readdirSync(sharedFiles + kind)
    .filter((file) => file.endsWith(".expected.json"))
    .map((file) => JSON.parse(readFileSync(`${sharedFiles}${kind}/${file}`, "utf8")) as Expectation);
}

export function sharedBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(sharedFiles + path));
}

/** Random numbers in [0, n) from a seed, the same in each run (xorshift32). */
export function randomFrom(seed: number): (n: number) => number {
  let state = seed >>> 0 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** Runs a reader on bytes: whatever it throws must be a PropagoError with a code, within a second. */
export function outcome(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): "value" | PropagoError["code"] {
  const begin = performance.now();
  let result: "value" | PropagoError["code"] = "value";
  try {
    read(bytes);
  } catch (error) {
    if (!(error instanceof PropagoError)) throw error;
    result = error.code;
  }
  const milliseconds = performance.now() - begin;
  if (milliseconds > 1000) throw new Error(`took ${milliseconds} ms`);
  return result;
}

/** Values that break arithmetic with sizes and addresses. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** One change of the kinds that damage and malice make. */
export function mutate(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  let copy = bytes.slice();
  for (let times = 1 + random(3); times > 0; times--) {
    // Headers matter most: half of the changes hit the first part of the file.
    const at = random(2) === 0 ? random(Math.min(copy.length, 256) || 1) : random(copy.length || 1);
    switch (random(7)) {
      case 0:
        copy[at] ^= 1 << random(8);
        break;
      case 1:
        copy[at] = random(256);
        break;
      case 2:
        new DataView(copy.buffer).setUint32(
          Math.max(0, Math.min(at, copy.length - 4)),
          EDGES[random(EDGES.length)],
          true,
        );
        break;
      case 3:
        copy = copy.slice(0, at);
        break;
      case 4:
        copy = Uint8Array.from([...copy, ...Array.from({ length: 1 + random(16) }, () => random(256))]);
        break;
      case 5:
        copy.copyWithin(at, random(copy.length || 1), Math.min(copy.length, at + 1 + random(32)));
        break;
      default:
        copy = Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(Math.min(copy.length, at + 1 + random(8)))]);
    }
    if (copy.length < 4) break;
  }
  return copy;
}

/**
 * Cuts bytes at every place, and changes them at random: each time there is a value or a PropagoError. Gives how many
 * were tried: 100,000 mutations in the campaign, a twentieth or another share of them otherwise.
 */
export function attack(
  read: (bytes: Uint8Array) => unknown,
  bytes: Uint8Array,
  options: { share?: number; seed?: number; cuts?: number } = {},
): number {
  const { share = 1 / 20, seed = 1, cuts = 2000 } = options;
  const step = campaign ? 1 : Math.max(1, Math.ceil(bytes.length / cuts));
  let tried = 0;
  for (let length = 0; length < bytes.length; length += step, tried++) outcome(read, bytes.slice(0, length));
  const random = randomFrom(seed);
  const runs = 100_000 * (campaign ? 1 : share);
  for (let i = 0; i < runs; i++, tried++) {
    const changed = mutate(bytes, random);
    try {
      outcome(read, changed);
    } catch (cause) {
      throw new Error(`mutation ${i} of seed ${seed}: ${Buffer.from(changed).toString("base64").slice(0, 400)}`, {
        cause,
      });
    }
  }
  return tried;
}
