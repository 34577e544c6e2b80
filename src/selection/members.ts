// Trains the networks that a model consists of, on all rows.
import { answersOf } from "../estimators/answers.ts";
import type { Task } from "../estimators/job.ts";
import type { Member } from "../estimators/saved.ts";
import { isPromise } from "../ground/promises.ts";
import { build } from "./build.ts";
import type { Candidate } from "./candidates.ts";
import { type Problem, seedOf } from "./problem.ts";
import { lossOf, restoreReport } from "./targets.ts";
import { keepOwn, keepWarnings } from "./telling.ts";
import { Lesson, type Settings, type Trained, diverged, isFailure, targetsFor, train } from "./trial.ts";
import type { Plan } from "./work.ts";
import type { FitOptions } from "../training/options.ts";
import type { History } from "../training/reports.ts";

/** Trains the networks that the model consists of on all rows, the weightiest last. */
export function* trainAll(
  problem: Problem,
  { candidates, folds, share }: Plan,
  shares: readonly number[],
  counts: readonly number[],
  log: number | undefined,
): Generator<Task, { members: Member[]; history: History; made: number[] }, History> {
  const lesson = new Lesson(problem.sample);
  const order = [...counts.keys()].filter((c) => counts[c] > 0);
  // Reports of networks that learn logarithms are of these: the last one is another, where there is one.
  const isLog = (c: number): number => Number(candidates[c].log ?? false);
  order.sort((a, b) => isLog(b) - isLog(a) || shares[a] - shares[b] || b - a);
  const total = order.reduce((sum, c) => sum + shares[c], 0);
  const members: Member[] = [];
  const made = counts.map(() => 0);
  const networks = counts.reduce((a, b) => a + b, 0);
  let last: Trained | undefined;
  try {
    for (const c of order) {
      for (let i = 0; i < counts[c]; i++) {
        const isLast = c === order[order.length - 1] && i === counts[c] - 1;
        const more = isLast ? reportsOf(problem, candidates[c], lesson, log) : undefined;
        // If no time is left, only the network with the largest weight is trained, for as long as it may.
        if (problem.left() <= 0 && !isLast) continue;
        const time = problem.left() / (networks - members.length);
        const settings = { seed: seedOf(problem.seed, isLast ? 0 : 1000 + members.length), share, log, more, time };
        const trained = yield* trainOrSkip(problem, candidates[c], lesson, settings, isLast && members.length === 0);
        if (trained === undefined) continue;
        last = trained;
        last.member.weight = shares[c] / total / counts[c];
        members.push(last.member);
        made[c]++;
        keepWarnings(problem, last.history);
        settle(problem, candidates[c], last);
        const tried = candidates.length * folds;
        problem.tell(tried + members.length, tried + networks);
      }
    }
  } catch (error) {
    for (const { network } of members) network.dispose();
    throw error;
  }
  if (last === undefined) throw diverged();
  const sum = members.reduce((all, { weight }) => all + weight, 0);
  for (const member of members) member.weight /= sum;
  return { members: members.reverse(), history: last.history, made };
}

/** Trains a network. Gives undefined if it diverged, or throws if the network is needed. */
function* trainOrSkip(
  problem: Problem,
  candidate: Candidate,
  lesson: Lesson,
  settings: Settings,
  isNeeded: boolean,
): Generator<Task, Trained | undefined, History> {
  let trained: Trained | undefined;
  try {
    trained = yield* train(problem, candidate, lesson, settings);
    if (answersOf(trained.member, lesson.sample.x).every(Number.isFinite)) return trained;
    throw diverged();
  } catch (error) {
    trained?.member.network.dispose();
    if (isNeeded || !isFailure(error, problem)) throw error;
    return undefined;
  }
}

/** The options of the network whose training is reported to the user. */
export function reportsOf(problem: Problem, candidate: Candidate, lesson: Lesson, log: number | undefined): FitOptions {
  const { job, judge } = problem;
  const { metrics = [job.metric], onEpoch, onBatch } = problem.fit;
  const options: FitOptions = { metrics };
  if (onBatch !== undefined) options.onBatch = (report) => own(problem, () => onBatch(report));
  const scaled = lesson.scaled(problem, candidate.log ? log : undefined);
  if (onEpoch !== undefined) {
    // In the targets' own unit, as the history will be; of copies, since the history's reports are still to be restored.
    options.onEpoch = (report) => {
      const copy = { ...report, ...(report.validation ? { validation: { ...report.validation } } : {}) };
      keepOwn(problem, copy);
      return own(problem, () => onEpoch(scaled ? restoreReport(copy, scaled, lossOf(job)) : copy));
    };
  }
  if (judge !== undefined) {
    const features = lesson.features(candidate.inputs);
    const { rows } = judge.x;
    const x = features.transform(judge.x, job.given.dtype ?? "float32");
    options.validation = {
      x: { data: x, shape: [rows, features.inputs] },
      y: targetsFor(problem, judge, scaled),
      sampleWeights: judge.weights,
    };
  }
  return options;
}

/** Calls a user's function, and remembers what it throws or rejects with. */
function own<R>({ thrown }: Problem, call: () => R): R {
  try {
    const result = call();
    if (isPromise(result)) Promise.resolve(result).catch((error: unknown) => (thrown.error = error));
    return result;
  } catch (error) {
    thrown.error = error;
    throw error;
  }
}

/** Gives a network that is kept an optimizer with which partialFit can train it further. */
export function settle({ job }: Problem, candidate: Candidate, { member, scaled }: Trained): void {
  if (job.given.optimizer !== undefined || job.given.learningRate !== undefined) return;
  const { network, features } = member;
  const inputScale = (network.toJSON() as { inputScale?: number }).inputScale;
  const kept = build(job, features.inputs, { ...candidate, inputScale }, network.seed, scaled);
  member.network = kept;
  try {
    kept.setWeights(network.getWeights());
  } finally {
    network.dispose();
  }
}
