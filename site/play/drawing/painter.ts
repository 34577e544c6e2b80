// What each unit of a network answers all over the plane. It has networks of its own, which are given the weights of the
// moment: so nothing that is drawn waits for the training, or makes it wait.
import { Network } from "propago";
import "propago/diagnosis";
import { columnsOf, REACH } from "../model/data.ts";
import { describe } from "../model/network.ts";
import { type Run } from "../model/run.ts";
import { type Feature } from "../model/setup.ts";

type Weights = ReturnType<Network["getWeights"]>;

/** The centres of side × side cells, from the upper left on. */
export function gridOf(side: number, features: readonly Feature[]): Float32Array {
  const xy = new Float32Array(2 * side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      xy[2 * (row * side + column)] = ((column + 0.5) / side) * 2 * REACH - REACH;
      xy[2 * (row * side + column) + 1] = REACH - ((row + 0.5) / side) * 2 * REACH;
    }
  }
  return columnsOf(xy, features);
}

/** How the numbers of one layer are brought to −1 … 1. */
interface Span {
  scale: number;
  shift: number;
}

const SPANS: Readonly<Record<string, Span>> = {
  tanh: { scale: 1, shift: 0 },
  hardTanh: { scale: 1, shift: 0 },
  softsign: { scale: 1, shift: 0 },
  sine: { scale: 1, shift: 0 },
  sigmoid: { scale: 2, shift: -1 },
  hardSigmoid: { scale: 2, shift: -1 },
  gaussian: { scale: 2, shift: -1 },
  softmax: { scale: 2, shift: -1 },
};

export interface Answers {
  /** One row a cell, one column a unit. */
  values: Float32Array;
  units: number;
  span: Span | undefined;
}

export class Painter {
  readonly features: readonly Feature[];
  /** As the run's, without what matters in training alone. */
  readonly #network: Network;
  readonly #activations: string[];
  readonly #units: number[];
  readonly #grids = new Map<number, Float32Array>();
  #weights: Weights;

  constructor(run: Run) {
    const { inputs, layers: all, loss } = describe(run.setup, run.data);
    const layers = all.filter((layer) => layer.type === "dense") as readonly { units: number; activation?: unknown }[];
    this.features = run.setup.features;
    this.#activations = layers.map(({ activation }) => String(activation));
    this.#units = layers.map(({ units }) => units);
    this.#network = new Network({ inputs, inputScale: 0.5, loss, layers: layers as typeof all });
    this.#weights = run.network.getWeights();
    this.take(this.#weights);
  }

  get depth(): number {
    return this.#units.length;
  }

  /** The weights that are drawn from now on. */
  take(weights: Weights): void {
    this.#weights = weights;
    this.#network.setWeights(weights);
  }

  get weights(): Weights {
    return this.#weights;
  }

  #grid(side: number): Float32Array {
    let grid = this.#grids.get(side);
    if (grid === undefined) this.#grids.set(side, (grid = gridOf(side, this.features)));
    return grid;
  }

  /** What the units of all layers answer on a grid; the last layer is the output. */
  layers(side: number): Answers[] {
    const all = this.#network.activations(this.#grid(side));
    return all.map((values, k) => ({ values, units: this.#units[k], span: SPANS[this.#activations[k]] }));
  }

  /** The same of one layer. */
  layer(index: number, side: number): Answers {
    if (index < this.depth - 1) return this.layers(side)[index];
    const values = this.#network.predict(this.#grid(side));
    return { values, units: this.#network.outputs, span: SPANS[this.#activations[index]] };
  }

  /** The outputs for columns of features. */
  outputs(x: Float32Array): Float32Array {
    return this.#network.predict(x);
  }

  dispose(): void {
    this.#network.dispose();
  }
}

/** The span of one unit: the layer's, or what brings its largest number to 1. */
export function spanOf({ values, units, span }: Answers, unit: number): Span {
  if (span !== undefined) return span;
  let largest = 1e-6;
  for (let k = unit; k < values.length; k += units) {
    const size = Math.abs(values[k]);
    if (size > largest) largest = size;
  }
  return { scale: 1 / largest, shift: 0 };
}
