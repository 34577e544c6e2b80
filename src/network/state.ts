// Where training stands, as JSON: with it, `fit` after `fromJSON` goes on to the same bits as if nothing had been saved.
import { ADADELTA, ADAGRAD, ADAM, ADAMAX, AMSGRAD, NADAM, RADAM, RMSPROP } from "../../assembly/plan.ts";
import type { StateJSON } from "../description/options.ts";
import { type NetworkDescription, describe } from "../description/description.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, isPlain, readFields } from "../ground/options.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Model } from "../memory/model.ts";
import { numbersToJSON, readNumbersJSON } from "./json.ts";

export function stateToJSON(model: Model): StateJSON {
  const { state, remembered } = stateOf(model);
  const { isUnscaled, ...rest } = state;
  return { ...rest, remembered: numbersToJSON(remembered ?? []), ...(isUnscaled ? { isUnscaled } : {}) };
}

/** Where training stands, with the optimizer's arrays apart; those are good until the next allocation. */
export function stateOf({ layout, isUnscaled }: Model) {
  const { memory, ...progress } = layout.progress;
  const remembered = progress.step > 0 || progress.pending > 0 ? layout.state() : undefined;
  return { state: { ...progress, memory: [...memory], plateau: { ...layout.plateau }, isUnscaled }, remembered };
}

/** Counts, beyond which JavaScript's numbers or the core's words do not go. */
const COUNTS = { step: 2 ** 53 - 1, epoch: 2 ** 32 - 1, batches: 2 ** 32 - 1, age: 2 ** 53 - 1, seen: 2 ** 53 - 1 };
const POWERS = ["power1", "power2", "power3"] as const;

/** Which of an optimizer's arrays hold means, sums or maxima of squares or sizes. Their roots are taken: none is below 0. */
const MEANS_OF_SQUARES: Readonly<Record<number, readonly number[] | undefined>> = {
  [ADAM]: [1],
  [AMSGRAD]: [0, 2],
  [ADAMAX]: [0],
  [NADAM]: [0],
  [RADAM]: [0],
  [ADAGRAD]: [0],
  [RMSPROP]: [0],
  [ADADELTA]: [0, 1],
};

/**
 * Gives a model that was just read the state of its training.
 * @throws PropagoError ERR_FORMAT for anything that `stateToJSON` would not have written for it.
 */
export function restoreState(model: Model, json: unknown): void {
  const { layout, description } = model;
  const { optimizer } = description;
  const given: Record<string, unknown> = isPlain(json) ? { ...json } : {};
  const number = (from: Record<string, unknown>, name: string, most: number, isWhole = true): number => {
    const value = from[name];
    if (typeof value === "number" && value >= 0 && value <= most && (!isWhole || Number.isInteger(value))) return value;
    throw bad(`${name} must be ${isWhole ? "a whole number" : "a number"} from 0 to ${most}`, value);
  };
  const counts = Object.entries(COUNTS).map(([name, most]) => [name, number(given, name, most)]);
  const powers = POWERS.map((name) => [name, number(given, name, 1, false)]);
  const pending = number(given, "pending", optimizer.accumulate - 1);
  const pendingRows = number(given, "pendingRows", 2 ** 31 - 1);
  const { memory, remembered, plateau, isUnscaled = false } = given;
  const isSearch = optimizer.search === true;
  // Of lbfgs the first is a count, by which it finds its arrays.
  const isMemory = (value: unknown): boolean =>
    typeof value === "number" &&
    value >= 0 &&
    value < 2 ** 53 &&
    (optimizer.name !== "lbfgs" || Number.isInteger(value));
  if (!isArray(memory) || memory.length > (isSearch ? 2 : 0) || !Array.from(memory).every(isMemory)) {
    throw bad("memory must be the few numbers that the optimizer remembers", memory);
  }
  // Before the first step there is nothing to remember.
  const hasBegun = Number(given.step) > 0 || pending > 0;
  const arrays = !hasBegun && isArray(remembered) && remembered.length === 0 ? undefined : remembered;
  const numbers =
    arrays === undefined
      ? undefined
      : isBlock(arrays, layout)
        ? arrays
        : readNumbersJSON(arrays, "state.remembered", layout.remembered, description.dtype);
  if (numbers) checkMeansOfSquares(model, numbers);
  if (!isPlain(plateau)) throw bad("plateau must be an object", plateau);
  const {
    scale,
    best,
    bad: without,
    cooldown,
  } = readFields(plateau, "state.plateau", ["scale", "best", "bad", "cooldown"]);
  const steps = { scale, bad: without, cooldown };
  number(steps, "scale", 1, false);
  number(steps, "bad", COUNTS.step);
  number(steps, "cooldown", COUNTS.step);
  if (best !== undefined && !Number.isFinite(best)) throw bad("plateau.best must be a number", best);
  if (typeof isUnscaled !== "boolean") throw bad("isUnscaled must be true or false", isUnscaled);
  if (numbers) layout.state().set(numbers);
  layout.progress = {
    ...(Object.fromEntries([...counts, ...powers]) as typeof layout.progress),
    pending,
    pendingRows,
    memory: memory as number[],
  };
  Object.assign(layout.plateau, steps, best === undefined ? {} : { best });
  model.isUnscaled = model.isUnscaled && isUnscaled;
}

/** Whether these are the numbers themselves, as a checkpoint has them. */
function isBlock(value: unknown, { engine, remembered }: Model["layout"]): value is FloatArray {
  const Kind = engine.bytes === 4 ? Float32Array : Float64Array;
  return value instanceof Kind && value.length === remembered;
}

/** Refuses means of squares below 0. */
function checkMeansOfSquares({ layout, description }: Model, numbers: FloatArray): void {
  const { trainable } = layout;
  for (const array of MEANS_OF_SQUARES[description.optimizer.rule.id] ?? []) {
    const own = numbers.subarray(array * trainable, (array + 1) * trainable) as Float64Array;
    const place = own.findIndex((value) => value < 0);
    if (place < 0) continue;
    throw bad(`remembered[${array * trainable + place}] is a mean of squares, which must be 0 or more`, own[place]);
  }
}

function bad(expected: string, value: unknown): PropagoError {
  return new PropagoError("ERR_FORMAT", `a saved network's state: ${expected}, got ${show(value)}`);
}

/**
 * A network's description as it is saved, where its rate is a function.
 * @param learningRate what is to stand for it.
 * @throws PropagoError ERR_CONFIG where nothing is said to.
 */
export function specWithRate({ description }: Model, learningRate: unknown): NetworkDescription["spec"] {
  const { spec, optimizer } = description;
  const { schedule } = optimizer;
  if (schedule === undefined || schedule.spec !== undefined) {
    throw new PropagoError("ERR_CONFIG", "toJSON: this learningRate is no function, so nothing may stand for it");
  }
  if (learningRate === undefined || typeof learningRate === "function") {
    const advice = "say what stands for it, as toJSON({ learningRate: 0.01 }), or train with a schedule by name";
    throw new PropagoError("ERR_CONFIG", `optimizer.learningRate is a function, which JSON cannot hold: ${advice}`);
  }
  return describe({ ...spec, optimizer: { ...(spec.optimizer as object), learningRate } }).spec;
}
