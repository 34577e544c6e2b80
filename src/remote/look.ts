// `snapshot` and `change` of a training, here or in a worker.
import { PropagoError } from "../ground/errors.ts";
import type { Model } from "../memory/model.ts";
import { copyByLayer } from "../network/parameters.ts";
import { Loop } from "../training/loop.ts";
import type { Change, Course, Snapshot } from "../training/parts.ts";
import { apply, changeLater, changed } from "./changes.ts";
import { RemoteCourse } from "./course.ts";
import { weightsOf } from "./standing.ts";

/** The weights of a training as they are now, or of its network where it has ended. */
export async function snapshot(model: Model, course: Course | undefined): Promise<Snapshot> {
  const isThere = course instanceof RemoteCourse && !course.isOver;
  const there = isThere ? await course.snapshot() : undefined;
  const { epoch, params } = weightsOf(model);
  return { epoch: there ?? epoch, weights: copyByLayer(model, params) };
}

/** Changes a training from its next epoch on; gives the last one before that. `isWorking`: a slice is under way. */
export async function change(
  model: Model,
  course: Course | undefined,
  values: Change,
  isWorking: boolean,
): Promise<number> {
  model.checkUsable();
  const own = { ...values };
  // What cannot be is refused at once, wherever it trains.
  changed(model.description, own);
  if (course instanceof RemoteCourse && !course.isOver) {
    const epoch = await course.change(own);
    apply(model, own);
    return epoch;
  }
  if (!(course instanceof Loop))
    throw new PropagoError("ERR_CONFIG", "change: the training has ended, or not begun yet");
  return new Promise((resolve, reject) => changeLater(model, course, isWorking, own, resolve, reject));
}
