// The baseline: the same network in plain TypeScript over Float32Array. It is written to be read and to run well in a
// JavaScript engine, and an engineer could write it in an afternoon. The WebAssembly core has to be faster than this,
// or nobody would need it. The playground races it in the page.
import { type Activation, generator, type Workload } from "./workload.ts";

interface Layer {
  nin: number;
  nout: number;
  activation: Activation;
  W: Float32Array; // (nin, nout)
  b: Float32Array;
  dW: Float32Array;
  db: Float32Array;
  Y: Float32Array; // (batch, nout): activations
  dZ: Float32Array; // (batch, nout): errors
}

export class PlainNetwork {
  readonly layers: Layer[];
  /** Adam's two moments, for each block of parameters. */
  readonly #moments = new Map<Float32Array, { m: Float32Array; v: Float32Array }>();
  #step = 0;

  readonly #loss: Workload["loss"];

  constructor({ inputs, layers, loss, batchSize, seed = 3 }: Workload) {
    this.#loss = loss;
    const random = generator(seed);
    let nin = inputs;
    this.layers = layers.map(({ units, activation }) => {
      const limit = Math.sqrt(6 / (nin + units));
      const layer = {
        nin,
        nout: units,
        activation,
        W: Float32Array.from({ length: nin * units }, () => limit * (2 * random() - 1)),
        b: new Float32Array(units),
        dW: new Float32Array(nin * units),
        db: new Float32Array(units),
        Y: new Float32Array(batchSize * units),
        dZ: new Float32Array(batchSize * units),
      };
      nin = units;
      return layer;
    });
  }

  /** Y = f(X W + b) through all layers, for `batch` rows of X that begin with row `from`. */
  forward(X: Float32Array, from: number, batch: number): Float32Array {
    for (const { nin, nout, activation, W, b, Y } of this.layers) {
      for (let r = 0; r < batch; r++) {
        const y = r * nout;
        for (let o = 0; o < nout; o++) Y[y + o] = b[o];
        // Along the rows of W, so that the inner loop reads memory in order.
        for (let i = 0; i < nin; i++) {
          const x = X[from + r * nin + i];
          const w = i * nout;
          for (let o = 0; o < nout; o++) Y[y + o] += x * W[w + o];
        }
        if (activation === "relu") for (let o = 0; o < nout; o++) Y[y + o] = Math.max(0, Y[y + o]);
        else if (activation === "sigmoid") for (let o = 0; o < nout; o++) Y[y + o] = 1 / (1 + Math.exp(-Y[y + o]));
        else if (activation === "tanh") for (let o = 0; o < nout; o++) Y[y + o] = Math.tanh(Y[y + o]);
        else softmax(Y, y, nout);
      }
      X = Y;
      from = 0;
    }
    return X;
  }

  /** Gradients of the mean loss over the batch, whose targets stand at `to`; `forward` has just run on the same rows. */
  backward(X: Float32Array, from: number, T: Float32Array, to: number, batch: number): void {
    const { layers } = this;
    const last = layers[layers.length - 1];
    for (let k = 0; k < batch * last.nout; k++) {
      const a = last.Y[k];
      // ∂E/∂z: sigmoid behind the squared error, or softmax or sigmoid behind its own cross-entropy.
      last.dZ[k] = ((a - T[to + k]) * (this.#loss === "squaredError" ? a * (1 - a) : 1)) / batch;
    }
    for (let l = layers.length - 1; l >= 0; l--) {
      const { nin, nout, W, dW, db, dZ } = layers[l];
      const below = l > 0 ? layers[l - 1] : undefined;
      const input = below ? below.Y : X;
      const at = below ? 0 : from;
      dW.fill(0);
      db.fill(0);
      for (let r = 0; r < batch; r++) {
        const z = r * nout;
        for (let o = 0; o < nout; o++) db[o] += dZ[z + o];
        for (let i = 0; i < nin; i++) {
          const x = input[at + r * nin + i];
          const w = i * nout;
          for (let o = 0; o < nout; o++) dW[w + o] += x * dZ[z + o];
          if (!below) continue;
          let sum = 0;
          for (let o = 0; o < nout; o++) sum += dZ[z + o] * W[w + o];
          below.dZ[r * nin + i] = sum * slope(below.activation, x);
        }
      }
    }
  }

  update({ name, learningRate }: Workload["optimizer"]): void {
    this.#step++;
    for (const { W, b, dW, db } of this.layers) {
      if (name === "sgd") {
        sgd(W, dW, learningRate);
        sgd(b, db, learningRate);
      } else {
        this.#adam(W, dW, learningRate);
        this.#adam(b, db, learningRate);
      }
    }
  }

  /** Kingma and Ba 2015, ε outside the corrected root. */
  #adam(p: Float32Array, g: Float32Array, learningRate: number): void {
    let moments = this.#moments.get(p);
    if (!moments) {
      moments = { m: new Float32Array(p.length), v: new Float32Array(p.length) };
      this.#moments.set(p, moments);
    }
    const { m, v } = moments;
    const rate = learningRate / (1 - 0.9 ** this.#step);
    const correction = 1 / Math.sqrt(1 - 0.999 ** this.#step);
    for (let k = 0; k < p.length; k++) {
      m[k] = 0.9 * m[k] + 0.1 * g[k];
      v[k] = 0.999 * v[k] + 0.001 * g[k] * g[k];
      p[k] -= (rate * m[k]) / (Math.sqrt(v[k]) * correction + 1e-8);
    }
  }
}

/** f′(z) from f(z). */
function slope(activation: Activation, a: number): number {
  if (activation === "relu") return a > 0 ? 1 : 0;
  return activation === "tanh" ? 1 - a * a : a * (1 - a);
}

function sgd(p: Float32Array, g: Float32Array, learningRate: number): void {
  for (let k = 0; k < p.length; k++) p[k] -= learningRate * g[k];
}

function softmax(Y: Float32Array, from: number, count: number): void {
  let largest = -Infinity;
  for (let o = 0; o < count; o++) largest = Math.max(largest, Y[from + o]);
  let sum = 0;
  for (let o = 0; o < count; o++) sum += Y[from + o] = Math.exp(Y[from + o] - largest);
  for (let o = 0; o < count; o++) Y[from + o] /= sum;
}
