// Weights as users get and give them: copies by layer, and the checks on what is to replace them.
import type { DType, FloatArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readObject } from "../ground/options.ts";

import type { Tensor, LayerWeights, LayerWeightsInput } from "../memory/tensors.ts";
import type { Model } from "../memory/model.ts";

/** Copies a flat block, of parameters or of their gradients, into layers. Statistics have no gradients. */
export function copyByLayer<A extends FloatArray>(
  { layout }: Model,
  block: A,
  areGradients = false,
): LayerWeights<A>[] {
  const out = new Map<number, LayerWeights<A>>();
  for (const { layer, kind, start, length } of layout.tensors) {
    if (areGradients && (kind === "mean" || kind === "variance")) continue;
    const values = block.slice(start, start + length);
    out.set(layer, { ...out.get(layer), [kind]: values } as LayerWeights<A>);
  }
  return [...out.values()];
}

/**
 * Reads weights as `setWeights` takes them, all before any is written.
 * @throws PropagoError ERR_SHAPE, ERR_DATA, ERR_NONFINITE, ERR_RANGE
 */
export function readWeights(
  { description, layout }: Model,
  given: readonly LayerWeightsInput[],
): [Tensor, ArrayLike<number>][] {
  const layers = description.layers.filter((layer) => layer.weightRows > 0);
  if (!Array.isArray(given) || given.length !== layers.length) {
    const got = Array.isArray(given) ? `${given.length} entries` : show(given);
    throw new PropagoError(
      "ERR_SHAPE",
      `setWeights takes one entry for each of ${layers.length} layers with weights, got ${got}`,
    );
  }
  const values: [Tensor, ArrayLike<number>][] = [];
  let index = -1;
  for (const tensor of layout.tensors) {
    if (tensor.kind === "weights") index++;
    const { name, bias, statistics } = layers[index];
    const keys = ["weights", "bias", ...(statistics ? (["mean", "variance"] as const) : [])] as const;
    const entry = readObject(given[index], `weights of layer "${name}"`, keys);
    const { kind, rows, columns } = tensor;
    const what = `${kind} of layer "${name}"`;
    const numbers = readTensor(entry[kind], what, rows, columns, description.dtype);
    const bad = kind === "variance" ? Array.from(numbers).findIndex((value) => value < 0) : -1;
    if (bad >= 0) {
      throw new PropagoError("ERR_RANGE", `${what}[${bad}] is ${numbers[bad]}; a variance is at least 0`);
    }
    values.push([tensor, numbers]);
    if (entry.bias !== undefined && !bias) {
      throw new PropagoError("ERR_SHAPE", `layer "${name}" has no bias, but setWeights got one`);
    }
  }
  return values;
}

/** One tensor's numbers: flat, or in rows; finite in the network's precision. */
function readTensor(value: unknown, what: string, rows: number, columns: number, dtype: DType): ArrayLike<number> {
  const shape = rows === 1 ? `${columns}` : `${rows}×${columns}`;
  if (value === undefined) throw new PropagoError("ERR_SHAPE", `${what} is missing; expected ${shape} numbers`);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) {
    throw new PropagoError("ERR_DATA", `${what} is ${show(value)}; expected ${shape} numbers`);
  }
  const isNested =
    Array.isArray(value) && value.length > 0 && (Array.isArray(value[0]) || ArrayBuffer.isView(value[0]));
  if (isNested) {
    const lines = value as (ArrayLike<number> | null | undefined)[];
    const ragged = lines.findIndex((line) => line?.length !== columns);
    if (lines.length !== rows || ragged >= 0) {
      const got =
        ragged >= 0 ? `row ${ragged} has ${lines[ragged]?.length ?? "no"} values` : `it has ${lines.length} rows`;
      throw new PropagoError("ERR_SHAPE", `${what} must be ${shape} (inputs × units), but ${got}`);
    }
  }
  const flat = (isNested ? (value as number[][]).flatMap((line) => Array.from(line)) : value) as ArrayLike<unknown>;
  if (flat.length !== rows * columns) {
    throw new PropagoError("ERR_SHAPE", `${what} has ${flat.length} numbers, expected ${shape}`);
  }
  const narrow = dtype === "float32";
  for (let i = 0; i < flat.length; i++) {
    const number = flat[i];
    if (typeof number === "number" && Number.isFinite(narrow ? Math.fround(number) : number)) continue;
    throw new PropagoError("ERR_NONFINITE", `${what}[${i}] is ${show(number)}; expected a finite ${dtype} number`);
  }
  return flat as ArrayLike<number>;
}
