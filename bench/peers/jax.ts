// jax-js on its WebAssembly backend, on one thread (it starts workers in pages only). A step with its update is one compiled
// function. Its optimizers are a package of their own that could not be installed, so Adam and plain descent are written out
// here. The loss is read after each step, because steps that nobody waits for pile up and get slower and slower.
import type { Contestant } from "../contestant.ts";
import { generator, outputsOf, type Workload } from "../workloads.ts";
import { load } from "./load.ts";

interface JaxArray {
  /** The same array for one more use. Every use of an array consumes a reference. */
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  sum(): JaxArray;
  reshape(shape: number[]): JaxArray;
  slice(index: number): JaxArray;
  dataSync(): Float32Array;
  dispose(): void;
}
interface Layer {
  W: JaxArray;
  b: JaxArray;
}
type Parameters = Layer[];
type Loss = (p: Parameters, X: JaxArray, T: JaxArray) => JaxArray;
type Step = (
  p: Parameters,
  m: Parameters,
  v: Parameters,
  rates: JaxArray,
  X: JaxArray,
  T: JaxArray,
) => [Parameters, Parameters, Parameters, JaxArray];
interface Jax {
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): string;
  jit: <F>(f: F) => F;
  valueAndGrad(loss: Loss): (p: Parameters, X: JaxArray, T: JaxArray) => [JaxArray, Parameters];
  numpy: {
    array(values: Float32Array): JaxArray;
    zeros(shape: number[]): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    sqrt(a: JaxArray): JaxArray;
    tanh(a: JaxArray): JaxArray;
  };
  nn: {
    relu(a: JaxArray): JaxArray;
    sigmoid(a: JaxArray): JaxArray;
    softplus(a: JaxArray): JaxArray;
    softmax(a: JaxArray, axis: number): JaxArray;
    logSoftmax(a: JaxArray, axis: number): JaxArray;
  };
  tree: {
    map<T>(f: (...leaves: JaxArray[]) => JaxArray, ...trees: T[]): T;
    ref<T>(tree: T): T;
    dispose(tree: unknown): void;
  };
}

export async function jax(): Promise<Contestant | undefined> {
  const loaded = load<Jax>("@jax-js/jax");
  if (!loaded) return undefined;
  const library = loaded.library;
  if (!(await library.init("wasm")).includes("wasm")) return undefined;
  library.defaultDevice("wasm");
  const { numpy: np, tree, nn, jit } = library;

  const weightedInputs = (p: Parameters, X: JaxArray, layers: Workload["layers"]) =>
    p.reduce((a, { W, b }, l) => {
      const z = np.matmul(a, W).add(b);
      const { activation } = layers[l];
      if (l === p.length - 1) return z;
      return activation === "relu" ? nn.relu(z) : activation === "tanh" ? np.tanh(z) : nn.sigmoid(z);
    }, X);

  const lossOf = ({ layers, loss }: Workload, batch: number): Loss => {
    return (p, X, T) => {
      const z = weightedInputs(p, X, layers);
      if (loss === "categoricalCrossEntropy")
        return nn
          .logSoftmax(z, -1)
          .mul(T)
          .sum()
          .mul(-1 / batch);
      // −y log a − (1 − y) log(1 − a) = log(1 + eᶻ) − y z
      if (loss === "sigmoidCrossEntropy")
        return nn
          .softplus(z.ref)
          .sub(z.mul(T))
          .sum()
          .mul(1 / batch);
      const error = nn.sigmoid(z).sub(T);
      return error.ref
        .mul(error)
        .sum()
        .mul(0.5 / batch);
    };
  };

  const stepOf = (workload: Workload, batch: number): Step => {
    const slope = library.valueAndGrad(lossOf(workload, batch));
    const { name, learningRate } = workload.optimizer;
    if (name === "sgd") {
      return jit((p, m, v, rates, X, T) => {
        const [loss, g] = slope(tree.ref(p), X, T);
        rates.dispose();
        return [tree.map((p, g) => p.sub(g.mul(learningRate)), p, g), m, v, loss];
      });
    }
    return jit((p, m, v, rates, X, T) => {
      const [loss, g] = slope(tree.ref(p), X, T);
      const rate = rates.ref.slice(0);
      const correction = rates.slice(1);
      const mean = tree.map((m, g) => m.mul(0.9).add(g.mul(0.1)), m, tree.ref(g));
      const square = tree.map((v, g) => v.mul(0.999).add(g.ref.mul(g).mul(0.001)), v, g);
      const next = tree.map(
        (p, m, v) => p.sub(m.mul(rate.ref).div(np.sqrt(v).mul(correction.ref).add(1e-8))),
        p,
        tree.ref(mean),
        tree.ref(square),
      );
      rate.dispose();
      correction.dispose();
      return [next, mean, square, loss];
    });
  };

  return {
    name: "jax-js",
    version: loaded.version,
    differs: () => "",
    create(workload) {
      const { inputs, layers, optimizer, batchSize, epochs, rows, x, y, seed = 3 } = workload;
      const outputs = outputsOf(workload);
      const matrix = (values: Float32Array, columns: number) =>
        np.array(values.slice()).reshape([values.length / columns, columns]);

      const random = generator(seed);
      let nin = inputs;
      let p: Parameters = layers.map(({ units }) => {
        const limit = Math.sqrt(6 / (nin + units));
        const W = matrix(
          Float32Array.from({ length: nin * units }, () => limit * (2 * random() - 1)),
          units,
        );
        nin = units;
        return { W, b: np.zeros([units]) };
      });
      // Plain descent remembers nothing.
      const zeros = (): Parameters =>
        optimizer.name === "sgd"
          ? []
          : layers.map(({ units }, l) => ({
              W: np.zeros([l === 0 ? inputs : layers[l - 1].units, units]),
              b: np.zeros([units]),
            }));
      let m = zeros();
      let v = zeros();
      let steps = 0;

      const batches = Array.from({ length: Math.ceil(rows / batchSize) }, (_, k) => {
        const to = Math.min(rows, (k + 1) * batchSize);
        return {
          step: stepFor(workload, to - k * batchSize),
          X: matrix(x.subarray(k * batchSize * inputs, to * inputs), inputs),
          T: matrix(y.subarray(k * batchSize * outputs, to * outputs), outputs),
        };
      });
      return {
        train() {
          for (let epoch = 0; epoch < epochs; epoch++) {
            for (const { step, X, T } of batches) {
              steps++;
              const rates = np.array(
                Float32Array.of(optimizer.learningRate / (1 - 0.9 ** steps), 1 / Math.sqrt(1 - 0.999 ** steps)),
              );
              const [nextP, nextM, nextV, loss] = step(p, m, v, rates, X.ref, T.ref);
              [p, m, v] = [nextP, nextM, nextV];
              loss.dataSync();
            }
          }
        },
        predict(x, rows) {
          const z = weightedInputs(tree.ref(p), matrix(x.subarray(0, rows * inputs), inputs), layers);
          return (workload.loss === "categoricalCrossEntropy" ? nn.softmax(z, -1) : nn.sigmoid(z)).dataSync();
        },
        dispose() {
          tree.dispose([p, m, v]);
          for (const { X, T } of batches) {
            X.dispose();
            T.dispose();
          }
        },
      };
    },
  };

  /** Compiled once for each workload and size of batch: networks of one shape share it. */
  function stepFor(workload: Workload, batch: number): Step {
    const key = `${workload.name} ${workload.optimizer.learningRate} ${batch}`;
    let step = steps.get(key);
    if (!step) steps.set(key, (step = stepOf(workload, batch)));
    return step;
  }
}

const steps = new Map<string, Step>();
