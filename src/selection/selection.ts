// The search for a model. Candidates are trained while a part of the rows is left out in turn. They get shares by their
// results on these rows, and are trained again on all rows. `select` reads top to bottom; its steps are in the other files.
import type { Job, Selection, Task } from "../estimators/job.ts";
import { learnByHeart } from "./by-heart.ts";
import { CANDIDATES, type Candidate, applicable, MORE_CANDIDATES } from "./candidates.ts";
import { hasSkewedColumn, mayHaveBins, logOf } from "./encodings.ts";
import { baselineOf, figuresOf } from "./figures.ts";
import { type Groups, dealFolds, groupRows, isRepeated, isWholeDomain, unitsOf } from "./folds.ts";
import { trainAll } from "./members.ts";
import { networksOf, sharesFor } from "./mixing.ts";
import { type Problem, readProblem } from "./problem.ts";
import { chosenOf, tellBaseline } from "./telling.ts";
import { halve, test } from "./trials.ts";
import { type Plan, planWork } from "./work.ts";
import type { History } from "../training/reports.ts";
import type { OptimizerSpec } from "../tables/names.ts";

/** With fewer rows, none can be left out. */
const LEAST_ROWS = 5;

/** A larger table of bytes is kept as bytes. */
const MANY_BYTES = 4e6;

/** Finds a model for a table, and trains it; yields each network that is to be trained, and takes its history. */
export function* select(job: Job): Generator<Task, Selection, History> {
  const problem = readProblem(job);
  const groups = groupRows(problem.sample);
  const baseline = baselineOf(job, problem.sample);
  const isAll = isRepeated(problem.sample, groups) || (isWholeDomain(problem.sample, groups) && isFewValued(problem));
  const units = unitsOf(problem.sample, groups);
  if (isAll || problem.sample.x.rows < LEAST_ROWS || units < 2)
    return yield* learnByHeart(problem, isAll ? groups : undefined, baseline);

  const log = logOf(problem);
  const candidates = candidatesOf(problem, log !== undefined && problem.ensemble !== 1);
  const planned = planWork(problem, candidates, (candidate) => widthOf(problem, candidate), units);
  const foldOf = foldsOf(problem, groups, planned);
  const { tested, plan } = yield* test(problem, planned, foldOf, log);
  if (plan.folds === 1) halve(problem, tested, foldOf);
  const judging = Math.max(plan.folds, 2);
  const sizes = Array.from({ length: judging }, (_, fold) => foldOf.filter((own) => own === fold).length);
  const shares = sharesFor(problem, plan, tested, sizes);
  const figures = figuresOf(problem, plan, tested, foldOf, sizes);
  const counts = networksOf(shares, plan.networks);
  const { members, history, made } = yield* trainAll(problem, plan, shares, counts, log);
  const chosen = chosenOf(problem, plan, tested, sizes, members, made, shares);
  tellBaseline(history, figures, baseline, problem);
  return { members, history, found: { ...figures, chosen, baseline, heldBack: problem.heldBack } };
}

/** Whether targets have so few different values that learning them by heart is no overfitting. */
function isFewValued({ job, sample }: Problem): boolean {
  return job.classes.length > 0 || new Set(sample.targets.data).size <= 2;
}

function candidatesOf(problem: Problem, hasLog: boolean): Candidate[] {
  const { job, effort, fit, sample } = problem;
  const all = effort === "thorough" ? [...CANDIDATES, ...MORE_CANDIDATES] : CANDIDATES;
  const isBytes = sample.x.data instanceof Uint8Array && sample.x.data.length > MANY_BYTES;
  const hasLogs = hasSkewedColumn(sample.x);
  const possible = all
    .filter(({ inputs }) => inputs !== "logs" || hasLogs)
    .filter(({ log }) => !log || hasLog)
    .filter(({ inputs }) => inputs !== "bins" || mayHaveBins(sample.x))
    .map((candidate) => (isBytes ? { ...candidate, inputs: "bytes" as const } : candidate));
  const isBatched = fit.batchSize !== undefined || fit.shuffle !== undefined || fit.onBatch !== undefined;
  const found = applicable(possible, job.given, isBatched);
  // With far more columns than rows, linear candidates cost little and do well.
  if (sample.x.columns > WIDE * sample.x.rows)
    found.sort((a, b) => Number(a.name !== "linear") - Number(b.name !== "linear"));
  if (!isNamed(job.given.optimizer, "levenbergMarquardt")) return found;
  // The work of levenbergMarquardt grows with the cube of the number of weights.
  return found.slice(0, 1).map((candidate) => ({ ...candidate, inputs: "soft", hidden: FEW_UNITS }));
}

/** A table is wide if it has more than so many times as many columns as rows. */
const WIDE = 20;
const FEW_UNITS = [8];

function isNamed(optimizer: OptimizerSpec | undefined, name: string): boolean {
  return (typeof optimizer === "object" ? optimizer.name : optimizer) === name;
}

/** How many inputs a candidate's networks have, about. */
function widthOf({ sample }: Problem, { inputs }: Candidate): number {
  return inputs === "bins" ? sample.x.columns * 9 : sample.x.columns;
}

/** The fold in which each row is left out; −1 where it never is. */
function foldsOf({ sample, seed, job }: Problem, groups: Groups, { folds }: Plan): Int32Array {
  if (folds > 1) return dealFolds(sample, groups, folds, seed, job.classes.length);
  // One fifth of the rows, or one tenth if there are many.
  const parts = sample.x.rows > 10_000 ? 10 : 5;
  return dealFolds(sample, groups, parts, seed, job.classes.length).map((fold) => (fold === 0 ? 0 : -1));
}
