// Changes of a training under way: `training.change`. A network's description is read again with the new values, and the
// words of its plan are written anew before an epoch begins.
import { PLAN_BYTES, LAYER_BYTES, PLAN_EPOCH, PLAN_POSITION, PLAN_RATES, PLAN_TALLY } from "../../assembly/plan.ts";
import { describe } from "../description/description.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError } from "../ground/errors.ts";
import { readNumber, readObject } from "../ground/options.ts";
import type { Model } from "../memory/model.ts";
import { writePlan } from "../memory/plan.ts";
import type { Loop } from "../training/loop.ts";
import type { Change } from "../training/parts.ts";

/**
 * The description with other values.
 * @throws PropagoError ERR_CONFIG for one that cannot be.
 */
export function changed({ spec, optimizer, build }: NetworkDescription, values: Change): NetworkDescription {
  const { learningRate, l1, l2 } = readObject(values, "change", ["learningRate", "l1", "l2"]);
  if (optimizer.search) {
    throw new PropagoError(
      "ERR_CONFIG",
      `change: ${optimizer.name} searches for its steps; end the training, and begin another`,
    );
  }
  const given = optimizer.spec as unknown as Record<string, unknown>;
  const rate =
    learningRate === undefined ? {} : { learningRate: readNumber(learningRate, "change.learningRate", { least: 0 }) };
  if (learningRate === undefined && optimizer.schedule !== undefined && optimizer.schedule.spec === undefined) {
    throw new PropagoError(
      "ERR_CONFIG",
      "change: learningRate is a function, which would be lost; change the rate along with it",
    );
  }
  return describe({
    ...spec,
    ...(build === "relaxed" ? { build } : {}),
    optimizer: { ...given, ...rate },
    ...(l1 === undefined ? {} : { l1 }),
    ...(l2 === undefined ? {} : { l2 }),
  });
}

/**
 * Changes a training before its next epoch: at once where it stands between two, otherwise when it gets there. `tell` is told
 * the number of the last epoch before that, `refuse` that there is no next epoch.
 */
export function changeLater(
  model: Model,
  loop: Loop,
  isWorking: boolean,
  values: Change,
  tell: (epoch: number) => void,
  refuse: (error: unknown) => void,
): void {
  const work = (isOver?: boolean): void => {
    try {
      if (isOver) throw new PropagoError("ERR_CONFIG", "change: the training has ended");
      tell(apply(model, values));
    } catch (error) {
      refuse(error);
    }
  };
  loop.stopAtEpochs();
  if (!isWorking && model.layout.word(PLAN_POSITION) === 0) work();
  else {
    const before = loop.between;
    loop.between = (isOver) => {
      loop.between = undefined;
      before?.(isOver);
      work(isOver);
    };
  }
}

/** Gives a model the description with other values; gives the number of the last epoch before that. */
export function apply({ description, layout, engine }: Model, values: Change): number {
  const next = changed(description, values);
  // Whoever trains holds this object.
  Object.assign(description, next);
  const { plan } = layout;
  const view = engine.view(plan, PLAN_BYTES + description.layers.length * LAYER_BYTES);
  const tally = view.getUint32(PLAN_TALLY, true);
  const { paramsAddress, count, trainable } = layout;
  writePlan(view, description, { plan, params: paramsAddress, tally, count, trainable });
  if (description.optimizer.schedule === undefined) layout.setWord(PLAN_RATES, 0);
  return layout.word(PLAN_EPOCH) >>> 0;
}
