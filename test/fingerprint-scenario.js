// Trains small networks that between them pass through every activation, loss, optimizer, schedule, initialiser and
// shuffle, and tells what came out, to the bit. The same file runs in every Node and in browsers; `npm run test:runtimes`
// compares the answers, and fingerprint.test.ts compares them with golden/fingerprints.json.
// Plain ECMAScript without imports, since a page loads it as it is.

/** Numbers in [-1, 1) that need no function of Math: the top bits of a linear congruential generator. */
function numbers(count, seed) {
  const result = new Float64Array(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    result[i] = (state >>> 8) / 8388608 - 1;
  }
  return result;
}

const fewInputs = 5;
const fewRows = 23; // not a multiple of any batch size below

/** Targets that fit a loss. */
function targets(loss, outputs, rows) {
  if (loss === "categoricalCrossEntropy") return Int32Array.from({ length: rows }, (_, r) => (r * 7) % outputs);
  const values = numbers(rows * outputs, 99);
  const unit = ["binaryCrossEntropy", "sigmoidCrossEntropy", "poisson", "meanSquaredLogarithmicError"].includes(loss);
  if (loss === "klDivergence") return values.map((_, i) => Number(i % outputs === Math.floor(i / outputs) % outputs));
  if (loss === "hinge" || loss === "squaredHinge") return values.map((value) => (value > 0 ? 1 : -1));
  return unit ? values.map((value) => (value > 0 ? 1 : 0)) : values;
}

/** The scenario's networks by name. */
function cases({ activation, alphaDropout, batchNorm, dense, dropout, gaussianNoise, layerNorm }) {
  const list = {};
  const hidden = ["linear", "sigmoid", "tanh", "relu", "leakyRelu", { name: "leakyRelu", slope: 0.2 }, "softmax"];
  hidden.push(
    "elu",
    { name: "elu", alpha: 0.7 },
    "selu",
    "celu",
    { name: "celu", alpha: 1.3 },
    "gelu",
    "geluTanh",
    "silu",
  );
  hidden.push("mish", "softplus", "softsign", "hardSigmoid", "hardTanh", "hardSwish", "relu6", "gaussian", "sine");
  hidden.push("logSigmoid", "logSoftmax");
  for (const name of hidden) {
    const key = `activation ${typeof name === "string" ? name : JSON.stringify(name)}`;
    list[key] = { layers: [dense(7, name), dense(3, "linear")], loss: "meanSquaredError" };
  }
  for (const [loss, last] of [
    ["squaredError", "tanh"],
    ["meanSquaredError", "sigmoid"],
    ["binaryCrossEntropy", "sigmoid"],
    ["sigmoidCrossEntropy", "sigmoid"],
    ["categoricalCrossEntropy", "softmax"],
    [{ name: "binaryCrossEntropy", labelSmoothing: 0.2 }, "sigmoid"],
    [{ name: "sigmoidCrossEntropy", labelSmoothing: 0.2 }, "sigmoid"],
    [{ name: "categoricalCrossEntropy", labelSmoothing: 0.1 }, "softmax"],
    [{ name: "categoricalCrossEntropy", labelSmoothing: 0.2 }, "logSoftmax"],
    ["meanAbsoluteError", "linear"],
    [{ name: "huber", delta: 0.5 }, "linear"],
    ["logCosh", "linear"],
    ["hinge", "tanh"],
    ["squaredHinge", "tanh"],
    ["poisson", "softplus"],
    ["meanAbsolutePercentageError", "linear"],
    ["meanSquaredLogarithmicError", "softplus"],
    [{ name: "quantile", q: 0.8 }, "linear"],
    ["klDivergence", "softmax"],
    ["klDivergence", "sigmoid"],
    ["cosineSimilarity", "linear"],
  ]) {
    const key = `loss ${typeof loss === "string" ? loss : JSON.stringify(loss)}`;
    list[list[key] === undefined ? key : `${key} behind ${last}`] = {
      layers: [dense(6, "tanh"), dense(3, last)],
      loss,
    };
  }
  for (const optimizer of [
    "sgd",
    { name: "sgd", learningRate: 0.05, momentum: 0.9 },
    { name: "sgd", learningRate: 0.05, momentum: 0.9, nesterov: true },
    "adam",
    { name: "adam", learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
    { name: "adam", learningRate: 0.01, amsgrad: true },
    "adagrad",
    { name: "rmsprop", momentum: 0.5 },
    { name: "rmsprop", centered: true, epsilon: 1e-3 },
    "adadelta",
    "adamw",
    "adamax",
    "nadam",
    "radam",
    "lion",
    "rprop",
    "quickprop",
    { name: "sgd", learningRate: 0.1, clipNorm: 0.3, weightDecay: 0.1 },
    { name: "sgd", learningRate: 0.1, clipValue: 0.01 },
    { name: "sgd", learningRate: 0.1, accumulate: 3 },
    { name: "adam", learningRate: 0.01, averaging: 0.9 },
    ...[
      { name: "sgd", learningRate: { name: "exponential", rate: 0.1, factor: 0.8 }, momentum: 0.9, nesterov: true },
      { name: "sgd", clipNorm: 0.1 },
      { name: "adagrad" },
      { name: "rmsprop", centered: true, momentum: 0.5 },
      { name: "adadelta" },
      { name: "adam" },
      { name: "adam", amsgrad: true },
      { name: "adamw" },
      { name: "adamax" },
      { name: "nadam" },
    ].map((optimizer) => ({ ...optimizer, flavor: "keras" })),
    "adasecant",
    { name: "adasecant", covariance: "aligned", adagrad: false, deltaClip: 0.5 },
    ...["l", "b", "g", "fd"].map((variant) => ({ name: "vsgd", variant, initialSamples: 16 })),
    ...[
      { name: "step", every: 4 },
      { name: "exponential", factor: 0.9 },
      { name: "inverseTime", decay: 0.1 },
      { name: "polynomial", steps: 20, power: 2 },
      { name: "cosine", steps: 13, min: 0.001 },
      { name: "cosineRestarts", steps: 3, factor: 2 },
      { name: "linearWarmup", steps: 7 },
      { name: "oneCycle", steps: 15 },
      { name: "constant", warmup: 6 },
      { name: "reduceOnPlateau", patience: 0, threshold: 0.9 },
    ].map((learningRate) => ({ name: "sgd", learningRate: { rate: 0.1, ...learningRate } })),
  ]) {
    list[`optimizer ${JSON.stringify(optimizer)}`] = { layers: [dense(9, "tanh"), dense(3, "softmax")], optimizer };
  }
  for (const optimizer of ["conjugateGradient", "scaledConjugateGradient", "lbfgs", "levenbergMarquardt"]) {
    list[`optimizer ${optimizer}`] = {
      layers: [dense(5, "tanh"), dense(2, "linear")],
      optimizer,
      fit: { batchSize: "full" },
    };
  }
  list["searching many rows, penalised"] = {
    layers: [dense(5, "tanh"), dense(2, "linear")],
    optimizer: { name: "lbfgs", history: 2 },
    l2: 0.01,
    rows: 300,
    fit: { batchSize: "full", validation: 0.3 },
  };
  for (const init of [
    "orthogonal",
    { name: "orthogonal", gain: 1.5 },
    "pytorch",
    "nguyenWidrow",
    "lsuv",
    "truncatedNormal",
    { name: "heNormal", truncated: true },
    "varianceScaling",
    { name: "varianceScaling", mode: "fanOut", distribution: "uniform" },
    "glorotUniform",
    "glorotNormal",
    "heUniform",
    "heNormal",
    "lecunUniform",
    "lecunNormal",
    "uniform",
    { name: "normal", mean: 0.1, deviation: 0.3 },
    { name: "constant", value: 0.25 },
    "ones",
  ]) {
    const key = `init ${typeof init === "string" ? init : JSON.stringify(init)}`;
    list[key] = { layers: [dense(6, "sigmoid", { init, biasInit: "uniform" }), dense(2, "softmax")] };
  }
  const weights = Array.from({ length: fewRows }, (_, r) => (r % 4) / 2);
  for (const fit of [
    { sampleWeights: weights },
    { sampleWeights: weights, batchSize: 1 },
    { sampleWeights: weights, shuffle: "withReplacement" },
    { classWeights: "balanced" },
  ]) {
    const { sampleWeights, ...rest } = fit;
    list[`weighted ${sampleWeights ? "rows" : "classes"} ${JSON.stringify(rest)}`] = {
      layers: [dense(6, "tanh"), dense(3, "softmax")],
      fit,
    };
  }
  for (const [name, layer] of Object.entries({
    dropout: dropout(0.3),
    alphaDropout: alphaDropout(0.2),
    gaussianNoise: gaussianNoise(0.1),
    batchNorm: batchNorm(),
    "batchNorm keras": batchNorm({ flavor: "keras" }),
    "batchNorm held": batchNorm({ trainable: false }),
    layerNorm: layerNorm(),
    "layerNorm keras": layerNorm({ flavor: "keras" }),
  })) {
    list[`layer ${name}`] = { layers: [dense(9, "tanh"), layer, dense(7, "relu"), dense(3, "softmax")] };
  }
  list["layers, accumulated"] = {
    layers: [dense(33, "selu", { maxNorm: 1 }), batchNorm(), dropout(0.2), dense(18, "tanh"), dense(9, "softmax")],
    optimizer: { name: "adam", learningRate: 0.01, clipNorm: 1, accumulate: 2, averaging: 0.9 },
    fit: { batchSize: 11 },
  };
  list["limited norms"] = { layers: [dense(8, "tanh"), dense(3, "softmax")], maxNorm: 0.5 };
  list["bytes"] = { layers: [dense(6, "tanh"), dense(3, "softmax")], inputScale: 1 / 255, bytes: true };
  list["long rows"] = {
    layers: [dense(260, "relu"), dense(10, "softmax")],
    inputs: 300,
    rows: 70,
    fit: { batchSize: 64, epochs: 2 },
  };
  list["a long batch"] = {
    layers: [dense(25, "sigmoid"), dense(10, "sigmoid")],
    inputs: 40,
    rows: 600,
    fit: { batchSize: "full", epochs: 2 },
  };
  for (const shuffle of [true, false, "withReplacement"]) {
    list[`shuffle ${shuffle}`] = { layers: [dense(4, "relu"), dense(3, "softmax")], fit: { shuffle } };
  }
  for (const batchSize of [1, 23, "full"]) {
    list[`batchSize ${batchSize}`] = { layers: [dense(4, "relu"), dense(3, "softmax")], fit: { batchSize } };
  }
  list["penalties"] = { layers: [dense(8, "tanh", { l1: 0.01 }), dense(3, "softmax")], l2: 0.02 };
  list["no bias, held weights"] = {
    layers: [dense(8, "tanh", { bias: false }), dense(4, "relu", { trainable: "bias" }), dense(3, "softmax")],
  };
  list["validation"] = { layers: [dense(8, "tanh"), dense(3, "softmax")], fit: { validation: 0.3 } };
  list["one layer"] = { layers: [dense(1, "sigmoid")] };
  list["activation layers"] = { layers: [dense(8), activation("tanh"), dense(3), activation("softmax")] };
  list["deep"] = { layers: [...Array.from({ length: 12 }, () => dense(7, "tanh")), dense(3, "softmax")] };
  list["wide"] = { layers: [dense(131, "relu"), dense(65, "sigmoid"), dense(17, "softmax")] };
  return list;
}

/**
 * Fingerprints by case and precision: of the weights, of what the network says, and the last epoch's loss; `partial`: of
 * those networks that need no part which is not there.
 */
export function fingerprints(propago, partial = false) {
  const result = {};
  for (const dtype of ["float32", "float64"]) {
    for (const [name, { fit, rows = fewRows, bytes, ...given }] of Object.entries(cases(propago))) {
      const options = { inputs: fewInputs, ...given };
      const { inputs } = options;
      const real = numbers(rows * inputs, 7);
      const x = bytes ? Uint8Array.from(real, (value) => 128 + 127 * value) : real;
      const outputs = options.layers.findLast(({ units }) => units !== undefined).units;
      const last = options.layers.at(-1).activation;
      const loss =
        options.loss ??
        { softmax: "categoricalCrossEntropy", sigmoid: "binaryCrossEntropy" }[last] ??
        "meanSquaredError";
      const y = targets(typeof loss === "string" ? loss : loss.name, outputs, rows);
      let network, history;
      try {
        network = new propago.Network({ seed: 11, dtype, ...options });
        history = network.fitSync({ x, y }, { epochs: 5, batchSize: 8, ...fit });
      } catch (error) {
        if (partial && error.code === "ERR_PART") continue;
        throw error;
      }
      const said = bits(network.predict(x.subarray(0, 2 * inputs)));
      const reached = history.epochs.at(-1);
      result[`${dtype}, ${name}`] = [
        String(network.fingerprint()),
        hash(said),
        [reached.loss, reached.accuracy, reached.validation?.loss].filter((value) => value !== undefined).join(" "),
      ].join(" / ");
      network.dispose();
    }
  }
  if (!partial) Object.assign(result, searched(propago));
  return result;
}

/** What estimators choose and say: folds, shares, bins, ranks, logarithms, thresholds and intervals pass through it. */
function searched({ Classifier, Regressor }) {
  const result = {};
  const x = { data: numbers(60 * 3, 5), shape: [60, 3] };
  const y = Array.from({ length: 60 }, (_, row) => 3 + 2 * x.data[3 * row] * x.data[3 * row + 1] + x.data[3 * row + 2]);
  const skewed = y.map((value) => value * value * value * value);
  const kinds = y.map((value) => (value > 3.2 ? "high" : "low"));
  const grades = y.map((value) => Math.floor(value));
  const tell = (name, estimator, targets, options) => {
    estimator.fitSync(x, targets, options);
    const { estimate, chosen, networks } = estimator;
    const said = [...estimator.predict(x), ...networks.map((network) => network.fingerprint())].join(" ");
    const weights = chosen.candidates.map(({ loss, weight }) => `${loss} ${weight}`).join(" ");
    result[name] = [hash(said), hash(weights), estimate.loss, networks.length].join(" / ");
    estimator.dispose();
  };
  tell("classifier, two classes", new Classifier({ seed: 5, optimize: "f1" }), kinds);
  tell("classifier, grades, quick", new Classifier({ seed: 6, effort: "quick" }), grades);
  tell("regressor", new Regressor({ seed: 7 }), y);
  tell("regressor, skewed", new Regressor({ seed: 8 }), skewed, { sampleWeights: y.map((_, i) => 1 + (i % 3)) });
  tell("regressor, float64", new Regressor({ seed: 9, dtype: "float64", effort: "quick" }), y);
  return result;
}

/** The bits of numbers, as doubles: how many digits a number has as text is up to the engine. */
function bits(values) {
  const view = new DataView(new ArrayBuffer(8));
  return Array.from(values, (value) => {
    view.setFloat64(0, value);
    return view.getBigUint64(0).toString(16).padStart(16, "0");
  }).join(" ");
}

/** FNV-1a, so that a golden line stays short. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, "0");
}
