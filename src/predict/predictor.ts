// A network that only predicts: its plan, weights and room for rows lie in the memory of a build that does nothing else.
import {
  LAYER_ACTIVATION,
  LAYER_B,
  LAYER_BYTES,
  LAYER_IN,
  LAYER_KIND,
  LAYER_MEAN,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_VARIANCE,
  LAYER_W,
  LAYER_Y,
  PLAN_BYTES,
  PLAN_FIRST,
  PLAN_INPUTS,
  PLAN_LAYERS,
  PLAN_OUTPUTS,
  PLAN_X,
} from "../../assembly/plan.ts";
import { PredictingEngine } from "../core/predicting.ts";
import type { Matrix } from "../data/data.ts";
import { type Source, copyValues, nonFinite, readMatrix } from "../data/matrix.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import { PropagoError } from "../ground/errors.ts";
import { placeBatch } from "../memory/batch.ts";
import { type SavedNetwork, readWeights } from "./saved.ts";

/** Rows that go through the network at a time. */
const CHUNK = 128;

/** Weights as `getWeights` of a network gives them. */
export type Weights = readonly {
  /** (inputs, units), row-major; of a normalisation its γ. */
  weights: ArrayLike<number>;
  /** One a unit. */
  bias?: ArrayLike<number>;
  /** Of batchNorm: one a unit. */
  mean?: ArrayLike<number>;
  /** Of batchNorm: one a unit. */
  variance?: ArrayLike<number>;
}[];

const WORDS = { weights: LAYER_W, bias: LAYER_B, mean: LAYER_MEAN, variance: LAYER_VARIANCE } as const;

/** One engine for each build. */
const engines = new Map<string, PredictingEngine>();

function engineOf(build: string, dtype: DType): PredictingEngine {
  const there = engines.get(build);
  if (there !== undefined) return there;
  const engine = new PredictingEngine(build, dtype);
  engines.set(build, engine);
  return engine;
}

/** Gives back the memory of models that nobody can reach any more. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/** A trained network that predicts. `load` makes it. */
export class Predictor {
  /** Values a sample. */
  readonly inputs: number;
  /** Values an output row. */
  readonly outputs: number;
  readonly #saved: SavedNetwork;
  readonly #engine: PredictingEngine;
  readonly #plan: number;
  /** Addresses of each layer's arrays, in the order in which they are read. */
  readonly #arrays: number[][] = [];
  #isDisposed = false;

  /** @internal */
  constructor(saved: SavedNetwork, build: string) {
    const { inputs, dtype, layers, weights } = saved;
    this.#saved = saved;
    this.inputs = inputs;
    this.outputs = layers[layers.length - 1].units;
    const engine = engineOf(build, dtype);
    this.#engine = engine;
    const records = PLAN_BYTES + layers.length * LAYER_BYTES;
    const begin = Math.ceil(records / 16) * 16;
    const sizes = weights.flat().map(({ length }) => Math.ceil((length * engine.bytes) / 16) * 16);
    const own = sizes.reduce((sum, size) => sum + size, begin);
    // The blocks of a batch are the library's own; nothing in them is for training.
    const description = {
      inputs,
      outputs: this.outputs,
      layers,
      loss: { fused: false },
      optimizer: { rule: {} },
    } as unknown as Parameters<typeof placeBatch>[0];
    const needs = { rows: CHUNK, purpose: "predict", workers: 1, bytes: engine.bytes } as const;
    const batch = placeBatch(description, needs, 0, () => {});
    const plan = engine.allocate(own + batch, "this network", own);
    this.#plan = plan;
    const view = engine.view(plan, records);
    placeBatch(description, needs, plan + own, (offset, address) => view.setUint32(offset, address, true));
    this.#write(view, plan + begin);
    this.#fill(weights);
    forgotten.register(this, () => engine.release(plan), this);
  }

  /** The outputs for each sample: rows × outputs, row by row. */
  predict(x: Matrix): FloatArray {
    return this.#run(x, [this.#saved.layers.length - 1])[0];
  }

  /** What each layer answers, in one pass: for every layer, in their order, rows × units. The last is what `predict` gives. */
  activations(x: Matrix): FloatArray[] {
    return this.#run(
      x,
      this.#saved.layers.map((_, i) => i),
    );
  }

  /**
   * Replaces all weights, as `getWeights` and `training.snapshot()` give them.
   * @throws PropagoError ERR_FORMAT for weights of another network; then nothing changes.
   */
  setWeights(weights: Weights): void {
    this.#check();
    const { layers, dtype } = this.#saved;
    this.#fill(readWeights(weights, layers, dtype));
  }

  /** Gives the memory back at once; it cannot be used afterwards. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    forgotten.unregister(this);
    this.#engine.release(this.#plan);
  }

  #check(): void {
    if (this.#isDisposed) throw new PropagoError("ERR_DISPOSED", "this network was disposed; load it again");
  }

  /** Writes the plan and the layers' records. */
  #write(view: DataView, begin: number): void {
    const { layers, inputs } = this.#saved;
    const { bytes } = this.#engine;
    view.setUint32(PLAN_LAYERS, layers.length, true);
    view.setUint32(PLAN_FIRST, this.#plan + PLAN_BYTES, true);
    view.setUint32(PLAN_INPUTS, inputs, true);
    view.setUint32(PLAN_OUTPUTS, this.outputs, true);
    let address = begin;
    for (const [i, { kind, inputs: nin, units, activation, parameter, shapes }] of layers.entries()) {
      const at = PLAN_BYTES + i * LAYER_BYTES;
      view.setUint32(at + LAYER_KIND, kind, true);
      view.setUint32(at + LAYER_IN, nin, true);
      view.setUint32(at + LAYER_OUT, units, true);
      view.setUint32(at + LAYER_ACTIVATION, activation.id, true);
      view.setFloat64(at + LAYER_PARAMETER, parameter, true);
      const own: number[] = [];
      for (const [array, length] of Object.entries(shapes)) {
        view.setUint32(at + WORDS[array as keyof typeof WORDS], address, true);
        own.push(address);
        address += Math.ceil((length * bytes) / 16) * 16;
      }
      if (own.length > 0) this.#arrays.push(own);
    }
  }

  #fill(weights: readonly FloatArray[][]): void {
    for (const [i, arrays] of weights.entries()) {
      for (const [k, values] of arrays.entries()) this.#engine.numbers(this.#arrays[i][k], values.length).set(values);
    }
  }

  /** Takes rows through the network; gives what these layers answer. */
  #run(x: Matrix, wanted: readonly number[]): FloatArray[] {
    this.#check();
    const { layers, dtype } = this.#saved;
    const engine = this.#engine;
    const plan = this.#plan;
    const source = readMatrix(x, "x", this.inputs);
    const { rows } = source;
    const answers = wanted.map((i) => {
      const size = rows * layers[i].units;
      return dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
    });
    const view = engine.view(plan, PLAN_BYTES + layers.length * LAYER_BYTES);
    const samples = view.getUint32(PLAN_X, true);
    for (let first = 0; first < rows; first += CHUNK) {
      const count = Math.min(CHUNK, rows - first);
      this.#copy(source, samples, first, count);
      engine.core.predict(plan, samples, count);
      for (const [k, i] of wanted.entries()) {
        const { units } = layers[i];
        const at = view.getUint32(PLAN_BYTES + i * LAYER_BYTES + LAYER_Y, true);
        answers[k].set(engine.numbers(at, count * units), first * units);
      }
    }
    return answers;
  }

  /** Copies rows in, in units of the network's scale. */
  #copy(source: Source, address: number, first: number, rows: number): void {
    const { heap, bytes, core } = this.#engine;
    const { inputScale } = this.#saved;
    const at = address / bytes;
    const length = rows * source.columns;
    copyValues(source, heap, at, first, rows);
    const factor = bytes === 8 ? inputScale : Math.fround(inputScale);
    if (inputScale !== 1) for (let i = at; i < at + length; i++) heap[i] *= factor;
    const bad = core.firstNonFinite(address, length);
    if (bad >= 0) throw nonFinite(source, heap.slice(at, at + length), first * source.columns + bad);
  }
}
