// Trains networks that learn all rows by heart. Used if no rows can be left out.
import { answersOf } from "../estimators/answers.ts";
import type { Selection, Task } from "../estimators/job.ts";
import type { Chosen } from "../estimators/options.ts";
import type { Found } from "../estimators/saved.ts";
import { BY_HEART, applicable } from "./candidates.ts";
import { meanLoss } from "./figures.ts";
import type { Groups } from "./folds.ts";
import { reportsOf, settle } from "./members.ts";
import { type Problem, type Sample, pick, seedOf } from "./problem.ts";
import { keepWarnings, told } from "./telling.ts";
import { Lesson, type Trained, train } from "./trial.ts";
import type { FitOptions } from "../training/options.ts";
import type { History } from "../training/reports.ts";

/** How often a network that learns by heart starts anew. */
const RESTARTS = 9;

/** A network has learnt its rows by heart if its loss is below this part of the baseline's loss. */
const LEARNT = 0.02;

/** Trains networks on all rows, until one has learnt them by heart. */
export function* learnByHeart(
  problem: Problem,
  groups: Groups | undefined,
  baseline: Found["baseline"],
): Generator<Task, Selection, History> {
  const { job, seed, fit } = problem;
  const sample = groups ? onePerGroup(problem.sample, groups) : problem.sample;
  const possible = applicable(BY_HEART, job.given, fit.batchSize !== undefined || fit.shuffle !== undefined);
  const [candidate] = possible;
  const lesson = new Lesson(sample);
  const restarts = problem.restarts ?? RESTARTS;
  const unit = job.classes.length > 0 ? 1 : (baseline?.loss ?? 1);
  // No rows can be held back, and attempts that are given up are not reported.
  const own: Problem = { ...problem, stopBy: 0, earlyStopping: false };
  const trials = restarts + 1;
  let best: { trained: Trained; loss: number; attempt: number } | undefined;
  let last: Trained | undefined;
  const attemptAt = (attempt: number, more?: FitOptions) => {
    const settings = { seed: seedOf(seed, attempt), share: 1, log: undefined, more, time: problem.left() };
    return train(own, candidate, lesson, settings);
  };
  try {
    const isWatched = fit.onEpoch !== undefined || fit.onBatch !== undefined;
    const quiet = reportsOf({ ...own, fit: { ...fit, onEpoch: undefined, onBatch: undefined } }, candidate, lesson, undefined); // prettier-ignore
    for (let attempt = 0; attempt < trials; attempt++) {
      last = yield* attemptAt(attempt, quiet);
      const loss = meanLoss(problem, answersOf(last.member, sample.x), sample);
      if (best === undefined || loss < best.loss) {
        best?.trained.member.network.dispose();
        best = { trained: last, loss, attempt };
      } else last.member.network.dispose();
      last = undefined;
      problem.tell(attempt + 1, trials);
      if (best.loss <= LEARNT * unit || problem.left() <= 0) break;
    }
    if (best !== undefined && isWatched) {
      // Callbacks see the attempt that is kept, trained once more: the same seed gives the same bits.
      last = yield* attemptAt(best.attempt, reportsOf(own, candidate, lesson, undefined));
      best.trained.member.network.dispose();
      best = { ...best, trained: last };
      last = undefined;
    }
  } catch (error) {
    last?.member.network.dispose();
    best?.trained.member.network.dispose();
    throw error;
  }
  const { trained } = best as { trained: Trained };
  const { member, history } = trained;
  keepWarnings(problem, history);
  settle(problem, candidate, trained);
  const chosen: Chosen = {
    effort: problem.effort,
    by: "trainingLoss",
    folds: 0,
    networks: 1,
    candidates: [{ ...told(candidate, problem), weight: 1, networks: 1 }],
  };
  return { members: [member], history, found: { chosen, baseline, heldBack: problem.heldBack } };
}

/** Replaces equal rows by one row, with the sum of their weights. */
function onePerGroup(sample: Sample, groups: Groups): Sample {
  if (groups.count === sample.x.rows) return sample;
  const places = new Int32Array(groups.count);
  const weights = new Float64Array(groups.count);
  for (let row = sample.x.rows - 1; row >= 0; row--) {
    places[groups.of[row]] = row;
    weights[groups.of[row]] += sample.weights?.[row] ?? 1;
  }
  return { ...pick(sample, places), weights };
}
