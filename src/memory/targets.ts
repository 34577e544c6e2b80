// Users' targets: read as a matrix or as labels, copied into the core's memory, and checked against the loss.
import type { Engine } from "../core/engine.ts";
import { type Source, readFlat, readShape, readTyped } from "../data/matrix.ts";
import type { Targets } from "../data/data.ts";
import { lengthOf } from "../data/typed.ts";
import type { FloatArray, NumericArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray } from "../ground/options.ts";
import type { Loss } from "../tables/losses.ts";

/** Labels: one class a row. */
export interface LabelSource {
  name: string;
  labels: NumericArray | readonly unknown[];
}

/** Reads targets: a matrix with `outputs` columns, or one label (or, for a single output, one target) a row. */
export function readTargets(value: Targets, name: string, x: Source, outputs: number): Source | LabelSource {
  const typed = readTyped(value, name);
  const { rows } = x;
  const list = isArray(value) && !isRow(value[0]) ? value : undefined;
  const flat = typed ?? list;
  const length = typed ? lengthOf(typed) : (list?.length ?? 0);
  if (flat && length !== rows && length !== rows * outputs) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${x.name} has ${rows} rows, ${name} has ${length} values; expected ` +
        (outputs === 1 ? "one target a row" : `one label a row, or ${rows}×${outputs} targets`),
    );
  }
  let targets: Source | LabelSource;
  if (flat && outputs > 1 && length === rows) {
    targets = { name, labels: typed ?? Array.from({ length }, (_, row) => list?.[row]) };
  } else if (flat) {
    const data = typed ?? readFlat(flat as unknown[], name, rows, outputs);
    targets = { name, rows, columns: outputs, data };
  } else {
    targets = readShape(value, name, outputs);
  }
  const got = "labels" in targets ? length : targets.rows;
  if (got !== rows) {
    throw new PropagoError("ERR_SHAPE", `${x.name} has ${rows} rows, ${name} has ${got}; each sample needs its target`);
  }
  return targets;
}

function isRow(value: unknown): boolean {
  return isArray(value) || ArrayBuffer.isView(value);
}

/** Copies labels to an address, each checked: a whole number below `outputs`. */
export function copyLabels(
  engine: Engine,
  { name, labels }: LabelSource,
  address: number,
  rows: number,
  outputs: number,
): void {
  const to = engine.words(address, rows);
  for (let row = 0; row < rows; row++) {
    const label: unknown = labels[row];
    if (typeof label === "number" && Number.isInteger(label) && label >= 0 && label < outputs) {
      to[row] = label;
      continue;
    }
    const at = `${name}[row ${row}]`;
    if (typeof label === "number" && Number.isNaN(label)) {
      throw new PropagoError("ERR_NONFINITE", `${at} is NaN, expected a class label 0..${outputs - 1}`);
    }
    if (typeof label === "number" && !Number.isInteger(label)) {
      throw new PropagoError(
        "ERR_DATA",
        `${at} = ${label} is not a class label; pass integers 0..${outputs - 1}, or one row of ${outputs} targets a sample`,
      );
    }
    const hint = typeof label === "string" ? "; a Classifier takes names" : "";
    throw new PropagoError("ERR_DATA", `${at} is ${show(label)}, expected a class label 0..${outputs - 1}${hint}`);
  }
}

/** What a loss's targets are, each by itself: a test, the words for it, and what to do about others. */
const TARGETS = {
  unit: [(value: number) => value >= 0 && value <= 1, "0..1", "give 0 and 1"],
  probabilities: [(value: number) => value >= 0 && value <= 1, "0..1", "give 0 and 1"],
  counts: [(value: number) => value >= 0, "0 or more", "leave such rows out"],
  signs: [(value: number) => value === 1 || value === -1, "-1 or 1", "give -1 for one class and 1 for the other"],
} as const;

/** Refuses targets that the loss has no meaning for. */
export function checkTargets(targets: FloatArray, name: string, outputs: number, loss: Loss): void {
  const kind = loss.targets;
  if (kind === "any") return;
  const [fits, expected, advice] = TARGETS[kind];
  for (let i = 0; i < targets.length; i++) {
    const value = targets[i];
    if (fits(value)) continue;
    const row = Math.floor(i / outputs);
    const at = outputs === 1 ? `${name}[row ${row}]` : `${name}[row ${row}, column ${i % outputs}]`;
    const classes = outputs === 1 && expected === "0..1" ? countClasses(targets) : 0;
    const hint =
      classes > 2
        ? `${name} has ${classes} classes but the output layer has 1 unit: give it ${classes} units and softmax`
        : `${advice}, or choose another loss`;
    throw new PropagoError("ERR_DATA", `${at} is ${value}, loss "${loss.name}" expects ${expected}; ${hint}`);
  }
  if (kind !== "probabilities") return;
  for (let row = 0; row * outputs < targets.length; row++) {
    let sum = 0;
    for (let o = 0; o < outputs; o++) sum += targets[row * outputs + o];
    if (sum > 0.999 && sum < 1.001) continue;
    if (outputs === 1) {
      const advice = "give it a unit for each class, or use one unit with sigmoid for two classes";
      throw new PropagoError(
        "ERR_DATA",
        `${name}[row ${row}] is ${sum}, but a softmax of 1 unit is always 1: ${advice}`,
      );
    }
    throw new PropagoError(
      "ERR_DATA",
      `${name} row ${row} sums to ${Number(sum.toPrecision(4))}; one-hot rows or probabilities that sum to 1 are expected`,
    );
  }
}

function countClasses(values: FloatArray): number {
  const seen = new Set<number>();
  for (const value of values) {
    if (!Number.isInteger(value)) return 0;
    seen.add(value);
    if (seen.size > 1000) return 0;
  }
  return seen.size;
}

/** For each output Σ (t − mean t)² over some rows: the denominator of r2. */
export function spreadOf(
  { t, labels }: { t?: FloatArray; labels?: Uint32Array },
  outputs: number,
  rows: Uint32Array,
): Float64Array {
  const target = (row: number, o: number): number => (t ? t[row * outputs + o] : Number(labels?.[row] === o));
  const spread = new Float64Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let mean = 0;
    for (let i = 0; i < rows.length; i++) mean += (target(rows[i], o) - mean) / (i + 1);
    for (const row of rows) {
      const distance = target(row, o) - mean;
      spread[o] += distance * distance;
    }
  }
  return spread;
}
