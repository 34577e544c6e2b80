// Reads what a Classifier or Regressor is to learn from or to be measured by: rows, labels or targets, validation data.
import { isArray, isPlain, readFields, readObject } from "../ground/options.ts";
import { PropagoError, UNSEEN, show } from "../ground/errors.ts";
import { LabelEncoder, checkLabel, listed, normal } from "../data/labels.ts";
import type { Label, Labels } from "../data/labels.ts";
import { readRows } from "../data/rows.ts";
import type { Rows } from "../data/scaling.ts";
import type { Matrix, SampleWeights, Targets } from "../data/data.ts";
import { TABLES } from "../data/tabular.ts";
import type { Job, Learner } from "../estimators/job.ts";
import type { Kind } from "../estimators/kind.ts";
import type { EstimatorFitOptions } from "../estimators/options.ts";
import { FIT_KEYS } from "../training/options.ts";

/** How targets are read. Y is the type of the user's targets. A Codec translates them to numbers. */
interface Reading<Y, Codec> {
  /** The name of the targets in messages. */
  targets: "labels" | "targets";
  /** Targets that are plain arrays, each read once; `prefix` stands before their name in messages. */
  copy: (y: Y, prefix?: string) => Y;
  /** The number of rows, if the form of the targets shows it. */
  rowsOf: (y: Y) => number | undefined;
  /** Learns how to translate targets of so many rows; `classes` are those that will ever come. */
  learn: (y: Y, rows: number, classes?: Labels) => Codec;
  /** Targets as numbers: the numbers themselves, or the numbers of their classes. */
  encode: (codec: Codec, y: Y, rows: number, prefix?: string) => Rows;
  /** All classes. Empty if targets are numbers. */
  classes: (codec: Codec) => readonly Label[];
  /** How many outputs a network has. */
  outputs: (codec: Codec) => number;
}

const CLASSIFIER: Reading<Labels, LabelEncoder> = {
  targets: "labels",
  copy: (labels, prefix = "") => listOf(labels, `${prefix}labels`),
  rowsOf: ({ length }) => length,
  learn: (labels, _, classes) => new LabelEncoder(classes ?? labels, classes ? "classes" : "labels"),
  encode(codec, labels, rows, prefix = "") {
    return { data: Float64Array.from(encodeLabels(codec, labels, `${prefix}labels`)), rows, columns: 1 };
  },
  classes: ({ classes }) => classes,
  // Two classes share an output.
  outputs: ({ classes }) => (classes.length === 2 ? 1 : classes.length),
};

/** The codec is how many numbers a row has. */
const REGRESSOR: Reading<Targets, number> = {
  targets: "targets",
  copy: (targets) => targets,
  rowsOf(targets) {
    if (isArray(targets)) return targets.length;
    if (ArrayBuffer.isView(targets)) return undefined;
    if (typeof targets === "object" && show(targets) !== UNSEEN && "shape" in (targets ?? {})) {
      const { shape } = targets as { shape: unknown };
      return isArray(shape) ? (shape[0] as number) : undefined;
    }
    throw new PropagoError(
      "ERR_DATA",
      `targets is ${show(targets)}; expected one number, or a row of them, for each row`,
    );
  },
  learn(targets, rows) {
    const { columns } = readTargets(targets, rows);
    if (!ArrayBuffer.isView(targets) || columns === 1) return columns;
    const advice = `pass { data, shape: [${rows}, ${columns}] } if each row has ${columns}`;
    throw new PropagoError("ERR_SHAPE", `targets has ${rows * columns} numbers for ${rows} rows; ${advice}`);
  },
  encode(codec, targets, rows, prefix = "") {
    const read = readTargets(targets, rows, prefix);
    if (read.columns === codec) return read;
    const expected = `the model was built for ${codec}`;
    throw new PropagoError("ERR_SHAPE", `${prefix}targets has ${read.columns} numbers a row, ${expected}`);
  },
  classes: () => [],
  outputs: (codec) => codec,
};

/** A learner hands its own targets and codec in, so that its name tells the types of both. */
const READINGS = { classifier: CLASSIFIER, regressor: REGRESSOR } as Readonly<
  Record<Kind["name"], Reading<unknown, unknown>>
>;

/** Null has none, and of other objects it may be anything. */
function lengthOf(labels: Labels | null): unknown {
  try {
    return labels?.length;
  } catch {
    return undefined; // a proxy of a typed array
  }
}

/** Labels in an array of our own, each read once. */
function listOf(labels: Labels, what: string): Label[] {
  if (typeof labels === "object" && show(labels) !== UNSEEN) {
    const length = lengthOf(labels);
    if (typeof length === "number" && length >= 0 && length < 2 ** 32 && Number.isInteger(length)) {
      if (length > 0) checkLabel(labels[length - 1], length - 1, what); // of an array of holes none is read
      return Array.from({ length }, (_, i) => labels[i]);
    }
  }
  throw new PropagoError("ERR_DATA", `${what} is ${show(labels)}; expected an array with one label for each row`);
}

/**
 * Gives the number of each label's class.
 * @throws PropagoError ERR_DATA for a label that was not among those learnt.
 */
export function encodeLabels({ classes }: LabelEncoder, labels: Labels, what = "labels"): Int32Array {
  const indices = new Map(classes.map((label, index) => [label, index]));
  return Int32Array.from(labels, (label, i) => {
    const index = indices.get(normal(label));
    if (index !== undefined) return index;
    checkLabel(label, i, what);
    throw new PropagoError("ERR_DATA", `${what}[${i}]=${show(label)} was not seen in training (${listed(classes)})`);
  });
}

/** Targets as rows: a plain array of numbers is one column. */
function readTargets(targets: Targets, rows: number, prefix = ""): Rows {
  const isFlat = isArray(targets) && !isArray(targets[0]) && !ArrayBuffer.isView(targets[0]);
  const matrix = isFlat ? { data: targets as readonly number[], shape: [rows, 1] } : (targets as Matrix);
  return readRows(matrix, `${prefix}targets`, { rows });
}

/** Reads rows of inputs: as many as there are targets. */
function readInputs(
  { rowsOf, targets }: Reading<unknown, unknown>,
  x: Matrix,
  y: unknown,
  columns?: number,
  prefix = "",
): Rows {
  const what = `${prefix}x`;
  const count = rowsOf(y);
  // Where x and y are both flat arrays, y is one number a row.
  const known = count ?? (ArrayBuffer.isView(y) ? (y as unknown as Float64Array).length : undefined);
  const rows = readRows(x, what, columns === undefined ? { rows: known } : { columns });
  if (count !== undefined && count !== rows.rows) {
    throw new PropagoError("ERR_SHAPE", `${what} has ${rows.rows} rows, ${prefix}${targets} has ${count}`);
  }
  return rows;
}

/** Reads data to learn from, or to be measured by; `classes` are all that there will ever be. */
export function readJob(learner: Learner, x: Matrix, y: unknown, options: Job["fit"], classes?: Labels): Job {
  const table = TABLES.get(x);
  if (table) {
    // Of a table, what follows are options; targets are a column of it.
    if (learner.codec === undefined) return readFit(learner, x, y, {});
    const known = table.known(learner.table);
    return readJob(learner, known.x, known.y, options);
  }
  const { name, metric, given, make, columns } = learner;
  const reading = READINGS[name];
  if (y === undefined && isPlain(x) && !("shape" in x)) {
    const { targets } = reading;
    throw new PropagoError(
      "ERR_DATA",
      `x and ${targets} are two arguments, as in fit(x, ${targets}, options), got one object`,
    );
  }
  const own = reading.copy(y);
  const rows = readInputs(reading, x, own, columns);
  const known = classes && listOf(classes, "classes");
  const codec = learner.codec ?? reading.learn(own, rows.rows, known);
  return {
    metric,
    given,
    fit: options,
    x: rows,
    targets: reading.encode(codec, own, rows.rows),
    classes: reading.classes(codec),
    outputs: reading.outputs(codec),
    make,
    codec,
  };
}

/** The same for `fit`: options and validation data too. */
export function readFit(learner: Learner, x: Matrix, y: unknown, options: EstimatorFitOptions<unknown>): Job {
  const table = TABLES.get(x);
  if (table) {
    const { record, options: rest, ...samples } = table.samples(y, learner.name);
    const other = TABLES.get(rest.validation as object);
    const own = other ? { ...rest, validation: other.known(record) } : rest;
    return { ...readFit(learner, samples.x, samples.y, own), table: record };
  }
  const given = readObject(options, "fit options", [...FIT_KEYS, "restarts", "onSearch"]) as Job["fit"];
  const job = readJob(learner, x, y, given);
  const { validation } = given;
  if (typeof validation === "object" && (validation as unknown) !== null) {
    const reading = READINGS[learner.name];
    const fields = readFields(validation, "validation", ["x", "y", "sampleWeights"]);
    const other = reading.copy(fields.y, "validation.");
    const rows = readInputs(reading, fields.x as Matrix, other, job.x.columns, "validation.");
    const targets = reading.encode(job.codec, other, rows.rows, "validation.");
    job.judge = { x: rows, targets, sampleWeights: fields.sampleWeights as SampleWeights | undefined };
  }
  return job;
}
