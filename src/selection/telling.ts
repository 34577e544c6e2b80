// Collects what the user is told about a model: what was chosen from which candidates, and warnings that they can act on.
import type { Chosen, Tried } from "../estimators/options.ts";
import type { Found, Member } from "../estimators/saved.ts";
import type { Candidate } from "./candidates.ts";
import { groupRows } from "./folds.ts";
import { type Tested, meanOf } from "./mixing.ts";
import type { Problem } from "./problem.ts";
import type { Plan } from "./work.ts";
import { FADING_ROWS } from "./trial.ts";
import type { History } from "../training/reports.ts";
import type { TrainingWarning, WarningCode } from "../training/warnings.ts";

export function chosenOf(
  problem: Problem,
  { candidates, folds, isCutShort }: Plan,
  tested: readonly Tested[],
  sizes: readonly number[],
  members: readonly Member[],
  counts: readonly number[],
  shares: readonly number[],
): Chosen {
  const total = shares.reduce((sum, share, c) => sum + (counts[c] > 0 ? share : 0), 0);
  const tried: Tried[] = candidates.map((candidate, c) => ({
    ...told(candidate, problem),
    loss: meanOf(
      tested[c].losses,
      sizes.map((size, fold) => (Number.isFinite(tested[c].losses[fold]) ? size : 0)),
    ),
    weight: counts[c] > 0 ? shares[c] / total : 0,
    networks: counts[c],
  }));
  const by = candidates.length > 1 ? "folds" : "nothing";
  const chosen: Chosen = { effort: problem.effort, by, folds, networks: members.length, candidates: tried };
  return isCutShort ? { ...chosen, isCutShort } : chosen;
}

const INPUTS = {
  scaled: "scaled inputs",
  soft: "scaled inputs",
  bins: "inputs in bins",
  ranks: "inputs by rank",
  logs: "logarithms of skewed inputs",
  bytes: "bytes",
} as const;

/** Describes a candidate, with the user's options, in words. */
export function told({ name, inputs, training, log, l2, ...recipe }: Candidate, { job, sample }: Problem) {
  const { given } = job;
  const hidden = given.hidden ?? recipe.hidden;
  const activation = given.activation ?? recipe.activation;
  const kind = typeof activation === "string" ? activation : activation.name;
  const layers = hidden.length > 0 ? `${hidden.join(", ")} ${kind}` : "no hidden layer";
  const own = given.optimizer ?? (given.learningRate === undefined ? undefined : "adam");
  const optimizer =
    own === undefined ? (training === "adam" ? "adam" : "lbfgs") : typeof own === "string" ? own : own.name;
  const faded = recipe.fades ? l2 * Math.min(1, FADING_ROWS / sample.x.rows) : l2;
  const decay = Number((given.l2 ?? (given.l1 === undefined ? faded : 0)).toPrecision(2));
  const description = `${layers}, ${INPUTS[inputs]}, l2 ${decay}, ${optimizer}${log ? ", logarithms of the target" : ""}`;
  return { name, description, hidden: [...hidden] };
}

/** Removes all warnings from a history and its reports that the user cannot act on. */
export function keepWarnings(problem: Problem, history: History): void {
  for (const report of history.epochs) keepOwn(problem, report);
  keepOwn(problem, history);
}

/** The same of one report: of what was chosen here, only those are left that speak of what the user has set. */
export function keepOwn({ job: { given }, fit }: Problem, told: { warnings?: TrainingWarning[] }): void {
  const isOwn = (name: "optimizer" | "learningRate" | "activation" | "hidden"): boolean => given[name] !== undefined;
  const kept: Partial<Record<WarningCode, boolean>> = {
    WARN_CONSTANT_TARGETS: true,
    WARN_THREADS: true,
    WARN_BATCH_SIZE: fit.batchSize !== undefined,
    WARN_SCHEDULE: isOwn("learningRate") || isOwn("optimizer"),
    WARN_LEARNING_RATE: isOwn("learningRate") || isOwn("optimizer"),
    WARN_DEAD_UNITS: isOwn("activation") || isOwn("learningRate") || isOwn("optimizer"),
    WARN_SATURATED_UNITS: isOwn("activation"),
    WARN_VANISHING_GRADIENTS: isOwn("activation") || isOwn("hidden"),
    WARN_EXPLODING_GRADIENTS: isOwn("activation") || isOwn("hidden"),
    WARN_UNREACHABLE_TARGETS: given.loss !== undefined,
  };
  const warnings = told.warnings?.filter(({ code }) => kept[code]);
  if (warnings && warnings.length > 0) told.warnings = warnings;
  else delete told.warnings;
}

/** Warns if the model is no better than the baseline, which does not look at the inputs. */
export function tellBaseline(
  history: History,
  figures: Omit<Found, "chosen">,
  baseline: Found["baseline"],
  problem: Problem,
): void {
  const { job, fit } = problem;
  const { estimate } = figures;
  const isClasses = job.classes.length > 0;
  if (estimate === undefined || baseline === undefined || job.classes.length === 1) return;
  // Rare classes may be worth a loss of accuracy; the probabilities then say whether something was learnt.
  const isUneven = fit.classWeights !== undefined || problem.optimize !== undefined;
  const own = estimate[job.metric] ?? 0;
  const without = isClasses ? (baseline.accuracy ?? 0) : 0;
  const isBetter = estimate.loss < baseline.loss || (!isUneven && own > without);
  if (isBetter || without === 1) return;
  const what = isClasses ? "naming the largest class always" : "giving the mean always";
  const figuresText = `${job.metric} ${short(own)} on rows that were left out, ${short(without)} without a look at the inputs`;
  const isConstant = groupRows(problem.sample).count === 1;
  const reason = isConstant
    ? "all rows have the same inputs, which tell nothing"
    : "these inputs tell little of the target, or there are too few rows";
  const message = `the model is no better than ${what} (${figuresText}): ${reason}`;
  const warning: TrainingWarning = { code: "WARN_BASELINE", message };
  history.warnings = [...(history.warnings ?? []), warning];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
