// Names of other libraries: an error names ours, wherever the name stands.
import { describe, expect, test } from "vitest";
import { didYouMean } from "../src/ground/errors.ts";
import { Classifier, Network, PropagoError, Regressor, dense } from "../src/index.ts";
import { ACTIVATIONS } from "../src/tables/activations.ts";
import { FOREIGN } from "../src/tables/foreign-names.ts";
import { INITIALIZERS } from "../src/tables/whole.ts";
import { LOSSES } from "../src/tables/losses.ts";
import { COMMON } from "../src/tables/optimizers.ts";
import { SCHEDULES } from "../src/tables/whole.ts";
import { LAYERS, METRICS, OPTIMIZERS } from "../src/tables/whole.ts";
import { failure } from "./failure.ts";

/** What a call that must fail says. */
function said(call: () => unknown): string {
  const error = failure(call);
  expect(error).toBeInstanceOf(PropagoError);
  expect((error as PropagoError).code).toBe("ERR_CONFIG");
  return (error as PropagoError).message;
}

const network = (options: object) => (): unknown =>
  new Network({ inputs: 2, layers: [dense(1, "sigmoid")], ...options });
const layer = (options: object) => network({ layers: [options] });
const fit = (options: object) => (): unknown =>
  new Network({ inputs: 1, layers: [dense(1, "sigmoid")] }).fitSync({ x: [[1], [2], [3]], y: [0, 1, 0] }, options);
const classifier = (options: object) => (): unknown => new Classifier(options);

/** How a word is passed in, the word, and what the error offers. */
const CASES: readonly [make: (word: string) => () => unknown, words: string, ours: string][] = [
  [(loss) => network({ loss }), "mse MSE MSELoss mean_squared_error meanSquaredErrorLoss", "meanSquaredError"],
  [(loss) => network({ loss }), "mae L1Loss mean_absolute_error absoluteDifference", "meanAbsoluteError"],
  [(loss) => network({ loss }), "SmoothL1Loss huber_loss", "huber"],
  [(loss) => network({ loss }), "binary_crossentropy BCELoss BCEWithLogitsLoss log_loss", "binaryCrossEntropy"],
  [
    (loss) => network({ loss }),
    "crossentropy cross_entropy CrossEntropyLoss categorical_crossentropy sparse_categorical_crossentropy NLLLoss",
    "categoricalCrossEntropy",
  ],
  [(loss) => network({ loss }), "KLDivLoss kl_divergence kullback_leibler_divergence", "klDivergence"],
  [(optimizer) => network({ optimizer }), "SGD gradientDescent momentum", "sgd"],
  [(optimizer) => network({ optimizer }), "Adam", "adam"],
  [(optimizer) => network({ optimizer }), "AdamW adam_w", "adamw"],
  [(optimizer) => network({ optimizer }), "RMSprop RMSProp", "rmsprop"],
  [(optimizer) => network({ optimizer }), "LBFGS L-BFGS-B bfgs", "lbfgs"],
  [(optimizer) => network({ optimizer }), "trainlm lm", "levenbergMarquardt"],
  [(key) => network({ optimizer: { name: "adam", [key]: 0.1 } }), "lr learning_rate learningrate", "learningRate"],
  [(key) => network({ optimizer: { name: "adam", [key]: 0.1 } }), "beta_1 betas", "beta1"],
  [(key) => network({ optimizer: { name: "adam", [key]: 0.1 } }), "eps", "epsilon"],
  [(key) => network({ optimizer: { name: "sgd", [key]: 0.1 } }), "weight_decay", "weightDecay"],
  [(name) => network({ optimizer: { name: "sgd", learningRate: { name } } }), "StepLR", "step"],
  [(name) => network({ optimizer: { name: "sgd", learningRate: { name } } }), "ReduceLROnPlateau", "reduceOnPlateau"],
  [(name) => network({ optimizer: { name: "sgd", learningRate: { name } } }), "CosineAnnealingLR", "cosine"],
  [(type) => layer({ type, units: 1 }), "Dense Linear fc", "dense"],
  [(type) => layer({ type }), "BatchNormalization BatchNorm1d batch_norm", "batchNorm"],
  [(type) => layer({ type, rate: 0.5 }), "Dropout", "dropout"],
  [(activation) => layer({ type: "dense", units: 1, activation }), "ReLU rectifier", "relu"],
  [(activation) => layer({ type: "dense", units: 1, activation }), "swish SiLU", "silu"],
  [(activation) => layer({ type: "dense", units: 1, activation }), "logistic Sigmoid", "sigmoid"],
  [(activation) => layer({ type: "dense", units: 1, activation }), "identity", "linear"],
  [(activation) => layer({ type: "dense", units: 1, activation }), "LeakyReLU leaky_relu leaky-relu", "leakyRelu"],
  [(init) => layer({ type: "dense", units: 1, init }), "xavier_uniform glorot_uniform", "glorotUniform"],
  [(init) => layer({ type: "dense", units: 1, init }), "kaiming_normal he_normal", "heNormal"],
  [(key) => layer({ type: "dense", units: 1, [key]: 1 }), "use_bias useBias", "bias"],
  [(key) => layer({ type: "dense", units: 1, [key]: 1 }), "kernel_initializer", "init"],
  [(key) => layer({ type: "dense", [key]: 1 }), "out_features", "units"],
  [(key) => layer({ type: "dropout", [key]: 1 }), "p", "rate"],
  [(key) => network({ [key]: 1 }), "input_shape inputShape in_features inputSize", "inputs"],
  [(key) => network({ [key]: [4] }), "hiddenLayers", "layers"],
  [(key) => fit({ [key]: 1 }), "epoch iterations max_iter Epochs", "epochs"],
  [(key) => fit({ [key]: 1 }), "batch_size batchsize", "batchSize"],
  [(key) => fit({ [key]: 1 }), "validation_split validationData validation_data", "validation"],
  [(key) => fit({ [key]: 1 }), "errorThresh", "targetLoss"],
  [(key) => fit({ [key]: 1 }), "callbacks verbose", "onEpoch"],
  [(key) => fit({ [key]: 1 }), "sample_weight", "sampleWeights"],
  [(key) => fit({ earlyStopping: { [key]: 1 } }), "restore_best_weights restoreBestWeights", "restoreBest"],
  [(key) => fit({ earlyStopping: { [key]: 1 } }), "min_delta", "minDelta"],
  [
    (monitor) => fit({ earlyStopping: { monitor }, validation: 0.34 }),
    "val_loss valLoss validaton.loss",
    "validation.loss",
  ],
  [(monitor) => fit({ earlyStopping: { monitor }, validation: 0.34 }), "val_acc val_accuracy", "validation.accuracy"],
  [(monitor) => fit({ earlyStopping: { monitor } }), "acc acuracy", "accuracy"],
  [(metric) => fit({ metrics: [metric] }), "acc categorical_accuracy", "accuracy"],
  [(metric) => fit({ metrics: [metric] }), "roc_auc auc AUC", "rocAuc"],
  [(metric) => fit({ metrics: [metric] }), "mse rmse", "rootMeanSquaredError"],
  [(key) => classifier({ [key]: 1 }), "hidden_layer_sizes hiddenLayers", "hidden"],
  [(key) => classifier({ [key]: 1 }), "solver", "optimizer"],
  [(key) => classifier({ [key]: 1 }), "random_state", "seed"],
  [(key) => () => new Regressor({ [key]: 1 }), "alpha", "l2"],
];

test.each(CASES.flatMap(([make, words, ours]) => words.split(" ").map((word) => [word, ours, make] as const)))(
  "%s is %s",
  (word, ours, make) => {
    expect(said(make(word))).toMatch(new RegExp(`did you mean (".*" or )?"${ours.replace(".", "\\.")}"`));
  },
);

test.each([
  [network({ lr: 0.1 }), "learningRate belongs in the optimizer"],
  [network({ learning_rate: 0.1 }), "learningRate belongs in the optimizer"],
  [network({ epochs: 5 }), "epochs belongs in the options of fit"],
  [network({ activation: "relu" }), "activation belongs in a layer"],
  [fit({ optimizer: "adam" }), "optimizer belongs in the options of the network"],
  [fit({ patience: 5 }), "patience belongs in earlyStopping"],
  [classifier({ early_stopping: true }), "earlyStopping belongs in the options of fit"],
  [layer({ type: "conv2d" }), "propago has no convolutions"],
  [layer({ type: "LSTM" }), "propago has no recurrent layers"],
])("what belongs elsewhere is sent there, %#", (call, advice) => {
  expect(said(call)).toContain(advice);
});

test("what is like nothing gets the list alone", () => {
  expect(said(network({ loss: "qqq" }))).toMatch(/^loss: unknown loss "qqq"; known: squaredError, /);
});

describe("the table", () => {
  const rows = [ACTIVATIONS, INITIALIZERS, LOSSES, SCHEDULES, LAYERS, METRICS, OPTIMIZERS].flatMap(Object.entries);
  const options = rows.flatMap(([, row]: [string, { options?: object }]) => Object.keys(row.options ?? {}));
  const others =
    "x y inputs layers loss optimizer seed dtype l1 l2 maxNorm hidden ensemble units activation bias init biasInit epochs " +
    "batchSize validation metrics sampleWeights classWeights targetLoss timeLimit threads onEpoch onBatch patience " +
    "restoreBest minDelta monitor classes dense validation.loss validation.accuracy";
  const known = new Set([...rows.map(([name]) => name), ...options, ...Object.keys(COMMON), ...others.split(" ")]);

  test("gives names that there are", () => {
    expect(Object.keys(FOREIGN).filter((name) => !known.has(name))).toEqual([]);
  });

  test("has its foreign names in the form in which they are looked up", () => {
    expect(
      Object.values(FOREIGN).flatMap((names) => names.split(" ").filter((name) => /[^a-z0-9]/.test(name))),
    ).toEqual([]);
  });
});

describe("without the table, as in a page", () => {
  test("initials stand for a name", () => {
    expect(didYouMean("mse", Object.keys(LOSSES))).toBe(' (did you mean "meanSquaredError"?)');
    expect(didYouMean("BCELoss", Object.keys(LOSSES))).toBe(' (did you mean "binaryCrossEntropy"?)');
    expect(didYouMean("lr", ["l1", "learningRate"])).toBe(' (did you mean "learningRate"?)');
  });

  test("two letters are like nothing else", () => {
    expect(didYouMean("lr", ["l1", "l2"])).toBe("");
    expect(didYouMean("", ["a"])).toBe("");
  });
});
