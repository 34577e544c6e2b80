// What a workload is, without the rows of the tables: so that a page can have the baseline too.

export type Activation = "sigmoid" | "tanh" | "relu" | "softmax";

export interface Workload {
  name: string;
  inputs: number;
  layers: readonly { units: number; activation: Activation }[];
  /** ½ Σ (a − y)²; after a softmax −Σ y log a; after sigmoids −Σ [y log a + (1 − y) log(1 − a)]. */
  loss: "squaredError" | "categoricalCrossEntropy" | "sigmoidCrossEntropy";
  optimizer: { name: "sgd" | "adam"; learningRate: number };
  batchSize: number;
  /** Passes over the rows in one measured call. */
  epochs: number;
  rows: number;
  /** (rows, inputs) */
  x: Float32Array;
  /** (rows, outputs): targets, one-hot for classes */
  y: Float32Array;
  /** The seed of the first weights, for contestants that take one. */
  seed?: number;
}

/** Units of the last layer. */
export function outputsOf({ layers }: Pick<Workload, "layers">): number {
  return layers[layers.length - 1].units;
}

/**
 * Floating-point operations that training needs for a sample: twice the multiply-adds of the products X W, Xᵀ dZ and, from
 * the second layer on, dZ Wᵀ. Activations, losses and updates are not counted.
 */
export function flopsOf({ inputs, layers }: Pick<Workload, "inputs" | "layers">): number {
  let multiplyAdds = 0;
  layers.forEach(({ units }, l) => {
    multiplyAdds += (l === 0 ? 2 * inputs : 3 * layers[l - 1].units) * units;
  });
  return 2 * multiplyAdds;
}

/** The network as one line, as in "64-30-10 sigmoid". Equal layers in a row are counted: "(64 × 8)". */
export function networkOf({ inputs, layers }: Pick<Workload, "inputs" | "layers">): string {
  const sizes: string[] = [`${inputs}`];
  for (let l = 0; l < layers.length;) {
    let same = 1;
    while (l + same < layers.length - 1 && layers[l + same].units === layers[l].units) same++;
    sizes.push(same > 2 ? `(${layers[l].units} × ${same})` : Array<number>(same).fill(layers[l].units).join("-"));
    l += same;
  }
  return `${sizes.join("-")} ${[...new Set(layers.map(({ activation }) => activation))].join(", ")}`;
}

/** A small generator of uniform numbers in [0, 1), so that made-up rows are the same in every run (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
