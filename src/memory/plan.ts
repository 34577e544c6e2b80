// Writes a plan: the words by which the core knows a network.
import {
  DENSE,
  EXTRA_NORMS,
  EXTRA_STATISTICS,
  KERAS,
  LAYER_ACTIVATION,
  LAYER_BYTES,
  LAYER_FOLLOW,
  LAYER_IN,
  LAYER_KIND,
  LAYER_L1,
  LAYER_L2,
  LAYER_MAX_NORM,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_TRAINABLE,
  LAYER_UNBIASED,
  MOMENTUM,
  NESTEROV,
  PLAN_ACCUMULATE,
  PLAN_AVERAGE_DECAY,
  PLAN_AVERAGE_START,
  PLAN_BYTES,
  PLAN_CLIP_NORM,
  PLAN_CLIP_VALUE,
  PLAN_COUNT,
  PLAN_EXTRAS,
  PLAN_FIRST,
  PLAN_FLAVOR,
  PLAN_HYPER,
  PLAN_INPUTS,
  PLAN_INPUT_SCALE,
  PLAN_LAYERS,
  PLAN_LEARNING_RATE,
  PLAN_LOSS,
  PLAN_LOSS_PARAMETER,
  PLAN_ONLINE,
  PLAN_OPTIMIZER,
  PLAN_OUTPUTS,
  PLAN_PARAMS,
  PLAN_PREPARES,
  PLAN_SEED,
  PLAN_TALLY,
  PLAN_TRAINABLE,
  PLAN_WEIGHT_DECAY,
  PLAN_WHOLE,
  SGD,
  TRAIN_BIAS,
  TRAIN_STATISTICS,
  TRAIN_WEIGHTS,
} from "../../assembly/plan.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { LayerDescription } from "../description/layer.ts";
import type { Optimizer } from "../description/optimizer.ts";

/** Addresses and sizes that a plan says. */
export interface PlanAddresses {
  plan: number;
  params: number;
  tally: number;
  /** Numbers of the flat block, and those of them, from the first, that training changes. */
  count: number;
  trainable: number;
}

/** Writes what a description says into a plan and its layers' records; all else is 0 there. */
export function writePlan(view: DataView, description: NetworkDescription, addresses: PlanAddresses): void {
  const { inputs, outputs, layers, loss, optimizer, seed, inputScale } = description;
  const { plan, params, tally, count, trainable } = addresses;
  const set = (offset: number, value: number): void => view.setUint32(offset, value, true);
  set(PLAN_LAYERS, layers.length);
  set(PLAN_FIRST, plan + PLAN_BYTES);
  set(PLAN_INPUTS, inputs);
  set(PLAN_OUTPUTS, outputs);
  set(PLAN_LOSS, loss.id);
  view.setFloat64(PLAN_LOSS_PARAMETER, loss.parameter, true);
  set(PLAN_PARAMS, params);
  set(PLAN_COUNT, count);
  set(PLAN_TRAINABLE, trainable);
  set(PLAN_OPTIMIZER, optimizer.rule.id);
  set(PLAN_ONLINE, isOnline(description) ? 1 : 0);
  set(PLAN_PREPARES, prepares(optimizer) ? 1 : 0);
  const { rule, accumulate } = optimizer;
  set(PLAN_FLAVOR, optimizer.flavor);
  set(PLAN_ACCUMULATE, accumulate);
  set(PLAN_WHOLE, optimizer.clipNorm > 0 || accumulate > 1 || rule.blocks !== undefined ? 1 : 0);
  view.setFloat64(PLAN_AVERAGE_DECAY, optimizer.averaging?.decay ?? 0, true);
  view.setFloat64(PLAN_AVERAGE_START, optimizer.averaging?.start ?? 0, true);
  view.setFloat64(PLAN_INPUT_SCALE, inputScale, true);
  set(PLAN_SEED, seed);
  const follows = layers.some(({ statistics }) => statistics !== undefined);
  const limits = layers.some(({ maxNorm }) => maxNorm > 0);
  set(PLAN_EXTRAS, (follows ? EXTRA_STATISTICS : 0) | (limits ? EXTRA_NORMS : 0));
  set(PLAN_TALLY, tally);
  view.setFloat64(PLAN_LEARNING_RATE, optimizer.learningRate, true);
  view.setFloat64(PLAN_WEIGHT_DECAY, optimizer.weightDecay, true);
  view.setFloat64(PLAN_CLIP_VALUE, optimizer.clipValue, true);
  view.setFloat64(PLAN_CLIP_NORM, optimizer.clipNorm, true);
  for (const [place, value] of Object.entries(optimizer.rule.hyper)) {
    view.setFloat64(PLAN_HYPER + 8 * Number(place), value, true);
  }
  for (const [i, layer] of layers.entries()) writeLayer(view, PLAN_BYTES + i * LAYER_BYTES, layer);
}

/** Writes a layer's record. */
function writeLayer(view: DataView, at: number, layer: LayerDescription): void {
  const set = (offset: number, value: number): void => view.setUint32(offset, value, true);
  set(at + LAYER_KIND, layer.kind);
  set(at + LAYER_IN, layer.inputs);
  set(at + LAYER_OUT, layer.units);
  set(at + LAYER_ACTIVATION, layer.activation.id);
  const { statistics } = layer;
  set(
    at + LAYER_TRAINABLE,
    (layer.trainWeights ? TRAIN_WEIGHTS : 0) |
      (layer.trainBias ? TRAIN_BIAS : 0) |
      (statistics?.trained ? TRAIN_STATISTICS : 0),
  );
  view.setFloat64(at + LAYER_PARAMETER, layer.parameter, true);
  view.setFloat64(at + LAYER_L1, layer.l1, true);
  view.setFloat64(at + LAYER_L2, layer.l2, true);
  view.setFloat64(at + LAYER_MAX_NORM, layer.maxNorm, true);
  view.setFloat64(at + LAYER_FOLLOW, statistics?.follow ?? 0, true);
  set(at + LAYER_UNBIASED, statistics?.unbiased ? 1 : 0);
}

/** Whether single samples may take the shorter way through a step: plain gradient descent on dense layers. */
function isOnline({ layers, optimizer }: NetworkDescription): boolean {
  const isPlain = layers.every(
    (layer) =>
      layer.kind === DENSE &&
      layer.trainWeights &&
      layer.trainBias === layer.bias &&
      layer.l1 + layer.l2 + layer.maxNorm === 0,
  );
  const { rule, accumulate, averaging } = optimizer;
  const isDirect = rule.id === SGD && !prepares(optimizer) && accumulate === 1 && averaging === undefined;
  return isDirect && isPlain;
}

/** Whether anything comes before the rule: clipping, decay, or the rate, where Keras's velocities hold it. */
function prepares({ weightDecay, clipNorm, clipValue, flavor, rule }: Optimizer): boolean {
  const isInside = flavor === KERAS && (rule.id === MOMENTUM || rule.id === NESTEROV);
  return weightDecay + clipNorm + clipValue > 0 || isInside;
}
