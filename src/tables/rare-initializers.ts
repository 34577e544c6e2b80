// The initialisers that most networks do without: they come with the part "complete".
import { readName } from "../ground/options.ts";
import { root } from "../ground/powers.ts";
import type { FloatArray } from "../ground/arrays.ts";
import { type Distribution, normalOf, uniform, uniformOf } from "./distributions.ts";
import type { InitializerRow } from "./initializers.ts";

const MODES = ["fanIn", "fanOut", "fanAvg"] as const;
const DISTRIBUTIONS = ["truncatedNormal", "untruncatedNormal", "uniform"] as const;
type Scaling = { scale: number; mode: (typeof MODES)[number]; distribution: (typeof DISTRIBUTIONS)[number] };

export const RARE_INITIALIZERS = {
  // What Keras's VarianceScaling does, which all of the above are cases of.
  varianceScaling: {
    options: {
      /** The variance times the fan. Default 1. */
      scale: { kind: "number", above: 0, default: 1 },
      /** The fan: inputs ("fanIn"), units ("fanOut"), or their mean. Default "fanIn". */
      mode: {
        kind: "other",
        default: "fanIn",
        read: (value: unknown, where: string) => readName(value, where, MODES, "mode"),
      },
      /** What is drawn from. Default "truncatedNormal". */
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
  // The bends of tanh units spread over inputs in -1..1 (Nguyen and Widrow 1990): norm 0.7 units^(1 / inputs).
  nguyenWidrow: {
    withBiases: true,
    draw(inputs, units, _options, isBias) {
      const norm = 0.7 * root(units, inputs);
      return isBias ? uniform(norm) : directions(norm);
    },
  },
  // Saxe and others 2014.
  orthogonal: {
    weightsOnly: true,
    options: {
      /** What the orthogonal matrix is multiplied by. Default 1. */
      gain: { kind: "number", above: 0, default: 1 },
    },
    draw: (_inputs, _units, { gain }: { gain: number }) => orthogonal(gain),
  },
  // Mishkin and Matas 2016: orthogonal at first; what follows needs data and is src/memory/lsuv.ts's.
  lsuv: { weightsOnly: true, draw: () => orthogonal(1) },
} as const satisfies Record<string, InitializerRow>;

/** Directions at random; each unit's weights have this norm. */
function directions(norm: number): Distribution {
  return {
    kind: "arranged",
    from: uniform(1),
    arrange: (W, rows, columns) => makeVectors(W, columns, rows, 1, columns, norm, false),
  };
}

/** Columns, or where there are fewer rows, rows, at right angles to each other and with this norm. */
function orthogonal(norm: number): Distribution {
  return {
    kind: "arranged",
    from: normalOf(1, false),
    arrange(W, rows, columns) {
      if (rows < columns) makeVectors(W, rows, columns, columns, 1, norm, true);
      else makeVectors(W, columns, rows, 1, columns, norm, true);
    },
  };
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
