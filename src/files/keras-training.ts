// Losses and optimizers by Keras's names, for models that are trained on. What has no equal here is said in a note.
import { show } from "../ground/errors.ts";
import type { ActivationSpec } from "../tables/activations.ts";
import { isObject } from "./json.ts";

const LOSSES: Readonly<Record<string, string>> = {
  categoricalcrossentropy: "categoricalCrossEntropy",
  sparsecategoricalcrossentropy: "categoricalCrossEntropy",
  binarycrossentropy: "binaryCrossEntropy",
  mse: "meanSquaredError",
  meansquarederror: "meanSquaredError",
  mae: "meanAbsoluteError",
  meanabsoluteerror: "meanAbsoluteError",
  mape: "meanAbsolutePercentageError",
  meanabsolutepercentageerror: "meanAbsolutePercentageError",
  msle: "meanSquaredLogarithmicError",
  meansquaredlogarithmicerror: "meanSquaredLogarithmicError",
  huber: "huber",
  huberloss: "huber",
  logcosh: "logCosh",
  hinge: "hinge",
  squaredhinge: "squaredHinge",
  poisson: "poisson",
  kld: "klDivergence",
  kldivergence: "klDivergence",
  kullbackleiblerdivergence: "klDivergence",
};

/** Losses that need a certain last activation. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  categoricalCrossEntropy: ["softmax", "logSoftmax"],
  binaryCrossEntropy: ["sigmoid"],
};

/** mean_squared_error, MeanSquaredError and meanSquaredError are one. */
function plainName(value: string): string {
  return value.replaceAll("_", "").toLowerCase();
}

/** The loss of ours that a model was compiled with; undefined leaves the choice to the network. */
export function kerasLoss(value: unknown, last: ActivationSpec | undefined, notes: string[]): string | undefined {
  if (value === undefined || value === null) return undefined;
  const config = isObject(value) && isObject(value.config) ? value.config : {};
  const given: unknown = isObject(value) ? (value.class_name ?? config.name) : value;
  const name = typeof given === "string" ? LOSSES[plainName(given)] : undefined;
  if (name === undefined) {
    notes.push(`the loss ${show(given)} has no equal here; the one that fits the last activation is used`);
    return undefined;
  }
  const activation = typeof last === "object" ? last.name : (last ?? "linear");
  if (config.from_logits === true || (name in NEEDS && !NEEDS[name].includes(activation))) {
    notes.push(`the loss ${show(given)} was computed from ${activation} outputs; the one that fits these is used`);
    return undefined;
  }
  return name;
}

/** Keras's options of an optimizer, and ours. */
const OPTIONS: Readonly<Record<string, string>> = {
  momentum: "momentum",
  nesterov: "nesterov",
  beta_1: "beta1",
  beta_2: "beta2",
  epsilon: "epsilon",
  amsgrad: "amsgrad",
  rho: "rho",
  centered: "centered",
};

const OPTIMIZERS: Readonly<Record<string, readonly string[]>> = {
  sgd: ["momentum", "nesterov"],
  adam: ["beta_1", "beta_2", "epsilon", "amsgrad"],
  adamw: ["beta_1", "beta_2", "epsilon", "amsgrad"],
  rmsprop: ["rho", "epsilon", "centered", "momentum"],
  adagrad: ["epsilon"],
  adadelta: ["rho", "epsilon"],
};

/** The optimizer of ours that a model was compiled with; undefined leaves the choice to the network. */
export function kerasOptimizer(value: unknown, notes: string[]): object | undefined {
  if (!isObject(value)) return undefined;
  const config = isObject(value.config) ? value.config : {};
  const given: unknown = value.class_name ?? config.name;
  const name = typeof given === "string" ? plainName(given) : "";
  const rate: unknown = config.learning_rate ?? config.lr ?? config.learningRate;
  if (!Object.hasOwn(OPTIMIZERS, name) || typeof rate !== "number" || !(rate > 0 && Number.isFinite(rate))) {
    notes.push(`the optimizer ${show(given)} with learning rate ${show(rate)} has no equal here; the default is used`);
    return undefined;
  }
  const options: Record<string, unknown> = { name, learningRate: rate, flavor: "keras" };
  for (const key of OPTIMIZERS[name]) {
    const own = config[key];
    if (typeof own === "boolean" || (typeof own === "number" && own >= (key === "epsilon" ? 1e-30 : 0) && own < 1)) {
      options[OPTIONS[key]] = own;
    }
  }
  notes.push("the optimizer's state is left out: training begins with fresh averages");
  return options;
}
