// The initialisers by name: from which distribution first weights are drawn. Drawing them is
// weights.ts's.
import { type OptionTable, readName, readNamed } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import { root } from "../ground/powers.ts";
import type { Distribution } from "./distributions.ts";

interface InitializerRow {
  options?: OptionTable;
  /** It is for weights only. */
  weightsOnly?: true;
  /** Of a layer whose weights are drawn so, biases are too, unless others are asked for. */
  withBiases?: true;
  /** What to draw from, for a layer with so many inputs and units. */
  draw(inputs: number, units: number, options: never, isBias: boolean): Distribution;
}

/** The deviation of a standard normal distribution that ends at ±2. */
const TRUNCATED = 0.87962566103423978;

function uniform(limit: number): Distribution {
  return { kind: "uniform", low: -limit, high: limit };
}

/** Of uniform numbers with the given variance: ±√(3 · variance). */
function uniformOf(variance: number): Distribution {
  return uniform(Math.sqrt(3 * variance));
}

/** Cut off at two deviations, where asked for: those before the cut, which leaves the given variance, as Keras has it. */
function normalOf(variance: number, truncated: boolean): Distribution {
  const deviation = Math.sqrt(variance) / (truncated ? TRUNCATED : 1);
  return { kind: "normal", mean: 0, deviation, reach: truncated ? 2 * deviation : Infinity };
}

const any = { kind: "number" } as const;
const spread = { mean: { ...any, default: 0 }, deviation: { kind: "number", default: 0.05, least: 0 } } as const;
const cut = { truncated: { kind: "flag", default: false } } as const;
type Cut = { truncated: boolean };
type Spread = { mean: number; deviation: number };

const MODES = ["fanIn", "fanOut", "fanAvg"] as const;
const DISTRIBUTIONS = ["truncatedNormal", "untruncatedNormal", "uniform"] as const;
type Scaling = { scale: number; mode: (typeof MODES)[number]; distribution: (typeof DISTRIBUTIONS)[number] };

/** Variances: glorot 2 / (inputs + units), he 2 / inputs, lecun 1 / inputs (Glorot 2010, He 2015, LeCun 1998). */
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
  // What Keras's VarianceScaling does, which all of the above are cases of.
  varianceScaling: {
    options: {
      scale: { kind: "number", above: 0, default: 1 },
      mode: {
        kind: "other",
        default: "fanIn",
        read: (value: unknown, where: string) => readName(value, where, MODES, "mode"),
      },
      distribution: {
        kind: "other",
        default: "truncatedNormal",
        read: (value: unknown, where: string) => readName(value, where, DISTRIBUTIONS, "distribution"),
      },
    },
    draw(inputs, units, { scale, mode, distribution }: Scaling) {
      const fan = mode === "fanIn" ? inputs : mode === "fanOut" ? units : (inputs + units) / 2;
      if (distribution === "uniform") return uniformOf(scale / fan);
      return normalOf(scale / fan, distribution === "truncatedNormal");
    },
  },
  // As PyTorch's nn.Linear begins, biases included.
  pytorch: { withBiases: true, draw: (inputs) => uniform(1 / Math.sqrt(inputs)) },
  // The bends of tanh units spread over inputs in -1..1 (Nguyen and Widrow 1990): norm 0.7 units^(1 / inputs).
  nguyenWidrow: {
    withBiases: true,
    draw(inputs, units, _options, isBias) {
      const norm = 0.7 * root(units, inputs);
      return isBias ? uniform(norm) : { kind: "directions", norm };
    },
  },
  // Saxe and others 2014.
  orthogonal: {
    weightsOnly: true,
    options: { gain: { kind: "number", above: 0, default: 1 } },
    draw: (_inputs, _units, { gain }: { gain: number }) => ({ kind: "orthogonal", norm: gain }),
  },
  // Mishkin and Matas 2016: orthogonal at first; what follows needs data and is scaleToData's.
  lsuv: { weightsOnly: true, draw: () => ({ kind: "orthogonal", norm: 1 }) },
  uniform: {
    options: { low: { ...any, default: -0.05 }, high: { ...any, default: 0.05 } },
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
    options: { value: { ...any, default: 0 } },
    draw: (_inputs, _units, { value }: { value: number }) => ({ kind: "constant", value }),
  },
} as const satisfies Record<string, InitializerRow>;

export type InitializerName = keyof typeof INITIALIZERS;

type OptionsOf<N extends InitializerName> = (typeof INITIALIZERS)[N] extends { options: infer O } ? O : unknown;
type Value<R> = R extends { kind: "flag" } ? boolean : R extends { read(...given: never): infer V } ? V : number;

/** An initialiser by name, or with its numbers. */
export type InitializerSpec =
  | InitializerName
  | { [N in InitializerName]: { name: N } & { [K in keyof OptionsOf<N>]?: Value<OptionsOf<N>[K]> } }[InitializerName];

/** The distribution of the first weights, or biases, that a description asks for. */
export function readInitializer(
  value: unknown,
  where: string,
  inputs: number,
  units: number,
  isBias = false,
): Distribution {
  const { name, options } = readNamed(value, where, "initializer", INITIALIZERS);
  const row = INITIALIZERS[name] as InitializerRow;
  if (isBias && row.weightsOnly) {
    throw new PropagoError("ERR_CONFIG", `${where}: ${name} is for weights; biases may begin as "zeros"`);
  }
  const distribution = row.draw(inputs, units, options as never, isBias);
  if (distribution.kind === "uniform" && distribution.low > distribution.high) {
    throw new PropagoError("ERR_CONFIG", `${where}: low (${distribution.low}) is above high (${distribution.high})`);
  }
  return distribution;
}

/** The name of the initialiser that a description asks for. */
function nameOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? (value as { name?: unknown }).name : value;
}

/** How biases begin where nobody says so, beneath weights that begin as `init` says. */
export function biasInitOf(init: unknown): InitializerName {
  const name = nameOf(init) as InitializerName;
  return (INITIALIZERS[name] as InitializerRow | undefined)?.withBiases ? name : "zeros";
}

/** Whether first weights are to be scaled once data is seen. */
export function isScaledToData(init: unknown): boolean {
  return nameOf(init) === "lsuv";
}
