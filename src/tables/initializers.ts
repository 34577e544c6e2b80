// The initialisers by name: from which distribution first weights are drawn. Drawing them is
// weights.ts's.
import type { OptionTable } from "../ground/options.ts";
import { type Distribution, normalOf, uniform, uniformOf } from "./distributions.ts";

export interface InitializerRow {
  options?: OptionTable;
  /** It is for weights only. */
  weightsOnly?: true;
  /** Of a layer whose weights are drawn so, biases are too, unless others are asked for. */
  withBiases?: true;
  /** What to draw from, for a layer with so many inputs and units. */
  draw(inputs: number, units: number, options: never, isBias: boolean): Distribution;
}

const any = { kind: "number" } as const;
/** The options of normal distributions. */
const spread = {
  /** Their mean. Default 0. */
  mean: { ...any, default: 0 },
  /** Their standard deviation. Default 0.05. */
  deviation: { kind: "number", default: 0.05, least: 0 },
} as const;
const cut = {
  /** Whether nothing is drawn beyond two standard deviations. Default false. */
  truncated: { kind: "flag", default: false },
} as const;
type Cut = { truncated: boolean };
type Spread = { mean: number; deviation: number };

/** What most networks use; rare-initializers.ts has the others. Variances: glorot 2 / (inputs + units), he 2 / inputs, lecun 1 / inputs (Glorot 2010, He 2015, LeCun 1998). */
export const INITIALIZERS = {
  glorotUniform: { draw: (inputs, units) => uniformOf(2 / (inputs + units)) },
  glorotNormal: {
    options: cut,
    draw: (inputs, units, { truncated }: Cut) => normalOf(2 / (inputs + units), truncated),
  },
  heUniform: { draw: (inputs) => uniformOf(2 / inputs) },
  heNormal: { options: cut, draw: (inputs, _units, { truncated }: Cut) => normalOf(2 / inputs, truncated) },
  lecunUniform: { draw: (inputs) => uniformOf(1 / inputs) },
  lecunNormal: { options: cut, draw: (inputs, _units, { truncated }: Cut) => normalOf(1 / inputs, truncated) },
  // As PyTorch's nn.Linear begins, biases included.
  pytorch: { withBiases: true, draw: (inputs) => uniform(1 / Math.sqrt(inputs)) },
  uniform: {
    options: {
      /** The lower end. Default −0.05. */
      low: { ...any, default: -0.05 },
      /** The upper end. Default 0.05. */
      high: { ...any, default: 0.05 },
    },
    draw: (_inputs, _units, { low, high }: { low: number; high: number }) => ({ kind: "uniform", low, high }),
  },
  normal: {
    options: spread,
    draw: (_inputs, _units, options: Spread) => ({ kind: "normal", ...options, reach: Infinity }),
  },
  // Nothing beyond two deviations, which makes the deviation of what is left 0.88 of the one given, as in Keras.
  truncatedNormal: {
    options: spread,
    draw: (_inputs, _units, options: Spread) => ({ kind: "normal", ...options, reach: 2 * options.deviation }),
  },
  zeros: { draw: () => ({ kind: "constant", value: 0 }) },
  ones: { draw: () => ({ kind: "constant", value: 1 }) },
  constant: {
    options: {
      /** What all of them are. Default 0. */
      value: { ...any, default: 0 },
    },
    draw: (_inputs, _units, { value }: { value: number }) => ({ kind: "constant", value }),
  },
} as const satisfies Record<string, InitializerRow>;
