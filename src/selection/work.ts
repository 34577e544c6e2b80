// Decides how much is tried. The work is bounded by a count of multiply-adds and not by a clock, so that the result is the
// same on every machine.
import type { Effort } from "../estimators/options.ts";
import type { Candidate } from "./candidates.ts";
import type { Problem } from "./problem.ts";
import type { FitOptions } from "../training/options.ts";
import type { OptimizerSpec } from "../tables/names.ts";

/** How one network is trained on so many rows. */
export interface Course {
  optimizer: OptimizerSpec | undefined;
  options: Pick<FitOptions, "epochs" | "batchSize">;
  /** The approximate number of multiply-adds. */
  work: number;
}

export interface Plan {
  /** In how many parts the rows are left out in turn; 1: one part, once; 0: nothing is left out. */
  folds: number;
  candidates: Candidate[];
  /** How many networks the model consists of. */
  networks: number;
  /** The part of the usual updates that each network gets. */
  share: number;
  /** A time limit ended the search. */
  isCutShort?: true;
}

/** What each effort may cost, and how many candidates and networks it has at most. */
const EFFORT = {
  quick: { work: 4e9, candidates: 4, networks: 1, folds: 5, larger: 4 },
  normal: { work: 1e10, candidates: 16, networks: 8, folds: 5, larger: 4 },
  thorough: { work: 4e10, candidates: Infinity, networks: 20, folds: 10, larger: 2 },
} as const satisfies Record<Effort, object>;

/** From so many numbers in a table on, more work is allowed: up to `larger` times as much. */
const LARGE_TABLE = 20_000;
const BATCH = 32;
const LARGE_BATCH = 128;
const ROWS_FOR_LARGE_BATCH = 20_000;
const EPOCHS = 100;
const LEAST_UPDATES = 500;
const MOST_UPDATES = 1500;
/** Larger tables are gone through so many times at least, the largest ones fewer times. */
const LEAST_EPOCHS = 16;
const LEAST_EPOCHS_OF_ALL = 5;
/** Rows that a network learns from in all, before fewer epochs will do. */
const MANY_ROWS = 600_000;
/** The cost of an update in addition to its multiply-adds. */
const UPDATE = 3e4;
/** The cost of updating one parameter. */
const PER_PARAMETER = 10;
/** What an activation costs: exp and division for tanh and the like, a comparison for relu. */
const CHEAP = 8;
const DEAR = 40;
const CHEAP_ACTIVATIONS: readonly unknown[] = ["relu", "leakyRelu", "linear", "relu6", "hardTanh"];

/** How a candidate's network is trained on so many rows. */
export function courseOf(candidate: Candidate, problem: Problem, rows: number, inputs: number, share: number): Course {
  const { given } = problem.job;
  const { fit } = problem;
  const hidden = given.hidden ?? candidate.hidden;
  const parameters = parametersOf([inputs, ...hidden, problem.job.outputs]);
  const units = hidden.reduce((sum, size) => sum + size, 0);
  const activation = given.activation ?? candidate.activation;
  const perRow = 3 * (parameters + units * (CHEAP_ACTIVATIONS.includes(activation) ? CHEAP : DEAR));
  const own = given.optimizer !== undefined || given.learningRate !== undefined;
  if (candidate.training !== "adam") {
    const iterations = fit.epochs ?? Math.max(20, Math.round(candidate.training * share));
    const work = 1.3 * iterations * (rows * perRow + UPDATE);
    return { optimizer: { name: "lbfgs" }, options: { epochs: iterations }, work };
  }
  const batchSize = fit.batchSize ?? (rows > ROWS_FOR_LARGE_BATCH ? LARGE_BATCH : BATCH);
  const batch = batchSize === "full" ? rows : Math.min(batchSize, rows);
  const perEpoch = Math.ceil(rows / batch);
  const usual = Math.min(Math.max(EPOCHS * perEpoch, LEAST_UPDATES), MOST_UPDATES) / perEpoch;
  const least = Math.min(LEAST_EPOCHS, Math.max(LEAST_EPOCHS_OF_ALL, MANY_ROWS / rows));
  const epochs = fit.epochs ?? Math.max(1, Math.ceil(Math.max(usual, least) * share));
  const work = epochs * (rows * perRow + perEpoch * (UPDATE + PER_PARAMETER * parameters));
  if (own) return { optimizer: undefined, options: { epochs: fit.epochs, batchSize: fit.batchSize }, work };
  // The rate is 0 after the last epoch. A network that is trained further gets another optimizer.
  const rate = { name: "cosine", rate: 3e-3, steps: epochs * perEpoch } as const;
  return { optimizer: { name: "adam", learningRate: rate }, options: { epochs, batchSize }, work };
}

/**
 * What is tried of the candidates, so that its work stays within the effort's bound.
 * @param units how many rows, or groups of equal ones, can be dealt into folds.
 */
export function planWork(
  problem: Problem,
  candidates: readonly Candidate[],
  widths: (c: Candidate) => number,
  units: number,
): Plan {
  const { rows, columns } = problem.sample.x;
  const effort = EFFORT[problem.effort];
  const bound = effort.work * Math.min(effort.larger, Math.max(1, (rows * columns) / LARGE_TABLE));
  const wanted = Math.min(problem.ensemble ?? effort.networks, effort.networks === 1 ? 1 : Infinity);
  const cost = (list: readonly Candidate[], part: number, share: number): number =>
    list.reduce((sum, c) => sum + courseOf(c, problem, rows * part, widths(c), share).work, 0);
  const all = candidates.slice(0, effort.candidates);
  const first = cost(all.slice(0, 1), 1, 1);
  const fit = ({ folds, candidates: list, share }: Omit<Plan, "networks">): number =>
    folds === 1 ? cost(list, 0.8, share) : folds * cost(list, 1 - 1 / folds, share);
  const most = Math.min(effort.folds, units);
  // Two thirds of the work are for choosing. The rest trains the networks that are kept.
  const room = (2 / 3) * bound;
  const plan = { folds: most, candidates: all, share: 1 };
  if (fit(plan) > room) plan.folds = Math.min(5, most);
  if (fit(plan) > room) plan.folds = Math.min(3, most);
  if (fit(plan) > room) plan.share = 0.7;
  while (fit(plan) > room && plan.candidates.length > 2) plan.candidates = plan.candidates.slice(0, -1);
  if (fit(plan) > room) plan.folds = Math.min(1, plan.folds);
  if (fit(plan) > room) plan.candidates = plan.candidates.slice(0, 1);
  const left = Math.max(bound - fit(plan), bound / 3);
  const networks = Math.max(1, Math.min(wanted, Math.floor(left / (first * plan.share))));
  return { ...plan, networks };
}

function parametersOf(sizes: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < sizes.length; i++) sum += (sizes[i - 1] + 1) * sizes[i];
  return sum;
}
