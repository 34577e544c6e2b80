// Where the blocks for a batch lie: what layers leave for each other, and what products pack into.
import {
  ACTIVATION,
  BATCH_NORM,
  DENSE,
  DISTURBING_KINDS,
  LAYER_BYTES,
  LAYER_D,
  LAYER_DX,
  LAYER_H,
  LAYER_NORM,
  LAYER_S,
  LAYER_STATS,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  NORMALISING_KINDS,
  PACK_DEPTH,
  PACK_FROM,
  PACK_PANELS,
  PACK_ROWS,
  PASSING_KINDS,
  PLAN_BYTES,
  PLAN_ROW_LOSSES,
  PLAN_SAMPLE_WEIGHTS,
  PLAN_SCRATCH,
  PLAN_SCRATCH_BYTES,
  PLAN_SQUARED,
  PLAN_T,
  PLAN_X,
} from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import type { NetworkDescription } from "../description/description.ts";

/** What the blocks for a batch must be good for: outputs only, training, or also weighted inputs to look at. */
export type Purpose = "predict" | "train" | "trace";

/** Bytes of rows and of weights that stay in a core's second cache, which has 1 MiB and more, while a block is worked on. */
const NEAR_ROWS = 256 * 1024;
const MOST_NEAR_WEIGHTS = 512 * 1024;

/** A batch whose blocks are placed. */
export interface BatchNeeds {
  rows: number;
  purpose: Purpose;
  /** Workers that need a place to pack, each for itself. */
  workers: number;
  /** Bytes of a number. */
  bytes: number;
}

/** Tells the word of the plan or of a layer's record that holds an address, and that address. */
type Write = (offset: number, address: number) => void;

/** Hands out addresses one behind the other, all at multiples of 16. */
class Places {
  next: number;
  readonly #bytes: number;

  constructor(start: number, bytes: number) {
    this.next = start;
    this.#bytes = bytes;
  }

  take(numbers: number): number {
    const address = this.next;
    this.next += Math.ceil((numbers * this.#bytes) / 16) * 16;
    return address;
  }
}

/** Places the batch's blocks from `start` on, tells `write` each address and the word it belongs to; gives the size. */
export function placeBatch(description: NetworkDescription, needs: BatchNeeds, start: number, write: Write): number {
  const { inputs, outputs, layers, optimizer } = description;
  const { rows, purpose, workers, bytes } = needs;
  const places = new Places(start, bytes);
  write(PLAN_X, places.take(rows * inputs));
  if (purpose !== "predict") {
    write(PLAN_T, places.take(rows * outputs));
    write(PLAN_ROW_LOSSES, places.take(rows));
    write(PLAN_SAMPLE_WEIGHTS, places.take(rows));
    if (optimizer.rule.measures !== undefined) {
      write(PLAN_SQUARED, places.take(Math.max(...layers.map((layer) => Math.max(layer.inputs, rows) * layer.units))));
    }
  }
  const scratch = Math.max(...layers.map((layer) => scratchNumbers(layer.inputs, layer.units, bytes)));
  write(PLAN_SCRATCH_BYTES, scratch * bytes);
  write(PLAN_SCRATCH, places.take(scratch * workers));
  placeLayers(description, needs, places, write);
  return places.next - start;
}

/** What the layers leave for those above and below them. */
function placeLayers(
  { layers, loss, optimizer }: NetworkDescription,
  { rows, purpose, bytes }: BatchNeeds,
  places: Places,
  write: Write,
): void {
  const { measures } = optimizer.rule;
  const training = purpose !== "predict";
  const lanes = 16 / bytes;
  let x = 0; // the first layer reads whichever samples are current
  let below = 0;
  let h = 0; // an activation layer has that of the layer below
  for (const [i, layer] of layers.entries()) {
    const at = PLAN_BYTES + i * LAYER_BYTES;
    const isLast = i === layers.length - 1;
    // What only disturbs training leaves predictions where they are.
    const isNoise = isOneOf(layer.kind, DISTURBING_KINDS);
    const y = isNoise && !training && i > 0 ? x : places.take(rows * layer.units);
    // Weighted inputs are overwritten by activations, but where somebody reads them later.
    const keepsZ =
      layer.kind === DENSE && (purpose === "trace" || (isLast && loss.fused) || (training && layer.activation.keepsZ));
    const passes = isOneOf(layer.kind, PASSING_KINDS);
    const z = passes ? x : keepsZ ? places.take(rows * layer.units) : y;
    // The dZ of a layer without weights is the dY of the layer below: one block serves both, but where somebody reads
    // dZ later.
    const sharesD = passes && i > 0 && purpose !== "trace";
    const d = !training ? 0 : sharesD ? below : places.take(rows * layer.units);
    if (layer.kind === BATCH_NORM) write(at + LAYER_STATS, places.take(5 * lanes * Math.ceil(layer.units / lanes)));
    if (layer.kind === LAYER_NORM) write(at + LAYER_STATS, places.take(2 * rows));
    write(at + LAYER_X, x);
    write(at + LAYER_Z, z);
    write(at + LAYER_Y, y);
    write(at + LAYER_D, d);
    if (measures !== undefined && training) {
      if (!(layer.kind === ACTIVATION && i > 0)) h = places.take(rows * layer.units);
      write(at + LAYER_H, h);
      write(at + LAYER_S, places.take(rows * layer.inputs));
    }
    write(at + LAYER_DX, below);
    x = y;
    below = d;
  }
}

/**
 * Rows that go through all layers before the next ones, so that what they leave fits into a core's second cache beside
 * the weights; 0 where the weights alone would fill it, or where a layer or the optimizer looks at all rows at once.
 */
export function blockRows(description: NetworkDescription, count: number, bytes: number): number {
  const { inputs, layers, optimizer } = description;
  const needsAll = optimizer.rule.measures !== undefined || layers.some(({ kind }) => isOneOf(kind, NORMALISING_KINDS));
  if (needsAll || count * bytes > MOST_NEAR_WEIGHTS) return 0;
  const row = layers.reduce((sum, { units }) => sum + 2 * units, inputs) * bytes;
  return Math.max(64, Math.floor(NEAR_ROWS / row) & ~3);
}

/**
 * Numbers that products of a layer pack into, each worker for itself: a panel of transposed weights, two panels of
 * transposed rows for the last columns, or blocks of what has long rows.
 */
export function scratchNumbers(inputs: number, units: number, bytes: number): number {
  const lanes = 16 / bytes;
  const transposed = 2 * lanes * Math.max(units + lanes, 2 * (Math.min(inputs, PACK_DEPTH) + lanes));
  const blocks = PACK_PANELS * 2 * lanes * PACK_DEPTH + PACK_ROWS * PACK_DEPTH;
  return Math.max(transposed, units * bytes >= PACK_FROM ? blocks : 0);
}
