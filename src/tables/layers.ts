// The layers that have neither units of their own nor an activation: their options, and what these make of a layer. Here is
// what most networks use, and what all rows have in common; the others are rare-layers.ts's.
import { DROPOUT } from "../../assembly/plan.ts";
import { type OptionTable, type OptionValues, REQUIRED } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import type { Distribution } from "./distributions.ts";

/** Which of a layer's parameters training may change. */
export type Trainable = boolean | "weights" | "bias";

/** What a layer computes with. A layer without weights has only the first. */
export interface LayerParameters {
  /** The number that the core needs: the activation's, a rate, a deviation, an ε. */
  parameter: number;
  /** Rows of the weights, each of so many as there are units; 0 for a layer without weights. */
  weightRows: number;
  bias: boolean;
  /** Distributions of the first weights and biases. */
  init: Distribution;
  biasInit: Distribution;
  trainWeights: boolean;
  trainBias: boolean;
  /** Of batchNorm: the weight of a batch in the running statistics, and whether these follow at all. */
  statistics?: { follow: number; unbiased: boolean; trained: boolean };
}

export interface LayerRow {
  kind: number;
  /** Options beside the name. */
  options: OptionTable;
  /** Defaults of flavor "keras" where they differ. */
  keras?: Readonly<Record<string, number>>;
  /** What its options make of it, where that differs from a layer without weights. */
  read(
    options: OptionValues,
    given: ReadonlySet<string>,
  ): Pick<LayerParameters, "parameter"> & Partial<LayerParameters>;
}

export const rate = { kind: "number", least: 0, below: 1, default: REQUIRED } as const;

/** A layer whose one number is the one that the core needs. */
export const disturbing: LayerRow["read"] = (options) => ({
  parameter: Object.values(options)[0] as number,
});

export const LAYERS = {
  dropout: { kind: DROPOUT, options: { rate }, read: disturbing },
} as const satisfies Record<string, LayerRow>;

export function readTrainable(value: unknown, where: string): Trainable {
  if (value === true || value === false || value === "weights" || value === "bias") return value;
  throw new PropagoError("ERR_CONFIG", `${where} must be true, false, "weights" or "bias", got ${show(value)}`);
}
