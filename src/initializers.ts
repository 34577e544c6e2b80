// The initialisers by name: from which distribution first weights are drawn. The drawing is the core's
// (assembly/random.ts).
import { type OptionTable, type OptionValues, readNamed } from "./check.ts";
import { PropagoError } from "./errors.ts";

/**
 * How first values come about: the same everywhere, uniform in [low, high), normal; or, for biases, whatever makes the
 * weighted inputs 0 where all inputs have one value.
 */
export type Distribution =
  | { kind: "constant"; value: number }
  | { kind: "balance"; input: number }
  | { kind: "uniform"; low: number; high: number }
  | { kind: "normal"; mean: number; deviation: number };

interface InitializerRow {
  options?: OptionTable;
  /** What to draw from, for a layer with so many inputs and units. */
  draw(inputs: number, units: number, options: OptionValues): Distribution;
}

/** Uniform numbers with the given variance: in ±√(3 · variance). */
function uniform(variance: number): Distribution {
  const limit = Math.sqrt(3 * variance);
  return { kind: "uniform", low: -limit, high: limit };
}

function normal(variance: number): Distribution {
  return { kind: "normal", mean: 0, deviation: Math.sqrt(variance) };
}

const any = { kind: "number" } as const;

/** Variances: glorot 2 / (inputs + units), he 2 / inputs, lecun 1 / inputs (Glorot 2010, He 2015, LeCun 1998). */
export const INITIALIZERS = {
  glorotUniform: { draw: (inputs, units) => uniform(2 / (inputs + units)) },
  glorotNormal: { draw: (inputs, units) => normal(2 / (inputs + units)) },
  heUniform: { draw: (inputs) => uniform(2 / inputs) },
  heNormal: { draw: (inputs) => normal(2 / inputs) },
  lecunUniform: { draw: (inputs) => uniform(1 / inputs) },
  lecunNormal: { draw: (inputs) => normal(1 / inputs) },
  uniform: {
    options: { low: { ...any, default: -0.05 }, high: { ...any, default: 0.05 } },
    draw: (_inputs, _units, { low, high }) => ({ kind: "uniform", low: low as number, high: high as number }),
  },
  normal: {
    options: { mean: { ...any, default: 0 }, deviation: { kind: "number", default: 0.05, least: 0 } },
    draw: (_inputs, _units, { mean, deviation }) => ({
      kind: "normal",
      mean: mean as number,
      deviation: deviation as number,
    }),
  },
  zeros: { draw: () => ({ kind: "constant", value: 0 }) },
  ones: { draw: () => ({ kind: "constant", value: 1 }) },
  constant: {
    options: { value: { ...any, default: 0 } },
    draw: (_inputs, _units, { value }) => ({ kind: "constant", value: value as number }),
  },
} as const satisfies Record<string, InitializerRow>;

export type InitializerName = keyof typeof INITIALIZERS;

/** An initialiser by name, or with its numbers. */
export type InitializerSpec =
  | InitializerName
  | { name: "uniform"; low?: number; high?: number }
  | { name: "normal"; mean?: number; deviation?: number }
  | { name: "constant"; value?: number };

export function readInitializer(value: unknown, where: string, inputs: number, units: number): Distribution {
  const { name, options } = readNamed(value, where, "initializer", INITIALIZERS);
  const distribution = (INITIALIZERS[name] as InitializerRow).draw(inputs, units, options);
  if (distribution.kind === "uniform" && distribution.low > distribution.high) {
    throw new PropagoError("ERR_CONFIG", `${where}: low (${distribution.low}) is above high (${distribution.high})`);
  }
  return distribution;
}
