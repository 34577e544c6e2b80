// Tests candidates on rows that they were not trained on, fold after fold, as long as there is time.
import { answersOf } from "../estimators/answers.ts";
import type { Task } from "../estimators/job.ts";
import { meanLoss } from "./figures.ts";
import { isKeeping } from "./left-out.ts";
import { type Tested, hopelessOf } from "./mixing.ts";
import { type Problem, type Sample, pick, placesWhere, seedOf } from "./problem.ts";
import { Lesson, type Settings, type Trained, diverged, isFailure, train } from "./trial.ts";
import type { Plan } from "./work.ts";
import type { History } from "../training/reports.ts";

/** What was found out about the candidates in the available time. */
export interface Trials {
  tested: Tested[];
  /** The plan, with the candidates that were tested in all folds, and the folds that were reached. */
  plan: Plan;
}

/** Trains each candidate once for each fold, on the rows of the others, and asks it about the fold's. */
export function* test(
  problem: Problem,
  plan: Plan,
  foldOf: Int32Array,
  log: number | undefined,
): Generator<Task, Trials, History> {
  const { sample, job } = problem;
  const { candidates, folds } = plan;
  const of = candidates.length * folds + plan.networks;
  const reserve = problem.left() / 2; // what is left trains the networks that stay
  // With a time limit, a few candidates are tested completely before others begin.
  const block = problem.left() < Infinity ? FIRST_CANDIDATES : candidates.length;
  const failures: unknown[] = [];
  let trained = 0;
  const tested: Tested[] = candidates.map(() => ({
    answers: new Float64Array(sample.x.rows * job.outputs).fill(NaN),
    losses: [],
    ...(isKeeping(job) ? { members: [] } : {}),
  }));
  for (let first = 0; first < candidates.length; first += block) {
    for (let fold = 0; fold < folds; fold++) {
      const places = placesWhere(foldOf, (own) => own === fold);
      const lesson = new Lesson(
        pick(
          sample,
          placesWhere(foldOf, (own) => own !== fold),
        ),
      );
      const unseen: Unseen = { fold, places, sample: pick(sample, places) };
      const hopeless = hopelessOf(tested.slice(first, first + block), fold, sample.x.rows, job.classes.length === 0);
      for (let c = first; c < Math.min(first + block, candidates.length); c++) {
        if (hopeless[c - first]) {
          tested[c].losses.push(Infinity);
          continue;
        }
        const time = problem.left() - reserve;
        if (time <= 0 && trained > 0) {
          const trials = cutShort(plan, tested, foldOf, { first, fold, candidate: c, block });
          return withSuccess(trials, failures);
        }
        yield* testOne(problem, plan, c, lesson, unseen, tested[c], { log, time }, failures);
        problem.tell(++trained, of);
      }
    }
  }
  return withSuccess({ tested, plan }, failures);
}

/** Throws the first error if all candidates failed. */
function withSuccess(trials: Trials, failures: readonly unknown[]): Trials {
  if (trials.tested.every(({ losses }) => losses.includes(Infinity))) throw failures[0];
  return trials;
}

/** Candidates that are tested in all folds before others begin, where there is a time limit. */
const FIRST_CANDIDATES = 4;

/** Rows that were left out. */
interface Unseen {
  fold: number;
  /** Their places among all rows. */
  places: readonly number[];
  sample: Sample;
}

/** Trains one candidate and notes what it answers for the rows that were left out; a failure is a loss of Infinity. */
function* testOne(
  problem: Problem,
  { candidates, share }: Plan,
  c: number,
  lesson: Lesson,
  { fold, places, sample }: Unseen,
  tested: Tested,
  { log, time }: Pick<Settings, "log" | "time">,
  failures: unknown[],
): Generator<Task, void, History> {
  const { outputs } = problem.job;
  let network: Trained["member"]["network"] | undefined;
  try {
    const settings = { seed: seedOf(problem.seed, fold * 64 + c + 1), share, log, time, isPassing: true };
    const { member } = yield* train(problem, candidates[c], lesson, settings);
    ({ network } = member);
    const answers = answersOf(member, sample.x);
    if (!answers.every(Number.isFinite)) throw diverged();
    places.forEach((row, i) => {
      tested.answers.set(answers.subarray(i * outputs, (i + 1) * outputs), row * outputs);
    });
    tested.losses.push(meanLoss(problem, answers, sample));
    if (tested.members) {
      tested.members[fold] = member;
      network = undefined;
    }
  } catch (error) {
    if (!isFailure(error, problem)) throw error;
    failures.push(error);
    tested.losses.push(Infinity);
  } finally {
    network?.dispose();
  }
}

/** What was reached when the time was over: the candidates that came to an end; of the first ones, the folds that did. */
function cutShort(
  plan: Plan,
  tested: Tested[],
  foldOf: Int32Array,
  { first, fold, candidate, block }: { first: number; fold: number; candidate: number; block: number },
): Trials {
  if (first > 0) return shortened(plan, tested.slice(0, first), plan.folds);
  const folds = Math.max(1, fold);
  for (let row = 0; row < foldOf.length; row++) if (foldOf[row] >= folds) foldOf[row] = -1;
  const kept = tested.slice(0, fold === 0 ? candidate : block);
  for (const one of kept) one.losses.length = folds;
  return shortened(plan, kept, folds);
}

function shortened(plan: Plan, tested: Tested[], folds: number): Trials {
  const candidates = plan.candidates.slice(0, tested.length);
  return { tested, plan: { ...plan, folds, candidates, networks: 1, isCutShort: true } };
}

/** Rows that were left out once judge in two halves, so that no row judges what it has chosen. */
export function halve(problem: Problem, tested: readonly Tested[], foldOf: Int32Array): void {
  const { outputs } = problem.job;
  placesWhere(foldOf, (fold) => fold >= 0).forEach((row, i) => (foldOf[row] = i % 2));
  for (const one of tested) {
    const isFailed = one.losses.includes(Infinity);
    one.losses = [0, 1].map((half) => {
      if (isFailed) return Infinity;
      const places = placesWhere(foldOf, (fold) => fold === half);
      const part = pick({ ...problem.sample, x: { data: one.answers, rows: foldOf.length, columns: outputs } }, places);
      return meanLoss(problem, part.x.data as Float64Array, part);
    });
  }
}
