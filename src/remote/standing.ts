// Where a network stands, taken out of the core's memory to be sent, and put into it again.
import { PLAN_EPOCH } from "../../assembly/plan.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Model } from "../memory/model.ts";
import type { Warnings } from "../training/warnings.ts";
import type { Standing } from "./messages.ts";

/** Copies all that training reads and changes. */
export function standingOf(model: Model, warnings: Warnings): Standing {
  const { layout, isUnscaled, isBegunAnew, lastThreads } = model;
  const { progress } = layout;
  const hasMemory = layout.remembered > 0 && (progress.step > 0 || progress.pending > 0);
  return {
    params: layout.params().slice(),
    ...(hasMemory ? { state: layout.state().slice() } : {}),
    progress,
    plateau: { ...layout.plateau },
    isUnscaled,
    isBegunAnew,
    lastThreads,
    told: [...warnings.told],
    looks: { ...warnings.looks },
  };
}

/** Gives a network the standing of another one with the same description. */
export function takeStanding(model: Model, warnings: Warnings, standing: Standing): void {
  const { layout } = model;
  layout.params().set(standing.params);
  if (standing.state !== undefined) layout.state().set(standing.state);
  layout.progress = standing.progress;
  Object.assign(layout.plateau, { best: undefined }, standing.plateau);
  model.isUnscaled = standing.isUnscaled;
  model.isBegunAnew = standing.isBegunAnew;
  model.lastThreads = standing.lastThreads;
  for (const key of standing.told) warnings.told.add(key);
  Object.assign(warnings.looks, standing.looks);
}

/** What is sent along with a standing without being copied. */
export function buffersOf({ params, state }: Standing): ArrayBufferLike[] {
  return state === undefined ? [params.buffer] : [params.buffer, state.buffer];
}

/** The weights as the last completed batch left them, and how many epochs are complete. */
export function weightsOf(model: Model): { params: FloatArray; epoch: number } {
  model.checkUsable();
  const { layout } = model;
  return { params: layout.params().slice(), epoch: layout.word(PLAN_EPOCH) >>> 0 };
}
