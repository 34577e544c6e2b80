// TensorFlow.js on its WebAssembly backend, one thread. It is driven through tfjs-core (`optimizer.minimize` over
// batches that were cut beforehand), which is several times faster on small networks than `model.fit` of tfjs-layers.
import type { Contestant } from "../contestant.ts";
import type { Workload } from "../workloads.ts";
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
  fused: { matMul(options: { a: Tensor; b: Tensor; bias: Tensor; activation?: string }): Tensor };
  losses: {
    softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor;
    meanSquaredError(labels: Tensor, predictions: Tensor): Tensor;
  };
  train: { sgd(learningRate: number): Optimizer; adam(learningRate: number): Optimizer };
}

export async function tfjs(): Promise<Contestant | undefined> {
  const core = load<Tfjs>("@tensorflow/tfjs-core");
  const backend = load<{ setThreadsCount(count: number): void }>("@tensorflow/tfjs-backend-wasm");
  // Loaded for what it registers: the gradients.
  if (!core || !backend || !load("@tensorflow/tfjs-layers")) return undefined;
  const tf = core.library;
  backend.library.setThreadsCount(1);
  if (!(await tf.setBackend("wasm"))) return undefined;

  return {
    name: "tfjs-wasm",
    version: core.version,
    differs: ({ loss }) => (loss === "squaredError" ? "mean instead of half the squared error" : ""),
    create(workload) {
      const { inputs, layers, loss, optimizer, batchSize, epochs, rows, x, y } = workload;
      const outputs = layers[layers.length - 1].units;
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
      // The outputs, or where a softmax stands last what goes into it.
      const forward = (X: Tensor) =>
        layers.reduce(
          (a, { activation }, l) =>
            tf.fused.matMul({
              a,
              b: parameters[l].W,
              bias: parameters[l].b,
              activation: activation === "softmax" ? undefined : activation,
            }),
          X,
        );
      return {
        train() {
          for (let epoch = 0; epoch < epochs; epoch++) {
            for (const { X, T } of batches) {
              rule.minimize(() =>
                loss === "squaredError"
                  ? tf.losses.meanSquaredError(T, forward(X))
                  : tf.losses.softmaxCrossEntropy(T, forward(X)),
              );
            }
          }
        },
        predict: () =>
          tf.tidy(() => {
            const a = forward(tf.tensor2d(x, [rows, inputs]));
            return (loss === "squaredError" ? a : tf.softmax(a)).dataSync();
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

function variables(tf: Tfjs, { inputs, layers }: Workload): { W: Tensor; b: Tensor }[] {
  let nin = inputs;
  return layers.map(({ units }, l) => {
    const limit = Math.sqrt(6 / (nin + units));
    const made = tf.tidy(() => ({
      W: tf.variable(tf.randomUniform([nin, units], -limit, limit, "float32", l + 1)),
      b: tf.variable(tf.zeros([units])),
    }));
    nin = units;
    return made;
  });
}
