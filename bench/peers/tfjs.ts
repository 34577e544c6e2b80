// TensorFlow.js on its WebAssembly backend (one thread) and on its backend in plain JavaScript. It is called through tfjs-core:
// `optimizer.minimize` over batches that were cut beforehand. On small networks this is several times as fast as `model.fit`
// of tfjs-layers.
import type { Contestant } from "../contestant.ts";
import { type Activation, outputsOf, type Workload } from "../workloads.ts";
import { load } from "./load.ts";

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Optimizer {
  minimize(loss: () => Tensor): null;
  dispose(): void;
}
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  tidy<T>(body: () => T): T;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  variable(initial: Tensor): Tensor;
  randomUniform(shape: number[], from: number, to: number, dtype: string, seed: number): Tensor;
  zeros(shape: number[]): Tensor;
  softmax(logits: Tensor): Tensor;
  sigmoid(logits: Tensor): Tensor;
  tanh(z: Tensor): Tensor;
  mul(a: Tensor, b: number): Tensor;
  fused: { matMul(options: { a: Tensor; b: Tensor; bias: Tensor; activation?: string }): Tensor };
  losses: {
    softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor;
    sigmoidCrossEntropy(labels: Tensor, logits: Tensor): Tensor;
    meanSquaredError(labels: Tensor, predictions: Tensor): Tensor;
  };
  train: { sgd(learningRate: number): Optimizer; adam(learningRate: number): Optimizer };
}

/** One contestant for each backend that is there. */
export async function tfjs(): Promise<Contestant[]> {
  const core = load<Tfjs>("@tensorflow/tfjs-core");
  const wasm = load<{ setThreadsCount(count: number): void }>("@tensorflow/tfjs-backend-wasm");
  // Loaded for what they register: the gradients, and the other backend.
  if (!core || !wasm || !load("@tensorflow/tfjs-layers") || !load("@tensorflow/tfjs-backend-cpu")) return [];
  wasm.library.setThreadsCount(1);
  const contestants: Contestant[] = [];
  for (const backend of ["wasm", "cpu"]) {
    if (await core.library.setBackend(backend)) contestants.push(onBackend(core.library, core.version, backend));
  }
  return contestants;
}

function onBackend(tf: Tfjs, version: string, backend: string): Contestant {
  return {
    name: `tfjs-${backend}`,
    version,
    // What is allocated later belongs to the backend that was set last.
    prepare: () => tf.setBackend(backend),
    differs: ({ loss }) => (loss === "squaredError" ? "mean instead of half the squared error" : ""),
    create(workload) {
      const { inputs, layers, loss, optimizer, batchSize, epochs, rows, x, y } = workload;
      const outputs = outputsOf(workload);
      const parameters = variables(tf, workload);
      const rule =
        optimizer.name === "adam" ? tf.train.adam(optimizer.learningRate) : tf.train.sgd(optimizer.learningRate);
      const cut = (from: number, to: number) => ({
        X: tf.tensor2d(x.subarray(from * inputs, to * inputs), [to - from, inputs]),
        T: tf.tensor2d(y.subarray(from * outputs, to * outputs), [to - from, outputs]),
      });
      const batches = Array.from({ length: Math.ceil(rows / batchSize) }, (_, k) =>
        cut(k * batchSize, Math.min(rows, (k + 1) * batchSize)),
      );
      /** The last layer's weighted inputs, from which the losses are taken where they can be. */
      const weightedInputs = (X: Tensor) =>
        layers.reduce((a, { activation }, l) => {
          const { W: b, b: bias } = parameters[l];
          const last = l === layers.length - 1;
          // Fused where it can be.
          if (activation === "relu" && !last) return tf.fused.matMul({ a, b, bias, activation });
          const z = tf.fused.matMul({ a, b, bias });
          return last ? z : outputOf(activation, z);
        }, X);
      const outputOf = (activation: Activation, z: Tensor) =>
        activation === "softmax" ? tf.softmax(z) : activation === "tanh" ? tf.tanh(z) : tf.sigmoid(z);
      const lossOf = ({ X, T }: { X: Tensor; T: Tensor }) => {
        const z = weightedInputs(X);
        if (loss === "categoricalCrossEntropy") return tf.losses.softmaxCrossEntropy(T, z);
        // Its mean is over outputs too.
        if (loss === "sigmoidCrossEntropy") return tf.mul(tf.losses.sigmoidCrossEntropy(T, z), outputs);
        return tf.losses.meanSquaredError(T, tf.sigmoid(z));
      };
      return {
        train() {
          for (let epoch = 0; epoch < epochs; epoch++) {
            for (const batch of batches) rule.minimize(() => lossOf(batch));
          }
        },
        predict: (x, rows) =>
          tf.tidy(() => {
            const z = weightedInputs(tf.tensor2d(x.subarray(0, rows * inputs), [rows, inputs]));
            return outputOf(layers[layers.length - 1].activation, z).dataSync();
          }),
        dispose() {
          for (const { X, T } of batches) {
            X.dispose();
            T.dispose();
          }
          for (const { W, b } of parameters) {
            W.dispose();
            b.dispose();
          }
          rule.dispose();
        },
      };
    },
  };
}

function variables(tf: Tfjs, { inputs, layers, seed = 0 }: Workload): { W: Tensor; b: Tensor }[] {
  let nin = inputs;
  return layers.map(({ units }, l) => {
    const limit = Math.sqrt(6 / (nin + units));
    const made = tf.tidy(() => ({
      W: tf.variable(tf.randomUniform([nin, units], -limit, limit, "float32", 100 * seed + l + 1)),
      b: tf.variable(tf.zeros([units])),
    }));
    nin = units;
    return made;
  });
}
