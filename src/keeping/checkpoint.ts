// A network as a checkpoint holds it: what it is, its weights, the optimizer's memory, and the training that is under way.
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain, readObject } from "../ground/options.ts";
import type { Model } from "../memory/model.ts";
import type { ResumeOptions } from "../network/options.ts";
import { restoreState, stateOf } from "../network/state.ts";
import type { Loop } from "../training/loop.ts";
import type { Looks, Warnings } from "../training/warnings.ts";
import { array, differ, keepFit, resumeFit } from "./fit.ts";
import { type Packed, bad, pack, unpack } from "./packing.ts";

/** The package's version, put in by scripts/bundle.ts. Bits may differ from one to the next. */
declare const PROPAGO_VERSION: string | undefined;
export const RELEASE = typeof PROPAGO_VERSION === "string" ? PROPAGO_VERSION : "unpublished";

/** What stands for a learningRate that is a function, which no file can hold. */
const FUNCTION = "a function";

/** The bytes of a network, and of the training under way if there is one. */
export function checkpointOf(model: Model, warnings: Warnings): Uint8Array<ArrayBuffer> {
  const waiting = model.resumed;
  // What it was resumed from, as long as nothing has changed it.
  if (waiting !== undefined && "bytes" in waiting) return (waiting.bytes as Uint8Array<ArrayBuffer>).slice();
  const loop = model.loop as Loop | undefined;
  const fit = loop && keepFit(model, loop);
  const { state, remembered } = stateOf(model);
  return pack(
    {
      kind: "network",
      propago: RELEASE,
      network: specOf(model),
      state,
      isAnew: model.isBegunAnew,
      looks: { ...warnings.looks },
      told: [...warnings.told],
      fit: fit?.head,
    },
    { params: model.layout.params().slice(), remembered: remembered?.slice(), ...fit?.arrays },
  );
}

function specOf({ description }: Model): Record<string, unknown> {
  const { spec, optimizer } = description;
  const isFunction = optimizer.schedule !== undefined && optimizer.schedule.spec === undefined;
  return isFunction ? { ...spec, optimizer: { ...(spec.optimizer as object), learningRate: FUNCTION } } : { ...spec };
}

/**
 * The content of a checkpoint of this kind.
 * @throws PropagoError ERR_FORMAT for any other, and for one of another version.
 */
export function open(bytes: unknown, kind: string): Packed {
  const packed = unpack(bytes);
  const { kind: own, propago } = packed.head;
  if (own !== kind) throw bad(`it is one of a ${printed(own)}, and not of a ${kind}`);
  if (propago !== RELEASE) {
    const advice = "bits may differ from version to version: go on with that one, or begin anew";
    throw bad(`it was made by propago ${printed(propago)}, and this is ${RELEASE}; ${advice}`);
  }
  return packed;
}

function printed(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 40) : show(value);
}

/** A new network with its inside, for who fills it. */
type Make<N> = (options: object) => { network: N; model: Model; warnings: Warnings };

/**
 * The network of a checkpoint. Its next fit goes on with the training that was under way.
 * @throws PropagoError ERR_FORMAT for what is no checkpoint of a network, or one of another version.
 */
export function resume<N>(bytes: unknown, more: ResumeOptions, make: Make<N>): N {
  const given = readObject(more, "resume options", ["build", "learningRate"]);
  const packed = open(bytes, "network");
  const spec = packed.head.network;
  if (!isPlain(spec)) throw bad("it does not describe a network");
  const { network, model, warnings } = make({ ...withRate(spec, given.learningRate), build: given.build });
  try {
    restore(model, warnings, packed);
  } catch (error) {
    model.dispose();
    throw error;
  }
  if (packed.head.fit !== undefined) awaitFit(model, packed, bytes);
  return network;
}

/** Puts a function in its place, where the rate was one. */
function withRate(spec: Record<string, unknown>, learningRate: unknown): Record<string, unknown> {
  const isFunction = isPlain(spec.optimizer) && spec.optimizer.learningRate === FUNCTION;
  if (isFunction && typeof learningRate === "function") {
    return { ...spec, optimizer: { ...(spec.optimizer as object), learningRate } };
  }
  if (!isFunction && learningRate === undefined) return spec;
  const text = isFunction
    ? "this checkpoint's learningRate was a function, which no file can hold: give it, as Network.resume(checkpoint, { learningRate })"
    : "this checkpoint's learningRate was no function, so it has all of it: leave learningRate out";
  throw new PropagoError("ERR_CONFIG", `resume: ${text}`);
}

/** Fills a network that is described as that of the checkpoint. */
function restore(model: Model, warnings: Warnings, { head, arrays }: Packed): void {
  const params = array(arrays, "params", model.layout.count, model);
  const { looks, told, state } = head;
  if (!isPlain(state)) throw bad("it does not say where training stands");
  restoreState(model, { ...state, remembered: arrays.get("remembered") ?? [] });
  model.isUnscaled = state.isUnscaled === true && model.isUnscaled;
  model.layout.params().set(params);
  model.isBegunAnew = head.isAnew === true;
  if (isPlain(looks)) Object.assign(warnings.looks, readLooks(looks));
  if (Array.isArray(told)) for (const one of told) if (typeof one === "string") warnings.told.add(one);
}

function readLooks({ first, trained, looked, due }: Record<string, unknown>): Looks {
  const number = (value: unknown): number => (typeof value === "number" ? value : 0);
  return {
    first: typeof first === "number" ? first : undefined,
    trained: number(trained),
    looked: number(looked),
    due: number(due),
  };
}

/** Lets the next fit go on with the training that was under way. */
function awaitFit(model: Model, { head, arrays }: Packed, given: unknown): void {
  const bytes = new Uint8Array(given as Uint8Array);
  const next = (loop: object): void => {
    resumeFit(model, loop as Loop, head.fit, arrays);
    model.resumed = undefined;
  };
  model.resumed = Object.assign(next, { bytes });
}

/**
 * Lets a training that was made ready go on from a checkpoint of the same network.
 * @throws PropagoError ERR_CONFIG, ERR_DATA or ERR_FORMAT where it is one of something else.
 */
export function goOn(model: Model, loop: Loop, bytes: unknown): void {
  const packed = open(bytes, "network");
  const { head, arrays } = packed;
  differ(head.network, specOf(model), (name, before, now) => {
    const text = `the network's ${name} was ${before} when the checkpoint was made, and is ${now} now`;
    return new PropagoError("ERR_CONFIG", `${text}. Go on with what it was made with, or begin anew without it`);
  });
  if (head.fit === undefined) throw bad("there was no training under way: Network.resume() takes it");
  // Checked before anything changes: a call that fails leaves the network as it was.
  const kept = { params: model.layout.params().slice(), progress: model.layout.progress };
  const state = model.layout.state().slice();
  const plateau = { ...model.layout.plateau };
  const { isUnscaled } = model;
  try {
    // What the checkpoint does not have was nothing.
    model.layout.state().fill(0);
    delete model.layout.plateau.best;
    restore(model, loop.warnings, packed);
    resumeFit(model, loop, head.fit, arrays);
  } catch (error) {
    model.layout.params().set(kept.params);
    model.layout.state().set(state);
    model.layout.progress = kept.progress;
    Object.assign(model.layout.plateau, plateau);
    model.isUnscaled = isUnscaled;
    throw error;
  }
}
