// First weights: drawing them from what initializers.ts describes, and scaling them to data where they want that.
import { LAYER_Z, STREAM_INIT } from "../../assembly/plan.ts";
import type { Engine } from "../core/engine.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isScaledToData } from "../tables/initializers.ts";
import { type Distribution } from "../tables/distributions.ts";
import type { Layout } from "./layout.ts";
import type { Dataset } from "./samples.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Rows of the data that weights are scaled to. */
const MOST_ROWS = 1024;
/** What weights are divided by where their weighted inputs are beyond all numbers. */
const LARGE = 2 ** 64;

/**
 * Draws the first weights: each tensor from a random stream of its own, so that the size of one layer does not change the
 * weights of another.
 * @throws PropagoError ERR_CONFIG where the initializer's numbers are too large for the precision.
 */
export function drawFirstWeights(layout: Layout, { layers, seed, dtype }: NetworkDescription): void {
  const { engine, tensors, paramsAddress } = layout;
  const state = engine.allocate(16, "the random generator");
  for (const tensor of tensors) {
    const { units } = layers[tensor.layer];
    const address = paramsAddress + tensor.start * engine.bytes;
    const counter = 2 * tensor.layer + (tensor.kind === "weights" ? 0 : 1);
    draw(engine, state, seed, counter, address, tensor.length / units, units, tensor.draw);
  }
  engine.release(state);
  const bad = engine.core.firstNonFinite(paramsAddress, layout.count);
  if (bad < 0) return;
  const tensor = tensors.find(({ start, length }) => start <= bad && bad < start + length);
  const { name } = layers[tensor?.layer ?? 0];
  throw new PropagoError("ERR_CONFIG", `first weights of layer ${show(name)} overflow ${dtype}; give smaller numbers`);
}

/** Draws rows × columns numbers at an address; `state` holds 16 bytes, `counter` names the stream of this tensor. */
function draw(
  engine: Engine,
  state: number,
  seed: number,
  counter: number,
  address: number,
  rows: number,
  columns: number,
  distribution: Distribution,
): void {
  const { core } = engine;
  const n = rows * columns;
  const uniform = (low: number, high: number): void =>
    core.uniform(state, seed, STREAM_INIT, counter, address, n, low, high);
  const normal = (mean: number, deviation: number, reach: number): void =>
    core.normal(state, seed, STREAM_INIT, counter, address, n, mean, deviation, reach);
  const { kind } = distribution;
  if (kind === "constant") engine.numbers(address, n).fill(distribution.value);
  else if (kind === "uniform") uniform(distribution.low, distribution.high);
  else if (kind === "normal") normal(distribution.mean, distribution.deviation, distribution.reach);
  else if (kind === "directions") {
    uniform(-1, 1);
    makeVectors(engine.numbers(address, n), columns, rows, 1, columns, distribution.norm, false);
  } else if (kind === "orthogonal") {
    normal(0, 1, Infinity);
    const W = engine.numbers(address, n);
    if (rows < columns) makeVectors(W, rows, columns, columns, 1, distribution.norm, true);
    else makeVectors(W, columns, rows, 1, columns, distribution.norm, true);
  }
}

/**
 * Gives each of `count` vectors in W, whose first numbers lie `stride` apart and whose own numbers lie `step` apart, the
 * norm asked for; at right angles to those before it, if so asked (Gram and Schmidt). Of normal numbers that makes every
 * set of directions equally likely. In float64, where it loses no more than the numbers' closeness to dependence.
 */
function makeVectors(
  W: FloatArray,
  count: number,
  length: number,
  stride: number,
  step: number,
  norm: number,
  orthogonal: boolean,
): void {
  const vectors: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const v = Float64Array.from({ length }, (_, i) => W[k * stride + i * step]);
    if (orthogonal) {
      for (const u of vectors) {
        const along = dot(u, v);
        for (let i = 0; i < length; i++) v[i] -= along * u[i];
      }
      vectors.push(v);
    }
    const size = Math.sqrt(dot(v, v));
    for (let i = 0; i < length; i++) {
      v[i] /= size;
      W[k * stride + i * step] = norm * v[i];
    }
  }
}

function dot(u: Float64Array, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < u.length; i++) sum += u[i] * v[i];
  return sum;
}

/** Whether there are layers that want their first weights scaled to data. */
export function wantsData({ layers }: NetworkDescription): boolean {
  return layers.some(({ spec }) => spec.type === "dense" && isScaledToData(spec.init));
}

/**
 * Scales the weights of such layers, from the first to the last, until the variance of their weighted inputs is 1 over
 * (at most 1,024 of) the listed rows of the samples, or the first so many. This is the layer-sequential part of Mishkin and
 * Matas 2016.
 * @throws PropagoError ERR_RANGE where samples are so small or so large that no finite weights do; then none has changed.
 */
export function scaleToData(
  layout: Layout,
  { layers }: NetworkDescription,
  dataset: Dataset,
  list: Uint32Array | number,
): void {
  const { engine } = layout;
  const { isBusy } = layout;
  const before = layout.params().slice();
  const [block, rows] = dataset.gather(list, MOST_ROWS);
  // Blocks may change here: nothing of a training is under way yet.
  layout.unpin();
  try {
    const plan = layout.prepare(rows, "trace");
    for (const tensor of layout.tensors) {
      const { spec, units } = layers[tensor.layer];
      if (tensor.kind !== "weights" || spec.type !== "dense" || !isScaledToData(spec.init)) continue;
      scaleTensor(engine, layout, tensor, layers[tensor.layer], () => {
        engine.core.predict(plan, block, rows, 1);
        return deviation(engine.numbers(layout.layerAddress(tensor.layer, LAYER_Z), rows * units));
      });
    }
    layout.prepare(1, "predict");
  } catch (error) {
    layout.params().set(before);
    throw error;
  } finally {
    if (isBusy) layout.pin();
    engine.release(block);
  }
}

/** Scales one layer's weights, until the deviation that `measure` finds of its weighted inputs is 1. */
function scaleTensor(
  engine: Engine,
  layout: Layout,
  { start, length }: Layout["tensors"][number],
  { name }: NetworkDescription["layers"][number],
  measure: () => number,
): void {
  // Weighted inputs are linear in the weights: more than once is for biases other than 0, and for what overflows.
  for (let attempt = 0; attempt < 20; attempt++) {
    const found = measure();
    if (found === 0 || Math.abs(found - 1) < 1e-3) return;
    const factor = Number.isFinite(found) ? found : LARGE;
    const W = layout.params().subarray(start, start + length);
    for (let i = 0; i < W.length; i++) W[i] /= factor;
    if (engine.core.firstNonFinite(layout.paramsAddress, layout.count) < 0) continue;
    throw new PropagoError(
      "ERR_RANGE",
      `init "lsuv": what comes into layer "${name}" is so small (its weighted inputs deviate by ${found.toPrecision(2)}) ` +
        `that weights for a variance of 1 are beyond ${engine.dtype}; scale x to about -1..1`,
    );
  }
}

/** The standard deviation. */
function deviation(values: FloatArray): number {
  const plain = scaledDeviation(values, 1);
  if (plain > 1e-140 && plain < 1e140) return plain;
  // Squares overflowed or vanished: of numbers divided by the largest of them they do not.
  const largest = (values as Float64Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest > 0 && largest < Infinity ? scaledDeviation(values, largest) * largest : largest;
}

/** That of the values divided by a number. */
function scaledDeviation(values: FloatArray, by: number): number {
  let mean = 0;
  for (const value of values) mean += value / by;
  mean /= values.length;
  let sum = 0;
  for (const value of values) sum += (value / by - mean) * (value / by - mean);
  return Math.sqrt(sum / values.length);
}
