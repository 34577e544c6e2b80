// How far a training has come, and the words of the plan that say so.
import {
  PLAN_AGE,
  PLAN_BATCHES,
  PLAN_EPOCH,
  PLAN_PENDING,
  PLAN_PENDING_ROWS,
  PLAN_POWER1,
  PLAN_POWER2,
  PLAN_POWER3,
  PLAN_SEEN,
  PLAN_STEP,
} from "../../assembly/plan.ts";
import type { StateJSON } from "../description/options.ts";

/** How far training has come, as it is saved, but for what stands elsewhere while a network is in memory. */
export interface Progress extends Omit<StateJSON, "memory" | "plateau" | "remembered" | "isUnscaled"> {
  readonly memory: readonly number[];
}

/** Of an optimizer that remembers nothing yet. */
export const FRESH = { power1: 1, power2: 1, power3: 1, age: 0, pending: 0, pendingRows: 0, seen: 0, memory: [] };

/** The progress that the words of a plan hold; `memory` is what a method that searches remembers beside them. */
export function readProgress(plan: DataView, memory: readonly number[]): Progress {
  return {
    step: plan.getFloat64(PLAN_STEP, true),
    epoch: plan.getUint32(PLAN_EPOCH, true),
    batches: plan.getUint32(PLAN_BATCHES, true),
    power1: plan.getFloat64(PLAN_POWER1, true),
    power2: plan.getFloat64(PLAN_POWER2, true),
    power3: plan.getFloat64(PLAN_POWER3, true),
    age: plan.getFloat64(PLAN_AGE, true),
    pending: plan.getInt32(PLAN_PENDING, true),
    pendingRows: plan.getInt32(PLAN_PENDING_ROWS, true),
    seen: plan.getFloat64(PLAN_SEEN, true),
    memory,
  };
}

/** Writes a progress, all but `memory`, into the words of a plan. */
export function writeProgress(plan: DataView, progress: Progress): void {
  plan.setFloat64(PLAN_STEP, progress.step, true);
  plan.setUint32(PLAN_EPOCH, progress.epoch, true);
  plan.setUint32(PLAN_BATCHES, progress.batches, true);
  plan.setFloat64(PLAN_POWER1, progress.power1, true);
  plan.setFloat64(PLAN_POWER2, progress.power2, true);
  plan.setFloat64(PLAN_POWER3, progress.power3, true);
  plan.setFloat64(PLAN_AGE, progress.age, true);
  plan.setInt32(PLAN_PENDING, progress.pending, true);
  plan.setInt32(PLAN_PENDING_ROWS, progress.pendingRows, true);
  plan.setFloat64(PLAN_SEEN, progress.seen, true);
}
