// Continues the training of a model (partialFit): one epoch at a time, together with the scaling of inputs and targets.
import { Features } from "../estimators/features.ts";
import type { Job, Selection } from "../estimators/job.ts";
import type { ClassifierOptions } from "../estimators/options.ts";
import type { Member } from "../estimators/saved.ts";
import { PropagoError } from "../ground/errors.ts";
import { TargetScaling } from "../estimators/targets.ts";
import { readSampleWeights } from "../data/weighting.ts";
import { type Recipe, build } from "./build.ts";
import { classesAsTargets } from "./measure.ts";
import { blankScaler, learnOn } from "./scaling.ts";
import { type Scaled, encodeTargets, lossOf, restoreReport, scaledBy } from "./targets.ts";
import type { Data } from "../data/data.ts";
import type { History } from "../training/reports.ts";

/** The recipe of a model that partialFit starts, without a search. */
const DEFAULT: Recipe = { hidden: [64], activation: "tanh", l2: 1e-3 };

/**
 * Trains each network one epoch on the job's rows; without networks, makes one. The scaling is learnt from the first
 * thousand rows that a model sees.
 */
export function further(job: Job, earlier?: readonly Member[]): Omit<Selection, "found"> {
  if (!earlier && (job.given as ClassifierOptions).optimize !== undefined) {
    throw new PropagoError("ERR_CONFIG", "optimize needs rows that are left out: call fit() first, or leave it out");
  }
  const { sampleWeights } = job.fit;
  const weights = sampleWeights && readSampleWeights(sampleWeights, "sampleWeights", job.x.rows);
  // If one of several networks fails, those before it have already learnt.
  const before = earlier && earlier.length > 1 ? earlier.map(({ network }) => network.getWeights()) : [];
  const members: Member[] = [];
  let history: History | undefined;
  const made: Member[] = [];
  try {
    for (const known of earlier ?? [undefined]) {
      const scaled = job.classes.length > 0 ? undefined : learnScaling(job, weights, known?.targets);
      const scaler = learnOn(known?.features.scaler ?? blankScaler(job.x.columns), job.x, weights);
      const features = new Features(scaler, known?.features.more);
      const network = known?.network ?? build(job, features.inputs, DEFAULT, job.given.seed, scaled);
      const member: Member = { network, features, weight: known?.weight ?? 1 };
      if (scaled) member.targets = scaled.outer;
      members.push(member);
      if (!known) made.push(member);
      const data: Data = {
        x: features.transform(job.x, network.dtype),
        y: scaled ? encodeTargets(scaled, job.targets) : classesAsTargets(job.targets, job.classes.length),
      };
      const { batchSize, shuffle } = job.fit;
      history = network.fitSync(data, { batchSize, shuffle, sampleWeights: weights, epochs: 1 });
      if (scaled) for (const report of history.epochs) restoreReport(report, scaled, lossOf(job));
    }
  } catch (error) {
    for (const { network } of made) network.dispose();
    before.forEach((weights, i) => earlier?.[i].network.setWeights(weights));
    throw error;
  }
  return { members, history: history as History };
}

/** Whether the scaling must stay, since a last layer or logarithms depend on it. */
function learnScaling(job: Job, weights: Float64Array | undefined, earlier: TargetScaling | undefined): Scaled {
  const loss = lossOf(job);
  const known = earlier?.scaler ?? blankScaler(job.outputs);
  if (earlier === undefined) return scaledBy(learnOn(known, job.targets, weights, "targets"), loss);
  const isFree = earlier.log === undefined && scaledBy(known, loss).inner === undefined;
  return { outer: isFree ? new TargetScaling(learnOn(known, job.targets, weights, "targets")) : earlier };
}
