// Reads the optimizer of a network: its hyperparameters, with defaults filled in.
import { PYTORCH, KERAS } from "../../assembly/plan.ts";
import type { OptimizerName, OptimizerSpec } from "../tables/names.ts";
import { type Schedule, readSchedule } from "./schedule.ts";
import { type Rule, type Averaging, OPTIMIZERS, type OptimizerRow, COMMON } from "../tables/optimizers.ts";
import { Part } from "../ground/parts.ts";
import { withRareRows } from "../tables/rare.ts";
import { nameOf, readNamed, type OptionValues } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import type { LayerDescription } from "./layer.ts";
import type { Loss } from "../tables/losses.ts";

const FLAVORS = { pytorch: PYTORCH, keras: KERAS } as const;

export interface Optimizer {
  name: OptimizerName;
  /** The rate, or the first one of the schedule. */
  learningRate: number;
  schedule?: Schedule;
  rule: Rule;
  search?: true;
  /** The hyperparameters by name, defaults filled in. */
  options: Readonly<Record<string, number>>;
  weightDecay: number;
  clipNorm: number;
  clipValue: number;
  /** PYTORCH or KERAS. */
  flavor: number;
  accumulate: number;
  averaging?: Required<Averaging>;
  spec: OptimizerSpec;
}

/** What is known of optimizers that search, and of those that cannot train every network. */
export interface RareOptimizer {
  readSearching(value: unknown, name: OptimizerName): Optimizer;
  checkOptimizer(optimizer: Optimizer, layers: readonly LayerDescription[], loss: Loss): void;
  refuseBatches(name: string, given: { batchSize?: unknown; shuffle?: unknown }): void;
}

export const RARE_OPTIMIZER = new Part<RareOptimizer>("complete");

/**
 * The optimizer of a network with so many parameters. Without any given it is adam at a rate of 0.1 / √parameters,
 * kept within [0.001, 0.03]: small networks, which have few ways to lower a loss, need and bear larger steps.
 */
export function readOptimizer(value: unknown, parameters: number): Optimizer {
  const named = nameOf(value);
  const rows = withRareRows("optimizer", OPTIMIZERS, named);
  if (typeof named === "string" && Object.hasOwn(rows, named) && rows[named].search) {
    return RARE_OPTIMIZER.need(`optimizer "${named}"`).readSearching(value, named as OptimizerName);
  }
  const { chosen, changing } = withoutSchedule(value, parameters);
  const read = readNamed(chosen, "optimizer", "optimizer", rows, COMMON);
  const name = read.name as OptimizerName;
  const row = rows[name];
  const options = read.options as Record<string, number>;
  checkRefused(name, row, options);
  // The paper's rule of thumb, parameters / 10, takes thousands of updates to fade in all but small networks.
  if ("slowStart" in options && !read.given.has("slowStart")) options.slowStart = Math.max(2, Math.sqrt(parameters));
  const flavor = (read.options as { flavor?: unknown }).flavor as keyof typeof FLAVORS;
  if (flavor === "keras") {
    if (row.keras === undefined) {
      throw new PropagoError("ERR_CONFIG", `optimizer.flavor: Keras has no ${name}; leave flavor out`);
    }
    for (const [key, value] of Object.entries(row.keras)) if (!read.given.has(key)) options[key] = value;
  }
  checkTogether(options);
  const { learningRate, weightDecay, clipNorm, clipValue, accumulate } = options;
  const schedule = changing === undefined ? undefined : readSchedule(changing, "optimizer.learningRate", learningRate);
  const first = schedule?.rate(0, 1) ?? learningRate;
  // What nobody asked for is not said: that nothing is clipped has no value that may be given.
  const given = Object.fromEntries(
    Object.entries(options as OptionValues).filter(
      ([key, value]) =>
        key === "weightDecay" || !(key in COMMON && value === COMMON[key as keyof typeof COMMON].default),
    ),
  );
  return {
    name,
    learningRate: first,
    schedule,
    rule: row.rule(options),
    options,
    weightDecay,
    clipNorm,
    clipValue,
    flavor: FLAVORS[flavor],
    accumulate,
    averaging: (read.options as { averaging?: unknown }).averaging as Optimizer["averaging"],
    // In place of a function, what JSON can hold: its first rate.
    spec: { name, ...given, learningRate: schedule?.spec ?? (first || learningRate) },
  };
}

/** What was chosen, without its schedule if it has one: what is left is a table of numbers. */
function withoutSchedule(value: unknown, parameters: number): { chosen: unknown; changing?: unknown } {
  if (value === undefined) {
    const rate = 0.1 / Math.sqrt(Math.max(1, parameters));
    return { chosen: { name: "adam", learningRate: Math.min(0.03, Math.max(0.001, rate)) } };
  }
  if (typeof value !== "object" || value === null || !("learningRate" in value)) return { chosen: value };
  const { learningRate, ...others } = value;
  const isSchedule = typeof learningRate === "function" || (typeof learningRate === "object" && learningRate !== null);
  return isSchedule ? { chosen: others, changing: learningRate } : { chosen: value };
}

/** Refuses common options that an optimizer does not take. */
function checkRefused(name: OptimizerName, row: OptimizerRow, options: Readonly<Record<string, unknown>>): void {
  for (const [key, instead] of Object.entries(row.refuses ?? {})) {
    if (options[key] === COMMON[key as keyof typeof COMMON].default) continue;
    throw new PropagoError("ERR_CONFIG", `optimizer.${key}: ${name} does not take it: ${instead}`);
  }
}

/** Refuses options that make no sense together. */
function checkTogether({ nesterov, momentum, stepMin, stepMax }: Readonly<Record<string, number>>): void {
  if (nesterov && momentum === 0) {
    throw new PropagoError("ERR_CONFIG", "optimizer.nesterov needs a momentum above 0, for example momentum: 0.9");
  }
  if (stepMin > stepMax) {
    throw new PropagoError("ERR_CONFIG", "optimizer.stepMin must not be above stepMax");
  }
}
