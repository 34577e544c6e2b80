// What each unit of a network answers all over the plane. It has networks of its own, which are given the weights of the
// moment: so nothing that is drawn waits for the training, or makes it wait.
import { Network } from "propago";
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
  /** Of each layer: the network up to it. */
  readonly #prefixes: Network[];
  readonly #activations: string[];
  readonly #grids = new Map<number, Float32Array>();
  #weights: Weights = [];

  constructor(run: Run) {
    const description = describe({ ...run.setup, l1: 0, l2: 0 }, run.data);
    this.features = run.setup.features;
    const layers = description.layers.filter((layer) => layer.type === "dense");
    this.#activations = layers.map((layer) => String((layer as { activation?: unknown }).activation));
    this.#prefixes = layers.map(
      (_, k) => new Network({ inputs: description.inputs, inputScale: 0.5, layers: layers.slice(0, k + 1) }),
    );
    this.take(run.network.getWeights());
  }

  get depth(): number {
    return this.#prefixes.length;
  }

  /** The weights that are drawn from now on. */
  take(weights: Weights): void {
    this.#weights = weights;
    this.#prefixes.forEach((network, k) => network.setWeights(weights.slice(0, k + 1)));
  }

  get weights(): Weights {
    return this.#weights;
  }

  #grid(side: number): Float32Array {
    let grid = this.#grids.get(side);
    if (grid === undefined) this.#grids.set(side, (grid = gridOf(side, this.features)));
    return grid;
  }

  /** What the units of a layer answer on a grid; the last is the output. */
  layer(index: number, side: number): Answers {
    const network = this.#prefixes[index];
    const values = network.predict(this.#grid(side));
    return { values, units: network.outputs, span: SPANS[this.#activations[index]] };
  }

  /** The outputs for columns of features. */
  outputs(x: Float32Array): Float32Array {
    return this.#prefixes[this.#prefixes.length - 1].predict(x);
  }

  dispose(): void {
    for (const network of this.#prefixes) network.dispose();
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
