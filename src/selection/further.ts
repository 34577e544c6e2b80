// Training a model on, row by row: one epoch at a time, and the scaling of inputs and targets with it.
import { Features } from "../estimators/features.ts";
import type { Job, Selection } from "../estimators/job.ts";
import type { Member } from "../estimators/saved.ts";
import { TargetScaling } from "../estimators/targets.ts";
import type { Data, History } from "../types.ts";
import { type Recipe, build } from "./build.ts";
import { classesAsTargets } from "./measure.ts";
import { blankScaler, learnOn } from "./scaling.ts";
import { type Scaled, encodeTargets, lossOf, restoreReport, scaledBy } from "./targets.ts";

/** What a model begins with that has not been searched for. */
const DEFAULT: Recipe = { hidden: [64], activation: "tanh", l2: 1e-3 };

/**
 * Trains each network one epoch on the job's rows; without networks, makes one. The scaling is learnt from the first
 * thousand rows that a model sees.
 */
export function further(job: Job, earlier?: readonly Member[]): Omit<Selection, "found"> {
  const members: Member[] = [];
  let history: History | undefined;
  const made: Member[] = [];
  try {
    for (const before of earlier ?? [undefined]) {
      const scaled = job.classes.length > 0 ? undefined : learnScaling(job, before?.targets);
      const scaler = learnOn(before?.features.scaler ?? blankScaler(job.x.columns), job.x);
      const features = new Features(scaler, before?.features.more);
      const network = before?.network ?? build(job, features.inputs, DEFAULT, job.given.seed, scaled);
      const member: Member = { network, features, weight: before?.weight ?? 1 };
      if (scaled) member.targets = scaled.outer;
      members.push(member);
      if (!before) made.push(member);
      const data: Data = {
        x: features.transform(job.x, network.dtype),
        y: scaled ? encodeTargets(scaled, job.targets) : classesAsTargets(job.targets, job.classes.length),
      };
      const { batchSize, shuffle, sampleWeights } = job.fit;
      history = network.fitSync(data, { batchSize, shuffle, sampleWeights, epochs: 1 });
      if (scaled) for (const report of history.epochs) restoreReport(report, scaled, lossOf(job));
    }
  } catch (error) {
    for (const { network } of made) network.dispose();
    throw error;
  }
  return { members, history: history as History };
}

/** A scaling that a last layer or logarithms depend on stays as it is. */
function learnScaling(job: Job, earlier: TargetScaling | undefined): Scaled {
  const loss = lossOf(job);
  const known = earlier?.scaler ?? blankScaler(job.outputs);
  if (earlier === undefined) return scaledBy(learnOn(known, job.targets, "targets"), loss);
  const isFree = earlier.log === undefined && scaledBy(known, loss).inner === undefined;
  return { outer: isFree ? new TargetScaling(learnOn(known, job.targets, "targets")) : earlier };
}
