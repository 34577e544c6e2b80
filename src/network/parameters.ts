// Weights as users get and give them: copies by layer, and the checks on what is to replace them.
import type { DType, FloatArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readTyped } from "../data/matrix.ts";
import { isArray, readObject } from "../ground/options.ts";
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
): [Tensor, FloatArray][] {
  const layers = description.layers.filter((layer) => layer.weightRows > 0);
  if (!isArray(given) || given.length !== layers.length) {
    const got = isArray(given) ? `${given.length} entries` : show(given);
    throw new PropagoError(
      "ERR_SHAPE",
      `setWeights takes one entry for each of ${layers.length} layers with weights, got ${got}`,
    );
  }
  const values: [Tensor, FloatArray][] = [];
  let index = -1;
  for (const tensor of layout.tensors) {
    if (tensor.kind === "weights") index++;
    const { name, bias, statistics } = layers[index];
    const keys = ["weights", "bias", ...(statistics ? (["mean", "variance"] as const) : [])] as const;
    const entry = readObject(given[index], `weights of layer ${show(name)}`, keys);
    const { kind, rows, columns } = tensor;
    const what = `${kind} of layer ${show(name)}`;
    const numbers = readTensor(entry[kind], what, rows, columns, description.dtype);
    const bad = kind === "variance" ? (numbers as Float64Array).findIndex((value) => value < 0) : -1;
    if (bad >= 0) {
      throw new PropagoError("ERR_RANGE", `${what}[${bad}] is ${numbers[bad]}; a variance is at least 0`);
    }
    values.push([tensor, numbers]);
    if (entry.bias !== undefined && !bias) {
      throw new PropagoError("ERR_SHAPE", `layer ${show(name)} has no bias, but setWeights got one`);
    }
  }
  return values;
}

/** One tensor's numbers: flat, or in rows; finite in the network's precision. Copied, since a getter may change them. */
function readTensor(value: unknown, what: string, rows: number, columns: number, dtype: DType): FloatArray {
  const shape = rows === 1 ? `${columns}` : `${rows}×${columns}`;
  const count = rows * columns;
  if (value === undefined) throw new PropagoError("ERR_SHAPE", `${what} is missing; expected ${shape} numbers`);
  const typed = readTyped(value, what);
  if (!isArray(value) && !typed) {
    throw new PropagoError("ERR_DATA", `${what} is ${show(value)}; expected ${shape} numbers`);
  }
  const list = typed ?? (value as readonly unknown[]);
  const isNested = isLine(list[0]);
  const { length } = list;
  if (length !== (isNested ? rows : count)) {
    throw new PropagoError(
      "ERR_SHAPE",
      isNested
        ? `${what} must be ${shape} (inputs × units), but it has ${length} rows`
        : `${what} has ${length} numbers, expected ${shape}`,
    );
  }
  const numbers = dtype === "float32" ? new Float32Array(count) : new Float64Array(count);
  for (let row = 0, i = 0; i < count; row++) {
    const line: unknown = isNested ? list[row] : list;
    const width = isLine(line) ? line.length : "no";
    if (isNested && width !== columns) {
      throw new PropagoError(
        "ERR_SHAPE",
        `${what} must be ${shape} (inputs × units), but row ${row} has ${width} values`,
      );
    }
    const end = isNested ? i + columns : count;
    for (let k = 0; i < end; k++, i++) {
      const number = (line as readonly unknown[])[k];
      if (typeof number === "number") numbers[i] = number;
      if (typeof number === "number" && Number.isFinite(numbers[i])) continue;
      throw new PropagoError("ERR_NONFINITE", `${what}[${i}] is ${show(number)}; expected a finite ${dtype} number`);
    }
  }
  return numbers;
}

function isLine(value: unknown): value is ArrayLike<unknown> {
  return isArray(value) || ArrayBuffer.isView(value);
}
