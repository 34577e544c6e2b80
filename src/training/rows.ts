// The rows of a training: read from what users pass, split into those that are trained on and those that are held back.
import { STREAM_SPLIT } from "../../assembly/plan.ts";
import type { Data, Matrix, Targets } from "../data/data.ts";
import { readMatrix } from "../data/matrix.ts";
import { readSampleWeights } from "../data/weighting.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, readFields } from "../ground/options.ts";
import type { Model } from "../memory/model.ts";
import { Dataset, type Late, type Rows } from "../memory/samples.ts";
import { readTargets } from "../memory/targets.ts";
import type { FitSettings } from "./options.ts";

/**
 * Reads `{ x, y, sampleWeights }` into the core's memory. In messages `owner` stands before the names, as in
 * "validation.x". Weights come with x and y, or apart.
 */
export function readData(
  { description, engine }: Model,
  data: unknown,
  owner = "",
  apart?: unknown,
  late?: Late[],
): Dataset {
  if (typeof data !== "object" || data === null || isArray(data) || ArrayBuffer.isView(data)) {
    throw new PropagoError("ERR_DATA", `${owner || "data"} is ${show(data)}; pass { x, y }, samples and their targets`);
  }
  const { x, y, sampleWeights } = readFields(data, owner || "data", ["x", "y", "sampleWeights"]) as Partial<Data>;
  if (apart !== undefined && sampleWeights !== undefined) {
    throw new PropagoError("ERR_CONFIG", "sampleWeights stand both in the data and in the options; give them once");
  }
  const given = apart === undefined ? sampleWeights : apart;
  const before = owner === "" ? "" : `${owner}.`;
  for (const [name, value] of Object.entries({ x, y })) {
    if (value === undefined) throw new PropagoError("ERR_DATA", `${before}${name} is missing: pass { x, y }`);
  }
  const { inputs, outputs } = description;
  const samples = readMatrix(x as Matrix, `${before}x`, inputs);
  const targets = readTargets(y as Targets, `${before}y`, samples, outputs);
  const weights = given === undefined ? undefined : readSampleWeights(given, `${before}sampleWeights`, samples.rows);
  return new Dataset(engine, samples, targets, description, weights, late);
}

/** A training in slices; a promise among them is to be awaited. */
export type Slices = Generator<Promise<void> | undefined, void>;

/** Rows that come in pieces, of which some at a time lie in memory (streams.ts). */
export interface Stream {
  /** Updates of the epoch before those that are made on what is in memory now. */
  readonly batches: number;
  /** What is in memory now, and how many rows that is; for the loop, once the first of them are there. */
  open(settings: FitSettings): TrainingRows;
  /** Brings in what is trained on next, where that is not there yet; gives how many updates that makes. */
  next(): Generator<Promise<void>, number>;
  /** Takes note of a stage that was trained on; gives the number of epochs that are complete with it. */
  count(completed: number): number;
}

/** What a training trains on, and what it is judged by after each epoch. */
export interface TrainingRows {
  dataset: Dataset;
  /** The rows that are trained on, where that is not all of them. */
  trained: Uint32Array | undefined;
  /** How many are trained on. */
  count: number;
  validation: Rows | undefined;
}

/** Reads, splits and weighs the rows of a training; each block is attached to the model's layout as soon as it is made. */
export function readRows(model: Model, data: Data, settings: FitSettings, late?: Late[]): TrainingRows {
  const { attachments } = model.layout;
  const { validation: asked } = settings;
  const dataset = readData(model, data, "", settings.sampleWeights, late);
  attachments.add(dataset);
  let trained: Uint32Array | undefined;
  let held: Uint32Array | undefined;
  if (typeof asked === "number") [trained, held] = split(model, dataset.rows, asked);
  const classWeights = dataset.classWeights(settings.classWeights, trained);
  dataset.weigh(classWeights, trained);
  let validation: Rows | undefined;
  if (trained !== undefined && held !== undefined) {
    validation = dataset.share(held);
    attachments.add(validation);
    dataset.restrict(trained);
  } else if (asked !== undefined) {
    const unseen = readData(model, asked, "validation", undefined, late);
    validation = unseen.all();
    attachments.add(validation);
    unseen.weigh(classWeights);
  }
  return { dataset, trained, count: trained?.length ?? dataset.rows, validation };
}

/** Deals rows into those to train on and a part to hold back, both in the order in which they lie. */
function split({ engine, description }: Model, rows: number, part: number): [Uint32Array, Uint32Array] {
  const held = Math.max(1, Math.round(rows * part));
  if (held >= rows) {
    throw new PropagoError(
      "ERR_CONFIG",
      `validation ${part} leaves ${rows - held} of ${rows} rows for training; hold back less, or pass data of its own`,
    );
  }
  const block = engine.allocate(rows * 4 + 16, "splitting the rows");
  const list = engine.words(block + 16, rows);
  for (let i = 0; i < rows; i++) list[i] = i;
  engine.core.permute(block, description.seed, STREAM_SPLIT, 0, block + 16, rows);
  const result: [Uint32Array, Uint32Array] = [list.slice(held).sort(), list.slice(0, held).sort()];
  engine.release(block);
  return result;
}
