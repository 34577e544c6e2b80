// The same network in TypeScript as fast as we could make it without vector instructions: what the engine's compiler
// can give. Every product is one kernel over a tile of 2 rows × 4 columns, whose 8 sums stay in registers; columns are
// packed into a panel first, so that it reads memory in order. Updates are made where a gradient's tile is finished,
// gradients are never stored, and a step allocates nothing. Sums are kept as doubles: rounding each to a
// float, with Math.fround, halves the speed in V8.
import type { Contestant, Runner } from "./contestant.ts";
import { type Activation, generator, outputsOf, type Workload } from "./workloads.ts";

interface Layer {
  nin: number;
  nout: number;
  activation: Activation;
  W: Block; // (nin, nout)
  b: Block;
  Y: Float32Array; // (batch, nout): activations
  D: Float32Array; // (batch, nout): ∂E/∂Z
}

/** Parameters, and Adam's two moments of each. */
interface Block {
  p: Float32Array;
  m: Float32Array;
  v: Float32Array;
}

function block(p: Float32Array): Block {
  return { p, m: new Float32Array(p.length), v: new Float32Array(p.length) };
}

/** The eight sums of a tile, row by row. */
const tile = new Float64Array(8);

/** Two rows of A, at `a` and `b`, times a panel of four columns, (depth, 4). */
function multiply(A: Float32Array, a: number, b: number, panel: Float32Array, depth: number): void {
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let k = 0, q = 0; k < depth; k++, q += 4) {
    const x = A[a + k];
    const y = A[b + k];
    const p0 = panel[q];
    const p1 = panel[q + 1];
    const p2 = panel[q + 2];
    const p3 = panel[q + 3];
    a0 += x * p0;
    a1 += x * p1;
    a2 += x * p2;
    a3 += x * p3;
    b0 += y * p0;
    b1 += y * p1;
    b2 += y * p2;
    b3 += y * p3;
  }
  tile[0] = a0;
  tile[1] = a1;
  tile[2] = a2;
  tile[3] = a3;
  tile[4] = b0;
  tile[5] = b1;
  tile[6] = b2;
  tile[7] = b3;
}

/** Four columns from `column` on of M (rows, columns) as a panel; what lies behind the last column is zero. */
function packColumns(M: Float32Array, rows: number, columns: number, column: number, panel: Float32Array): void {
  const width = Math.min(4, columns - column);
  if (width < 4) panel.fill(0, 0, 4 * rows);
  for (let k = 0, at = column, q = 0; k < rows; k++, at += columns, q += 4) {
    for (let j = 0; j < width; j++) panel[q + j] = M[at + j];
  }
}

/** Four rows from `row` on of M (rows, columns), as columns of a panel. */
function packRows(M: Float32Array, rows: number, columns: number, row: number, panel: Float32Array): void {
  const width = Math.min(4, rows - row);
  if (width < 4) panel.fill(0, 0, 4 * columns);
  for (let j = 0; j < width; j++) {
    for (let k = 0, at = (row + j) * columns; k < columns; k++) panel[4 * k + j] = M[at + k];
  }
}

/** f in place. */
function activate(Y: Float32Array, batch: number, nout: number, activation: Activation): void {
  const count = batch * nout;
  if (activation === "relu") for (let k = 0; k < count; k++) Y[k] = Y[k] > 0 ? Y[k] : 0;
  else if (activation === "sigmoid") for (let k = 0; k < count; k++) Y[k] = 1 / (1 + Math.exp(-Y[k]));
  else if (activation === "tanh") for (let k = 0; k < count; k++) Y[k] = Math.tanh(Y[k]);
  else {
    for (let from = 0; from < count; from += nout) {
      const to = from + nout;
      let largest = Y[from];
      for (let k = from + 1; k < to; k++) if (Y[k] > largest) largest = Y[k];
      let sum = 0;
      for (let k = from; k < to; k++) {
        const e = Math.exp(Y[k] - largest);
        Y[k] = e;
        sum += e;
      }
      const scale = 1 / sum;
      for (let k = from; k < to; k++) Y[k] *= scale;
    }
  }
}

/** D ∘ f′(Z), from Y = f(Z). */
function deactivate(D: Float32Array, Y: Float32Array, count: number, activation: Activation): void {
  if (activation === "relu") {
    for (let k = 0; k < count; k++) if (!(Y[k] > 0)) D[k] = 0;
  } else if (activation === "tanh") for (let k = 0; k < count; k++) D[k] *= 1 - Y[k] * Y[k];
  else for (let k = 0; k < count; k++) D[k] *= Y[k] * (1 - Y[k]);
}

class TunedNetwork {
  readonly #layers: Layer[];
  readonly #behindItsLoss: boolean;
  readonly #adam: boolean;
  readonly #learningRate: number;
  /** Powers of Adam's decays, for its corrections. */
  #beta1 = 1;
  #beta2 = 1;
  #rate = 0;
  #correction = 0;
  readonly #panel: Float32Array;
  readonly #transposed: Float32Array;

  constructor({ inputs, layers, loss, optimizer, batchSize, seed = 3 }: Workload) {
    const random = generator(seed);
    let nin = inputs;
    let widest = Math.max(inputs, batchSize);
    this.#layers = layers.map(({ units, activation }) => {
      const limit = Math.sqrt(6 / (nin + units));
      const layer = {
        nin,
        nout: units,
        activation,
        W: block(Float32Array.from({ length: nin * units }, () => limit * (2 * random() - 1))),
        b: block(new Float32Array(units)),
        Y: new Float32Array(batchSize * units),
        D: new Float32Array(batchSize * units),
      };
      nin = units;
      widest = Math.max(widest, units);
      return layer;
    });
    this.#behindItsLoss = loss !== "squaredError";
    this.#adam = optimizer.name === "adam";
    this.#learningRate = this.#rate = optimizer.learningRate;
    this.#panel = new Float32Array(4 * widest);
    this.#transposed = new Float32Array(Math.max(...this.#layers.map(({ nin }) => nin)) * batchSize);
  }

  /** Y = f(X W + b) through all layers, for `batch` rows of X from the number at `from` on. */
  forward(X: Float32Array, from: number, batch: number): Float32Array {
    const panel = this.#panel;
    for (const { nin, nout, activation, W, b, Y } of this.#layers) {
      if (batch === 1) single(X, from, nin, nout, W.p, b.p, Y);
      else {
        for (let o = 0; o < nout; o += 4) {
          packColumns(W.p, nin, nout, o, panel);
          const width = Math.min(4, nout - o);
          for (let r = 0; r < batch; r += 2) {
            const second = Math.min(r + 1, batch - 1);
            multiply(X, from + r * nin, from + second * nin, panel, nin);
            for (let j = 0; j < width; j++) {
              const bias = b.p[o + j];
              Y[r * nout + o + j] = tile[j] + bias;
              if (second > r) Y[second * nout + o + j] = tile[4 + j] + bias;
            }
          }
        }
      }
      activate(Y, batch, nout, activation);
      X = Y;
      from = 0;
    }
    return X;
  }

  /** One update from the rows that went through `forward` just before; their targets stand at `to`. */
  backward(X: Float32Array, from: number, T: Float32Array, to: number, batch: number): void {
    const layers = this.#layers;
    if (this.#adam) {
      this.#beta1 *= 0.9;
      this.#beta2 *= 0.999;
      this.#rate = this.#learningRate / (1 - this.#beta1);
      this.#correction = 1 / Math.sqrt(1 - this.#beta2);
    }
    const last = layers[layers.length - 1];
    const count = batch * last.nout;
    for (let k = 0; k < count; k++) last.D[k] = (last.Y[k] - T[to + k]) / batch;
    if (!this.#behindItsLoss) deactivate(last.D, last.Y, count, last.activation);

    for (let l = layers.length - 1; l >= 0; l--) {
      const layer = layers[l];
      const below = l > 0 ? layers[l - 1] : undefined;
      const input = below ? below.Y : X;
      const at = below ? 0 : from;
      if (batch === 1 && !this.#adam) {
        singleUpdate(layer, input, at, below?.D, this.#rate);
      } else {
        if (below) this.#deltas(layer, below.D, batch);
        this.#update(layer, input, at, batch);
      }
      if (below) deactivate(below.D, below.Y, batch * below.nout, below.activation);
    }
  }

  /** dX = dZ Wᵀ. */
  #deltas({ nin, nout, W, D }: Layer, dX: Float32Array, batch: number): void {
    const panel = this.#panel;
    for (let i = 0; i < nin; i += 4) {
      packRows(W.p, nin, nout, i, panel);
      const width = Math.min(4, nin - i);
      for (let r = 0; r < batch; r += 2) {
        const second = Math.min(r + 1, batch - 1);
        multiply(D, r * nout, second * nout, panel, nout);
        for (let j = 0; j < width; j++) {
          dX[r * nin + i + j] = tile[j];
          dX[second * nin + i + j] = tile[second > r ? 4 + j : j];
        }
      }
    }
  }

  /** dW = Xᵀ dZ and db = Σ dZ, used up at once. */
  #update({ nin, nout, W, b, D }: Layer, X: Float32Array, from: number, batch: number): void {
    const panel = this.#panel;
    const Xt = this.#transposed;
    for (let r = 0; r < batch; r++) for (let i = 0; i < nin; i++) Xt[i * batch + r] = X[from + r * nin + i];
    for (let o = 0; o < nout; o += 4) {
      packColumns(D, batch, nout, o, panel);
      const width = Math.min(4, nout - o);
      for (let i = 0; i < nin; i += 2) {
        const second = Math.min(i + 1, nin - 1);
        multiply(Xt, i * batch, second * batch, panel, batch);
        this.#step(W, i * nout + o, 0, width);
        if (second > i) this.#step(W, second * nout + o, 4, width);
      }
    }
    for (let o = 0; o < nout; o++) {
      let sum = 0;
      for (let r = 0; r < batch; r++) sum += D[r * nout + o];
      tile[0] = sum;
      this.#step(b, o, 0, 1);
    }
  }

  /** The optimizer on `count` parameters from `at` on, with gradients from the tile. */
  #step({ p, m, v }: Block, at: number, from: number, count: number): void {
    const rate = this.#rate;
    if (!this.#adam) {
      for (let j = 0; j < count; j++) p[at + j] -= rate * tile[from + j];
      return;
    }
    // Kingma and Ba 2015, ε outside the corrected root.
    const correction = this.#correction;
    for (let j = 0; j < count; j++) {
      const g = tile[from + j];
      const mean = 0.9 * m[at + j] + 0.1 * g;
      const square = 0.999 * v[at + j] + 0.001 * g * g;
      m[at + j] = mean;
      v[at + j] = square;
      p[at + j] -= (rate * mean) / (Math.sqrt(square) * correction + 1e-8);
    }
  }
}

/** z = x W + b for one row: four rows of W at a time. */
function single(
  X: Float32Array,
  from: number,
  nin: number,
  nout: number,
  W: Float32Array,
  b: Float32Array,
  z: Float32Array,
): void {
  for (let o = 0; o < nout; o++) z[o] = b[o];
  let i = 0;
  for (; i + 4 <= nin; i += 4) {
    const x0 = X[from + i];
    const x1 = X[from + i + 1];
    const x2 = X[from + i + 2];
    const x3 = X[from + i + 3];
    const w0 = i * nout;
    const w1 = w0 + nout;
    const w2 = w1 + nout;
    const w3 = w2 + nout;
    for (let o = 0; o < nout; o++) z[o] += x0 * W[w0 + o] + x1 * W[w1 + o] + (x2 * W[w2 + o] + x3 * W[w3 + o]);
  }
  for (; i < nin; i++) {
    const x = X[from + i];
    const w = i * nout;
    for (let o = 0; o < nout; o++) z[o] += x * W[w + o];
  }
}

/** For one row under gradient descent: dx = W dz and the new W in one pass over it. */
function singleUpdate(
  { nin, nout, W: { p: W }, b: { p: b }, D }: Layer,
  X: Float32Array,
  from: number,
  dX: Float32Array | undefined,
  rate: number,
): void {
  for (let o = 0; o < nout; o++) b[o] -= rate * D[o];
  for (let i = 0, w = 0; i < nin; i++, w += nout) {
    const step = rate * X[from + i];
    if (dX) {
      let sum = 0;
      for (let o = 0; o < nout; o++) {
        const weight = W[w + o];
        sum += D[o] * weight;
        W[w + o] = weight - step * D[o];
      }
      dX[i] = sum;
    } else if (step !== 0) {
      for (let o = 0; o < nout; o++) W[w + o] -= step * D[o];
    }
  }
}

export const tuned: Contestant = {
  name: "tuned TypeScript",
  version: process.version,
  differs: () => "",
  create(workload): Runner {
    const { inputs, batchSize, epochs, rows, x, y } = workload;
    const network = new TunedNetwork(workload);
    const outputs = outputsOf(workload);
    return {
      train() {
        for (let epoch = 0; epoch < epochs; epoch++) {
          for (let row = 0; row < rows; row += batchSize) {
            const batch = Math.min(batchSize, rows - row);
            network.forward(x, row * inputs, batch);
            network.backward(x, row * inputs, y, row * outputs, batch);
          }
        }
      },
      predict(x, rows) {
        const predictions = new Float32Array(rows * outputs);
        for (let row = 0; row < rows; row++) {
          const a = network.forward(x, row * inputs, 1);
          predictions.set(a.subarray(0, outputs), row * outputs);
        }
        return predictions;
      },
    };
  },
};
