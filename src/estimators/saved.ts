// Writes classifiers and regressors as JSON, and checks JSON that is read back.
import { PropagoError, show } from "../ground/errors.ts";
import type { LEFT_OUT } from "../ground/marks.ts";
import type { ToJSONOptions } from "../description/options.ts";
import { copied, isArray, isPlain } from "../ground/options.ts";
import { Network } from "../network/network.ts";
import { Features } from "./features.ts";
import type { Baseline, Chosen, Estimate, EstimatorOptions } from "./options.ts";
import { TargetScaling } from "./targets.ts";
import type { DType } from "../ground/arrays.ts";

/** A network of a model, with what it needs around it. */
export interface Member {
  network: Network<DType>;
  features: Features;
  /** How targets are scaled. Only a regressor has it. */
  targets?: TargetScaling;
  /** Its share of the model's answer; all shares sum to 1. */
  weight: number;
}

/** The errors of the predictions of one target. */
export interface Residuals {
  /** Targets minus predictions, ascending. */
  sorted: number[];
  /** If given, the differences are between logarithms, and this was added to targets and predictions before. */
  log?: number;
  /** No target was below 0, so no interval reaches below. */
  isPositive?: true;
}

/** The rows that were left out in turn, and what was answered for them by networks that had not seen them. */
export interface LeftOut {
  /** How many rows were given to `fit`. */
  given: number;
  /** A few of them, to recognise them by: their numbers, and their inputs one behind the other. */
  known: { rows: number[]; inputs: number[] };
  /** The numbers of the rows that were left out, among those that were given. */
  rows: number[];
  /** The mix's answer for each of them, rows × outputs. */
  answers: Float64Array;
  /** The fold in which each of them was left out. */
  folds: Int32Array;
  /** For each fold the networks that had not seen it, with their shares; only where somebody asked to keep them. */
  members?: Member[][];
}

/** What the search for a model found out. */
export interface Found {
  [LEFT_OUT]?: LeftOut;
  chosen?: Chosen;
  estimate?: Estimate;
  baseline?: Baseline;
  heldBack?: readonly number[];
  /** The probability from which on the second of two classes is the answer. 0.5 if nothing was optimised. */
  threshold?: number;
  /** What reads other tables, of a model that has learnt from a table: checked when a table is read. */
  table?: unknown;
  /** For each target, how far predictions of rows that were left out were off. */
  residuals?: readonly Residuals[];
}

/** The newest version that this package reads. 1: one network. 2: several, with curves of single columns. */
const VERSION = 2;

/** The parts of the JSON that both kinds write. */
export function describeMembers(
  kind: string,
  options: EstimatorOptions,
  members: readonly Member[],
  found: Found | undefined,
  toJSON: ToJSONOptions | string,
) {
  return {
    format: formatOf(kind),
    version: VERSION,
    options,
    members: members.map(({ network, features, targets, weight }) => ({
      weight,
      scaling: features.toJSON(),
      ...(targets ? { targetScaling: targets.toJSON() } : {}),
      network: network.toJSON(toJSON),
    })),
    ...(found ? { found: copied(found) } : {}),
  };
}

/**
 * The parts of a saved estimator, as far as both kinds have them.
 * @throws PropagoError ERR_FORMAT for anything that `toJSON` would not have written.
 */
export function readSaved(json: unknown, kind: string) {
  if (!isPlain(json)) throw new PropagoError("ERR_FORMAT", `a saved ${kind} must be an object, got ${show(json)}`);
  const saved = json;
  const { format, version } = saved;
  if (format !== formatOf(kind)) {
    throw new PropagoError("ERR_FORMAT", `format must be "${formatOf(kind)}", got ${show(format)}`);
  }
  if (version !== 1 && version !== VERSION) {
    const newer = typeof version === "number" && version > VERSION ? "made by a newer version: " : "";
    throw new PropagoError("ERR_FORMAT", `${newer}version ${show(version)}, this reads up to ${VERSION}`);
  }
  const list = version === 1 ? [{ ...saved, weight: 1 }] : saved.members;
  if (!isArray(list) || list.length === 0) {
    throw new PropagoError("ERR_FORMAT", `members must be an array of networks, got ${show(list)}`);
  }
  return { saved, list, options: saved.options as EstimatorOptions, found: readFound(saved.found) };
}

/** Makes the estimator that options were saved of. @throws PropagoError ERR_FORMAT for options that it does not take. */
export function remade<E>(make: () => E): E {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof PropagoError)) throw cause;
    throw new PropagoError("ERR_FORMAT", `saved options cannot be read: ${cause.message}`, { cause });
  }
}

/** Makes the networks of a saved estimator. If one cannot be read, the others are disposed of. */
export function readMembers(list: readonly unknown[], isScaled: boolean): Member[] {
  const members: Member[] = [];
  try {
    for (const entry of list) {
      const fields = isPlain(entry) ? entry : {};
      const { weight, network: json } = fields;
      if (typeof weight !== "number" || !(weight > 0 && weight <= 1)) {
        throw new PropagoError("ERR_FORMAT", `weight must be in (0, 1], got ${show(weight)}`);
      }
      const network = Network.fromJSON(json);
      members.push({ network, weight } as Member);
      const member = members[members.length - 1];
      member.features = Features.fromJSON(fields.scaling, network.inputs);
      if (isScaled) member.targets = TargetScaling.fromJSON(fields.targetScaling, network.outputs);
      const [first] = members;
      if (network.outputs !== first.network.outputs || member.features.columns !== first.features.columns) {
        throw new PropagoError("ERR_FORMAT", "networks of one model must be of one shape");
      }
    }
    const sum = members.reduce((total, { weight }) => total + weight, 0);
    if (!(Math.abs(sum - 1) < 1e-6))
      throw new PropagoError("ERR_FORMAT", `weights of members must sum to 1, got ${sum}`);
    return members;
  } catch (error) {
    for (const { network } of members) network.dispose();
    throw error;
  }
}

/** Reads what the search found out, and checks its figures. Residuals are checked when intervals need them. */
function readFound(json: unknown): Found | undefined {
  const found = copied(json) as Found | undefined;
  if (found === undefined) return found;
  const threshold = isPlain(found) ? Number(found.threshold ?? 0.5) : NaN;
  if (threshold >= 0 && threshold <= 1 && areFigures(found, "", 6)) return found;
  throw new PropagoError(
    "ERR_FORMAT",
    "found.threshold must be in [0, 1], and all else that was found must be figures",
  );
}

/** Whether a value contains only numbers and booleans (and texts, where expected), and is not nested too deeply. */
function areFigures(value: unknown, key: string, depth: number): boolean {
  if (key === "table") return true;
  if (/^(effort|by|name|description)$/.test(key)) return typeof value === "string";
  if (value === null || /^(number|boolean|undefined)$/.test(typeof value)) return true;
  if (depth === 0 || !(isArray(value) || isPlain(value))) return false;
  return Object.entries(value).every(([name, one]) => areFigures(one, name, depth - 1));
}

function formatOf(kind: string): string {
  return `propago-${kind}`;
}
