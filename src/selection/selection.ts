// The search for a model: candidates are trained with a part of the rows left out in turn, get shares by how they do on
// these, and are trained again on all rows. `select` reads top to bottom; what it is made of stands in the files beside it.
import { PropagoError } from "../errors.ts";
import { answersOf } from "../estimators/answers.ts";
import type { Job, Selection, Task } from "../estimators/job.ts";
import type { Chosen, Tried } from "../estimators/options.ts";
import type { Found, Member } from "../estimators/saved.ts";
import type { FitOptions, History, TrainingWarning, WarningCode } from "../types.ts";
import { build } from "./build.ts";
import { BY_HEART, CANDIDATES, type Candidate, MORE_CANDIDATES, applicable } from "./candidates.ts";
import { hasSkewedColumn, logShift, mayHaveBins } from "./encodings.ts";
import { type Groups, dealFolds, groupRows, isRepeated, isWholeDomain } from "./folds.ts";
import { measure } from "./measure.ts";
import {
  type Tested,
  baselineOf,
  estimateOf,
  hopelessOf,
  meanOf,
  mixUnseen,
  residualsOf,
  rowLosses,
  sharesOf,
} from "./mixing.ts";
import { type Problem, type Sample, firstColumn, pick, readProblem } from "./problem.ts";
import { lossOf, restoreReport } from "./targets.ts";
import { bestThreshold } from "./threshold.ts";
import { Lesson, type Settings, type Trained, isFailure, targetsFor, train } from "./trial.ts";
import { type Plan, planWork } from "./work.ts";

/** With fewer rows none can be left out. */
const LEAST_ROWS = 5;
/** How often networks that learn by heart begin again. */
const RESTARTS = 9;
/** A network has learnt its rows by heart where its loss is below this part of the baseline's. */
const LEARNT = 0.02;
/** Bytes of larger tables stay bytes. */
const MANY_BYTES = 4e6;

/** Finds a model for a table, and trains it; yields each network that is to be trained, and takes its history. */
export function* select(job: Job): Generator<Task, Selection, History> {
  const problem = readProblem(job);
  const groups = groupRows(problem.sample);
  const baseline = baselineOf(job, problem.sample);
  const isAll = isRepeated(problem.sample, groups) || (isWholeDomain(problem.sample, groups) && isFewValued(problem));
  if (isAll || problem.sample.x.rows < LEAST_ROWS)
    return yield* learnByHeart(problem, isAll ? groups : undefined, baseline);

  const log = logOf(problem);
  const candidates = candidatesOf(problem, log !== undefined);
  const planned = planWork(problem, candidates, (candidate) => widthOf(problem, candidate));
  const foldOf = foldsOf(problem, groups, planned);
  const { tested, plan } = yield* test(problem, planned, foldOf, log);
  const sizes = Array.from({ length: plan.folds }, (_, fold) => foldOf.filter((own) => own === fold).length);
  const shares = sharesFor(problem, tested, sizes);
  const figures = figuresOf(problem, plan, tested, shares, foldOf, sizes);
  const counts = networksOf(shares, plan.networks);
  const { members, history } = yield* trainAll(problem, plan, shares, counts, log);
  const chosen = chosenOf(problem, plan, tested, sizes, members, counts, shares);
  tellBaseline(history, figures, baseline, job);
  return { members, history, found: { ...figures, chosen, baseline, heldBack: problem.heldBack } };
}

/** Whether there are so few different targets that learning them by heart is no overfitting. */
function isFewValued({ job, sample }: Problem): boolean {
  return job.classes.length > 0 || new Set(sample.targets.data).size <= 2;
}

/** What is added to skewed targets from 0 on before their logarithms are taken; undefined where these are no better. */
function logOf({ job, sample }: Problem): number | undefined {
  if (job.classes.length > 0 || sample.targets.columns > 1 || job.given.loss !== undefined) return undefined;
  return logShift(firstColumn(sample.targets));
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
  return applicable(possible, job.given, isBatched);
}

/** How many inputs a candidate's networks have, about. */
function widthOf({ sample }: Problem, { inputs }: Candidate): number {
  return inputs === "bins" ? sample.x.columns * 9 : sample.x.columns;
}

/** The fold in which each row is left out; −1 where it never is. */
function foldsOf({ sample, seed, job }: Problem, groups: Groups, { folds }: Plan): Int32Array {
  if (folds > 1) return dealFolds(sample, groups, folds, seed, job.classes.length);
  // One part of five, or of ten where there are many rows.
  const parts = sample.x.rows > 10_000 ? 10 : 5;
  return dealFolds(sample, groups, parts, seed, job.classes.length).map((fold) => (fold === 0 ? 0 : -1));
}

/** What was found out of the candidates, as far as there was time. */
interface Trials {
  tested: Tested[];
  /** The plan, with the candidates that were tested in all folds, and the folds that were reached. */
  plan: Plan;
}

/** Trains each candidate once for each fold, on the rows of the others, and asks it about the fold's. */
function* test(
  problem: Problem,
  plan: Plan,
  foldOf: Int32Array,
  log: number | undefined,
): Generator<Task, Trials, History> {
  const { sample, seed, job } = problem;
  const { candidates, folds, share } = plan;
  const of = candidates.length * folds + plan.networks;
  let failure: unknown;
  // What is left trains the networks that stay.
  const reserve = problem.left() / 2;
  const tested: Tested[] = candidates.map(() => ({
    answers: new Float64Array(sample.x.rows * job.outputs).fill(NaN),
    losses: [],
  }));
  for (let fold = 0; fold < folds; fold++) {
    const left = placesWhere(foldOf, (own) => own === fold);
    const lesson = new Lesson(
      pick(
        sample,
        placesWhere(foldOf, (own) => own !== fold),
      ),
    );
    const unseen = pick(sample, left);
    const hopeless = hopelessOf(tested, fold, sample.x.rows, job.classes.length === 0);
    for (const [c, candidate] of candidates.entries()) {
      if (hopeless[c]) {
        tested[c].losses.push(Infinity);
        continue;
      }
      const time = problem.left() - reserve;
      if (time <= 0 && fold + c > 0) return cutShort(plan, tested, foldOf, fold, c);
      try {
        const settings = { seed: seedOf(seed, fold * 64 + c + 1), share, log, time };
        const { member } = yield* train(problem, candidate, lesson, settings);
        const answers = answersOf(member, unseen.x);
        member.network.dispose();
        if (!answers.every(Number.isFinite)) throw diverged();
        left.forEach((row, i) => {
          tested[c].answers.set(answers.subarray(i * job.outputs, (i + 1) * job.outputs), row * job.outputs);
        });
        tested[c].losses.push(meanLoss(problem, answers, unseen));
      } catch (error) {
        if (!isFailure(error)) throw error;
        failure ??= error;
        tested[c].losses.push(Infinity);
      }
      problem.fit.onSearch?.({ trained: fold * candidates.length + c + 1, of });
    }
  }
  if (tested.every(({ losses }) => losses.includes(Infinity))) throw failure;
  return { tested, plan };
}

/** For networks that end with weights so large that they answer with no numbers. */
function diverged(): PropagoError {
  const advice = "lower the learningRate, or leave it and the optimizer to fit";
  return new PropagoError("ERR_DIVERGED", `a network answered with numbers that are not finite; ${advice}`);
}

/** What was reached when the time was over: whole folds, or some candidates of the first. */
function cutShort(plan: Plan, tested: Tested[], foldOf: Int32Array, fold: number, candidate: number): Trials {
  const folds = Math.max(1, fold);
  for (let row = 0; row < foldOf.length; row++) if (foldOf[row] >= folds) foldOf[row] = -1;
  const kept = fold === 0 ? tested.slice(0, candidate) : tested;
  for (const one of kept) one.losses.length = folds;
  return { tested: kept, plan: { ...plan, folds, candidates: plan.candidates.slice(0, kept.length), networks: 1 } };
}

/** Mean loss of answers: the user's own, or the logarithm of probabilities, or squared errors. */
function meanLoss({ job }: Problem, answers: Float32Array | Float64Array, { targets, weights }: Sample): number {
  if (job.given.loss !== undefined) return measure(job, answers, targets, { metrics: [], sampleWeights: weights }).loss;
  const losses = rowLosses(answers, targets, job.classes.length);
  let sum = 0;
  let total = 0;
  losses.forEach((loss, row) => {
    sum += loss * (weights?.[row] ?? 1);
    total += weights?.[row] ?? 1;
  });
  return total > 0 ? sum / total : 0;
}

/** All shares, or the whole to the best where there is to be one network. */
function sharesFor(problem: Problem, tested: readonly Tested[], sizes: readonly number[]): number[] {
  if (isMix(problem)) return sharesOf(tested, sizes, problem.job.classes.length === 0);
  const losses = tested.map(({ losses }) => meanOf(losses, sizes));
  const best = losses.indexOf(losses.reduce((a, b) => Math.min(a, b), Infinity));
  return losses.map((_, c) => Number(c === best));
}

/** How many networks each candidate gets of so many. */
function networksOf(shares: readonly number[], networks: number): number[] {
  const counts = shares.map((share) => (share > 0 ? Math.max(1, Math.round(share * networks)) : 0));
  // Rounding up must not make more of them than there may be: the least shares go first.
  const order = [...shares.keys()].filter((c) => counts[c] > 0).sort((a, b) => shares[a] - shares[b] || b - a);
  for (const c of order) {
    if (order.filter((other) => counts[other] > 0).length <= networks) break;
    counts[c] = 0;
  }
  for (let c = order.length - 1; counts.reduce((a, b) => a + b, 0) > networks; c--) {
    const most = order.reduce((a, b) => (counts[b] > counts[a] ? b : a));
    if (counts[most] > 1) counts[most]--;
    else break;
  }
  return counts;
}

/** Trains the networks that the model consists of on all rows, the weightiest last. */
function* trainAll(
  problem: Problem,
  { candidates, folds, share }: Plan,
  shares: readonly number[],
  counts: readonly number[],
  log: number | undefined,
): Generator<Task, { members: Member[]; history: History }, History> {
  const lesson = new Lesson(problem.sample);
  const order = [...counts.keys()].filter((c) => counts[c] > 0);
  // Reports of networks that learn logarithms are of these: the last one is another, where there is one.
  const isLog = (c: number): number => Number(candidates[c].log ?? false);
  order.sort((a, b) => isLog(b) - isLog(a) || shares[a] - shares[b] || b - a);
  const total = order.reduce((sum, c) => sum + shares[c], 0);
  const members: Member[] = [];
  const networks = counts.reduce((a, b) => a + b, 0);
  let last: Trained | undefined;
  try {
    for (const c of order) {
      for (let i = 0; i < counts[c]; i++) {
        const isLast = c === order[order.length - 1] && i === counts[c] - 1;
        const more = isLast ? reportsOf(problem, candidates[c], lesson, log) : undefined;
        const time = problem.left() / (networks - members.length);
        const settings = { seed: seedOf(problem.seed, isLast ? 0 : 1000 + members.length), share, log, more, time };
        const trained = yield* trainOrSkip(problem, candidates[c], lesson, settings, isLast && members.length === 0);
        if (trained === undefined) continue;
        last = trained;
        keepWarnings(problem, last.history);
        last.member.weight = shares[c] / total / counts[c];
        members.push(last.member);
        const tried = candidates.length * folds;
        problem.fit.onSearch?.({ trained: tried + members.length, of: tried + networks });
        settle(problem, candidates[c], last);
      }
    }
  } catch (error) {
    for (const { network } of members) network.dispose();
    throw error;
  }
  if (last === undefined) throw diverged();
  const sum = members.reduce((all, { weight }) => all + weight, 0);
  for (const member of members) member.weight /= sum;
  return { members: members.reverse(), history: last.history };
}

/** Trains a network; undefined where it diverged, unless it is needed. */
function* trainOrSkip(
  problem: Problem,
  candidate: Candidate,
  lesson: Lesson,
  settings: Settings,
  isNeeded: boolean,
): Generator<Task, Trained | undefined, History> {
  try {
    const trained = yield* train(problem, candidate, lesson, settings);
    if (answersOf(trained.member, lesson.sample.x).every(Number.isFinite)) return trained;
    trained.member.network.dispose();
    throw diverged();
  } catch (error) {
    if (isNeeded || !isFailure(error)) throw error;
    return undefined;
  }
}

/** What the fit's options ask of the network that reports. */
function reportsOf(problem: Problem, candidate: Candidate, lesson: Lesson, log: number | undefined): FitOptions {
  const { job, judge } = problem;
  const { metrics = [job.metric], onEpoch, onBatch } = problem.fit;
  const options: FitOptions = { metrics, onBatch };
  const scaled = lesson.scaled(problem, candidate.log ? log : undefined);
  if (onEpoch !== undefined) {
    // In the targets' own unit, as the history will be; of copies, since the history's reports are still to be restored.
    options.onEpoch = (report) => {
      const copy = { ...report, ...(report.validation ? { validation: { ...report.validation } } : {}) };
      return onEpoch(scaled ? restoreReport(copy, scaled, lossOf(job)) : copy);
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

/** Gives a network that is to be kept an optimizer with which it can be trained further, row by row. */
function settle({ job }: Problem, candidate: Candidate, { member, scaled }: Trained): void {
  if (job.given.optimizer !== undefined || job.given.learningRate !== undefined) return;
  const { network, features } = member;
  const inputScale = (network.toJSON() as { inputScale?: number }).inputScale;
  const kept = build(job, features.inputs, { ...candidate, inputScale }, network.seed, scaled);
  kept.setWeights(network.getWeights());
  network.dispose();
  member.network = kept;
}

/** Where no rows can be left out: networks that learn the rows by heart, until one has. */
function* learnByHeart(
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
  let best: (Trained & { loss: number }) | undefined;
  try {
    for (let attempt = 0; attempt <= restarts; attempt++) {
      const more = reportsOf(problem, candidate, lesson, undefined);
      const settings = { seed: seedOf(seed, attempt), share: 1, log: undefined, more, time: problem.left() };
      const trained = yield* train(problem, candidate, lesson, settings);
      const loss = meanLoss(problem, answersOf(trained.member, sample.x), sample);
      if (best && best.loss <= loss) trained.member.network.dispose();
      else {
        best?.member.network.dispose();
        best = { ...trained, loss };
      }
      if (best.loss <= LEARNT * unit || problem.left() <= 0) break;
    }
  } catch (error) {
    best?.member.network.dispose();
    throw error;
  }
  const { member, history } = best as Trained;
  keepWarnings(problem, history);
  settle(problem, candidate, best as Trained);
  const chosen: Chosen = {
    effort: problem.effort,
    by: "trainingLoss",
    folds: 0,
    networks: 1,
    candidates: [{ ...told(candidate, problem), weight: 1, networks: 1 }],
  };
  return { members: [member], history, found: { chosen, baseline, heldBack: problem.heldBack } };
}

/** One row of all that are equal, with the weight of them together. */
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

/** The figures of the mix on rows that it has not seen. */
function figuresOf(
  problem: Problem,
  { folds }: Plan,
  tested: readonly Tested[],
  shares: readonly number[],
  foldOf: Int32Array,
  sizes: readonly number[],
): Omit<Found, "chosen"> {
  const { job, sample } = problem;
  const isNumbers = job.classes.length === 0;
  const mixed = isMix(problem) ? mixUnseen(tested, foldOf, sizes, isNumbers) : tested[shares.indexOf(1)].answers;
  const places = placesWhere(foldOf, (fold) => fold >= 0);
  const all: Sample = { ...sample, x: { data: mixed, rows: sample.x.rows, columns: job.outputs } };
  const known = pick(all, places);
  const answers = known.x.data as Float64Array;
  if (isNumbers)
    return { estimate: estimateOf(job, answers, known, folds), residuals: residualsOf(answers, known.targets) };
  const { optimize } = problem;
  if (optimize === undefined) return { estimate: estimateOf(job, answers, known, folds) };
  const classes = known.targets.data;
  // Each row is judged by a threshold that was chosen without its fold.
  const isLeft = (fold: number) => (row: number) => folds > 1 && foldOf[places[row]] === fold;
  const ofFold = sizes.map((_, fold) => bestThreshold(optimize, answers, classes, (row) => !isLeft(fold)(row)));
  const thresholds = Float64Array.from(places, (row) => ofFold[foldOf[row]]);
  const threshold = bestThreshold(optimize, answers, classes);
  return { estimate: estimateOf(job, answers, known, folds, thresholds), threshold };
}

/** Whether the model may consist of several kinds of networks. */
function isMix({ effort, ensemble }: Problem): boolean {
  return effort !== "quick" && ensemble !== 1;
}

function chosenOf(
  problem: Problem,
  { candidates, folds }: Plan,
  tested: readonly Tested[],
  sizes: readonly number[],
  members: readonly Member[],
  counts: readonly number[],
  shares: readonly number[],
): Chosen {
  const total = shares.reduce((sum, share, c) => sum + (counts[c] > 0 ? share : 0), 0);
  const tried: Tried[] = candidates.map((candidate, c) => ({
    ...told(candidate, problem),
    loss: meanOf(tested[c].losses.filter(Number.isFinite), sizes),
    weight: counts[c] > 0 ? shares[c] / total : 0,
    networks: counts[c],
  }));
  const by = candidates.length > 1 ? "folds" : "nothing";
  return { effort: problem.effort, by, folds, networks: members.length, candidates: tried };
}

const INPUTS = {
  scaled: "scaled inputs",
  soft: "scaled inputs",
  bins: "inputs in bins",
  ranks: "inputs by rank",
  logs: "logarithms of skewed inputs",
  bytes: "bytes",
} as const;

/** A candidate in words, as the user's options have left it. */
function told({ name, inputs, training, log, l2, ...recipe }: Candidate, { job, sample }: Problem) {
  const { given } = job;
  const hidden = given.hidden ?? recipe.hidden;
  const activation = given.activation ?? recipe.activation;
  const kind = typeof activation === "string" ? activation : activation.name;
  const layers = hidden.length > 0 ? `${hidden.join(", ")} ${kind}` : "no hidden layer";
  const own = given.optimizer ?? (given.learningRate === undefined ? undefined : "adam");
  const optimizer =
    own === undefined ? (training === "adam" ? "adam" : "lbfgs") : typeof own === "string" ? own : own.name;
  const faded = recipe.fades ? l2 * Math.min(1, 150 / sample.x.rows) : l2;
  const decay = Number((given.l2 ?? (given.l1 === undefined ? faded : 0)).toPrecision(2));
  const description = `${layers}, ${INPUTS[inputs]}, l2 ${decay}, ${optimizer}${log ? ", logarithms of the target" : ""}`;
  return { name, description, hidden: [...hidden] };
}

/** Warnings that the user can act on: of what was chosen here, only those that speak of what they have set. */
function keepWarnings({ job: { given }, fit }: Problem, history: History): void {
  const isOwn = (name: "optimizer" | "learningRate" | "activation" | "hidden"): boolean => given[name] !== undefined;
  const kept: Partial<Record<WarningCode, boolean>> = {
    WARN_CONSTANT_TARGETS: true,
    WARN_THREADS: true,
    WARN_BATCH_SIZE: fit.batchSize !== undefined,
    WARN_LEARNING_RATE: isOwn("learningRate") || isOwn("optimizer"),
    WARN_DEAD_UNITS: isOwn("activation") || isOwn("learningRate") || isOwn("optimizer"),
    WARN_SATURATED_UNITS: isOwn("activation"),
    WARN_VANISHING_GRADIENTS: isOwn("activation") || isOwn("hidden"),
    WARN_EXPLODING_GRADIENTS: isOwn("activation") || isOwn("hidden"),
    WARN_UNREACHABLE_TARGETS: given.loss !== undefined,
  };
  const only = (told: { warnings?: TrainingWarning[] }): void => {
    const warnings = told.warnings?.filter(({ code }) => kept[code]);
    if (warnings && warnings.length > 0) told.warnings = warnings;
    else delete told.warnings;
  };
  for (const report of history.epochs) only(report);
  only(history);
}

/** Says where the model is no better than without a look at the inputs. */
function tellBaseline(
  history: History,
  { estimate }: Omit<Found, "chosen">,
  baseline: Found["baseline"],
  job: Job,
): void {
  if (estimate === undefined || baseline === undefined) return;
  const own = estimate[job.metric] ?? 0;
  const without = job.classes.length > 0 ? (baseline.accuracy ?? 0) : 0;
  if (own > without || job.classes.length === 1 || without === 1) return;
  const what = job.classes.length > 0 ? "naming the largest class always" : "giving the mean always";
  const figures = `${job.metric} ${short(own)} on rows that were left out, ${short(without)} without a look at the inputs`;
  const warning: TrainingWarning = {
    code: "WARN_BASELINE",
    message: `the model is no better than ${what} (${figures}): these inputs tell little of the target, or there are too few rows`,
  };
  history.warnings = [...(history.warnings ?? []), warning];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function seedOf(seed: number, number: number): number {
  // Odd steps through all seeds: no network of one seed meets another seed's first weights soon.
  return (seed + Math.imul(number, 0x9e3779b1)) >>> 0;
}

function placesWhere(values: Int32Array, isWanted: (value: number) => boolean): number[] {
  const places: number[] = [];
  for (let place = 0; place < values.length; place++) if (isWanted(values[place])) places.push(place);
  return places;
}
