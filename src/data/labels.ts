// Class labels: from what users call their classes to 0, 1, 2, … and back. Nothing here knows networks or files.
import { PropagoError, cut, show } from "../ground/errors.ts";
import { isArray } from "../ground/options.ts";

/** What may name a class. One model's labels are all of one kind. */
export type Label = string | number | boolean;

/** One label a sample. */
export type Labels = ArrayLike<Label>;

type Kind = "string" | "number" | "boolean";

/** How many classes a message names before it says "…". */
const NAMED = 10;

/** Learns the classes in labels and numbers them in a stable order: numbers ascending, strings by code point, false before true. */
export class LabelEncoder {
  readonly classes: readonly Label[];

  /**
   * @param labels the labels to learn, in any order and as often as they occur; no class may be missing.
   * @param what how messages call them.
   * @throws PropagoError ERR_DATA for an empty list, mixed kinds, or values that name no class.
   */
  constructor(labels: Labels, what = "labels") {
    if (labels.length === 0) throw new PropagoError("ERR_DATA", `${what} is empty; need one label for each row`);
    let kind: Kind | undefined;
    const seen = new Set<Label>();
    for (let i = 0; i < labels.length; i++) {
      const label = checkLabel(labels[i], i, what);
      kind ??= typeof label as Kind;
      if (typeof label !== kind) {
        const advice = "use one kind of label throughout";
        const first = `${what}[0] is ${show(labels[0])}`;
        throw new PropagoError(
          "ERR_DATA",
          `${what}[${i}] is ${show(label)}, a ${typeof label}, but ${first}; ${advice}`,
        );
      }
      seen.add(label);
    }
    this.classes = [...seen].sort(kind === "string" ? byCodePoint : (a, b) => Number(a) - Number(b));
  }

  /** Gives back the labels of such numbers. */
  decode(indices: ArrayLike<number>): Label[] {
    return Array.from(indices, (index) => this.classes[index]);
  }

  toJSON(): Label[] {
    return [...this.classes];
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave. */
  static fromJSON(json: unknown): LabelEncoder {
    try {
      if (!isArray(json)) throw new PropagoError("ERR_DATA", `labels must be an array, got ${show(json)}`);
      const encoder = new LabelEncoder(json as Label[]);
      if (encoder.classes.some((label, i) => label !== json[i]) || encoder.classes.length !== json.length) {
        throw new PropagoError("ERR_DATA", "labels must be sorted and without repetition");
      }
      return encoder;
    } catch (error) {
      throw new PropagoError("ERR_FORMAT", (error as Error).message, { cause: error });
    }
  }
}

/** The first few classes, as they stand in messages. */
export function listed(classes: readonly Label[]): string {
  const names = classes
    .slice(0, NAMED)
    .map((label) => cut(String(label)))
    .join(", ");
  return classes.length > NAMED ? `${names}, … ${classes.length} in all` : names;
}

/** JavaScript's own order compares halves of surrogate pairs; this one compares characters, as other languages do. */
export function byCodePoint(a: Label, b: Label): number {
  const left = String(a);
  const right = String(b);
  let i = 0;
  while (i < left.length && left[i] === right[i]) i++;
  if (i === left.length || i === right.length) return left.length - right.length;
  return (left.codePointAt(i) ?? 0) - (right.codePointAt(i) ?? 0);
}

/** -0 and 0 are one class. */
export function normal(label: Label): Label {
  return label === 0 ? 0 : label;
}

/** @throws PropagoError for what names no class. */
export function checkLabel(label: unknown, i: number, what: string): Label {
  if (typeof label === "string" || typeof label === "boolean") return label;
  if (typeof label === "number" && Number.isSafeInteger(label)) return normal(label);
  const advice = "classes are named by strings, integers or booleans; for numbers to be predicted use a Regressor";
  const value = `${what}[${i}] is ${show(label)}`;
  if (typeof label === "number" && !Number.isFinite(label)) {
    throw new PropagoError("ERR_NONFINITE", `${value}, which names no class; ${advice}`);
  }
  throw new PropagoError("ERR_DATA", `${value}, which is not a class label: ${advice}`);
}
