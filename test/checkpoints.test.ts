// Trainings that are broken off and resumed from a checkpoint end with the bits, and the history, of one that never stopped.
import { describe, expect, test } from "vitest";
import { Network, type NetworkOptions, alphaDropout, batchNorm, dense, dropout, gaussianNoise, layerNorm } from "../src/index.ts"; // prettier-ignore
import type { CheckpointOptions, DType, FitOptions, History } from "../src/index.ts";
import { pack, unpack } from "../src/keeping/packing.ts";
import { OPTIMIZERS } from "../src/tables/whole.ts";
import { failure } from "./failure.ts";
import { generator } from "./reference.ts";

const draw = generator(7);
const rows = 53;
const x = Array.from({ length: rows }, () => [draw(), draw(), draw(), draw()].map((value) => 2 * value - 1));
const classes = Int32Array.from(x, ([a, b, c]) => (a * b > 0 ? 0 : c > 0 ? 1 : 2));
const numbers = x.map(([a, b, c, d]) => [a * b - c, Math.sin(3 * d)]);
const held = { x: x.slice(0, 9), y: classes.slice(0, 9) };
const classified = { x, y: classes };
const measured = { x, y: numbers };
const shape: NetworkOptions = {
  inputs: 4,
  layers: [dense(7, "tanh"), dense(3, "softmax")],
  optimizer: { name: "adam", learningRate: 0.02 },
  seed: 3,
};

/** What must be equal: all but how long it took. */
function told({ epochs, ...rest }: History): unknown {
  const plain = (report: History["best"]) => ({ ...report, seconds: 0, samplesPerSecond: 0 });
  return { ...rest, best: rest.best && plain(rest.best), epochs: epochs.map(plain) };
}

const enough = new Error("enough");

/** The checkpoint after so many batches of a training that is broken off there. */
async function brokenOff(network: Network<DType>, data: object, fit: FitOptions, batches: number): Promise<Uint8Array> {
  let left = batches;
  let kept: Uint8Array | undefined;
  const onBatch = (): void => {
    if (--left > 0) return;
    kept = network.checkpoint();
    throw enough;
  };
  await expect(Promise.resolve(network.fit(data as typeof classified, { ...fit, onBatch }))).rejects.toBe(enough);
  return kept!;
}

/** Trains without a stop, and with stops after these batches; expects both to come to the same. */
async function compared(options: NetworkOptions<DType>, data: object, fit: FitOptions, stops: readonly number[]) {
  using whole = new Network(options);
  const expected = await whole.fit(data as typeof classified, fit);
  for (const stop of stops) {
    const network = new Network(options);
    const checkpoint = await brokenOff(network, data, fit, stop);
    network.dispose();
    using resumed = Network.resume(checkpoint);
    // It is the same until it is trained.
    expect(resumed.checkpoint()).toEqual(checkpoint);
    const history = await resumed.fit(data as typeof classified, fit);
    expect({ stop, fingerprint: resumed.fingerprint() }).toEqual({ stop, fingerprint: whole.fingerprint() });
    expect(told(history)).toEqual(told(expected));
    // And so is what comes after.
    using other = Network.fromJSON(whole.toJSON({ state: true }));
    resumed.fitSync(data as typeof classified, { ...fit, epochs: 1, targetLoss: undefined });
    other.fitSync(data as typeof classified, { ...fit, epochs: 1, targetLoss: undefined });
    expect(resumed.fingerprint()).toBe(other.fingerprint());
  }
}

describe("the same bits as never stopped", () => {
  test.each(Object.keys(OPTIMIZERS).filter((name) => !("search" in OPTIMIZERS[name as "adam"])))("%s", async (name) => {
    const own = { ...shape, optimizer: name } as NetworkOptions;
    const isRegression = ["vsgd"].includes(name);
    const options = isRegression ? { ...own, layers: [dense(7, "tanh"), dense(2)] } : own;
    const data = isRegression ? measured : classified;
    await compared(options, data, { epochs: 4, batchSize: 8 }, [1, 11, 14]);
  });

  test.each(Object.keys(OPTIMIZERS).filter((name) => "search" in OPTIMIZERS[name as "adam"]))("%s", async (name) => {
    const options = { ...shape, layers: [dense(5, "tanh"), dense(2)], optimizer: name } as NetworkOptions;
    for (const dtype of ["float32", "float64"] as const) {
      await compared({ ...options, dtype }, measured, { epochs: 30 }, [1, 12]);
    }
  });

  const layers = [dense(6, "relu", { l2: 1e-3 }), batchNorm(), dropout(0.3), gaussianNoise(0.1), layerNorm(), alphaDropout(0.1), dense(3, "softmax")]; // prettier-ignore
  const cases: Record<string, [Partial<NetworkOptions<DType>>, FitOptions, number[]]> = {
    "layers that draw and remember": [{ layers }, { epochs: 3, batchSize: 8 }, [2, 7, 9]],
    float64: [{ layers, dtype: "float64" }, { epochs: 3, batchSize: 8 }, [5]],
    "an average of the weights, gathered batches": [
      { optimizer: { name: "adamw", averaging: 0.9, accumulate: 3, clipNorm: 0.5 } },
      { epochs: 5, batchSize: 5, validation: 0.2 },
      [2, 10, 17],
    ],
    "drawn with replacement": [{}, { epochs: 3, batchSize: 8, shuffle: "withReplacement" }, [4, 14]],
    "in order": [{}, { epochs: 3, batchSize: 8, shuffle: false }, [4, 14]],
    "single samples": [{ optimizer: "sgd" }, { epochs: 2, batchSize: 1 }, [3, 60]],
    "held-back rows, and early stopping that ends it": [
      {},
      { epochs: 400, batchSize: 8, validation: 0.2, earlyStopping: { patience: 3 } },
      [3, 30],
    ],
    "held-back rows of its own, weights, metrics from all outputs": [
      {},
      {
        epochs: 4,
        batchSize: 8,
        validation: held,
        metrics: ["accuracy", "confusionMatrix", "logLoss"],
        classWeights: "balanced",
        sampleWeights: x.map(([a]) => a * a + 0.5),
      },
      [3, 9, 14],
    ],
    "a plateau": [
      { optimizer: { name: "sgd", learningRate: { name: "reduceOnPlateau", patience: 1, rate: 0.9, factor: 0.5 } } },
      { epochs: 12, batchSize: 8 },
      [13, 40, 70],
    ],
    "one cycle": [
      { optimizer: { name: "adam", learningRate: { name: "oneCycle", steps: 40, rate: 0.05 } } },
      { epochs: 6, batchSize: 8 },
      [5, 20],
    ],
    "a loss to reach": [{}, { epochs: 500, batchSize: 8, targetLoss: 0.6 }, [9]],
    "first weights from data": [
      { layers: [dense(6, "tanh", { init: "lsuv" }), dense(3, "softmax")] },
      { epochs: 2 },
      [1],
    ],
  };
  test.each(Object.keys(cases))("%s", async (name) => {
    const [options, fit, stops] = cases[name];
    await compared({ ...shape, ...options }, classified, fit, stops);
  });

  test("on two threads", async () => {
    const many = 300;
    const wide = Float32Array.from({ length: many * 96 }, () => draw());
    const data = { x: wide, y: Int32Array.from({ length: many }, (_, i) => i % 3) };
    const options = { ...shape, inputs: 96, layers: [dense(64, "relu"), dropout(0.2), dense(3, "softmax")] };
    const fit = { epochs: 3, batchSize: 128, threads: 2 };
    using whole = new Network(options);
    await whole.fit(data, { ...fit, threads: 1 });
    for (const stop of [2, 5, 6]) {
      using network = new Network(options);
      using resumed = Network.resume(await brokenOff(network, data, fit, stop));
      await resumed.fit(data, fit);
      expect(resumed.fingerprint()).toBe(whole.fingerprint());
    }
  });

  test("many stops, one after the other, fitSync and fit in turn", async () => {
    const fit: FitOptions = { epochs: 40, batchSize: 7, validation: 0.1, earlyStopping: { patience: 30 } };
    using whole = new Network(shape);
    const expected = whole.fitSync(classified, fit);
    let network = new Network(shape);
    for (const stop of [1, 4, 7, 8, 30, 31, 60]) {
      const checkpoint = await brokenOff(network, classified, fit, stop);
      network.dispose();
      network = Network.resume<"float32">(checkpoint);
    }
    const history = network.fitSync(classified, fit);
    expect(told(history)).toEqual(told(expected));
    expect(network.fingerprint()).toBe(whole.fingerprint());
  });

  test("an iteration that is left, and one that is resumed", async () => {
    using whole = new Network(shape);
    await whole.fit(classified, { epochs: 6 });
    using network = new Network(shape);
    let checkpoint: Uint8Array | undefined;
    for await (const { epoch } of network.fit(classified, { epochs: 6 })) {
      if (epoch < 4) continue;
      checkpoint = network.checkpoint();
      break;
    }
    using resumed = Network.resume(checkpoint!);
    const seen: number[] = [];
    for await (const { epoch } of resumed.fit(classified, { epochs: 6 })) seen.push(epoch);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(resumed.fingerprint()).toBe(whole.fingerprint());
  });
});

describe("fit's checkpoint", () => {
  test("saves at the rhythm that it is told, at the end, and where it is aborted", async () => {
    const made: Uint8Array[] = [];
    const save = (bytes: Uint8Array): Promise<void> => Promise.resolve(void made.push(bytes));
    using network = new Network(shape);
    const fit: FitOptions = { epochs: 7, batchSize: 8, onBatch: () => {} };
    await network.fit(classified, { ...fit, checkpoint: { save, every: "2 epochs" } });
    expect(made).toHaveLength(4);
    for (const bytes of made) {
      using resumed = new Network(shape);
      const history = await resumed.fit(classified, { ...fit, checkpoint: { from: bytes } });
      expect(history.epochs).toHaveLength(7);
      expect(resumed.fingerprint()).toBe(network.fingerprint());
    }
    made.length = 0;
    using aborted = new Network(shape);
    const controller = new AbortController();
    let batches = 0;
    const onBatch = (): void => void (++batches === 17 && controller.abort());
    const run = aborted.fit(classified, { ...fit, onBatch, signal: controller.signal, checkpoint: { save } });
    await expect(Promise.resolve(run)).rejects.toThrow();
    expect(made).toHaveLength(1);
    using resumed = new Network(shape);
    const never: FitOptions["checkpoint"] = { from: made[0], save: () => {}, every: 1e6 };
    await resumed.fit(classified, { ...fit, checkpoint: never });
    expect(resumed.fingerprint()).toBe(network.fingerprint());
  });

  test("fitSync saves too, and refuses a promise; an error of save ends the training", async () => {
    let count = 0;
    using network = new Network(shape);
    network.fitSync(classified, {
      epochs: 3,
      onEpoch() {},
      checkpoint: { save: () => void count++, every: "1 epoch" },
    });
    expect(count).toBe(3);
    const wrong = { save: () => Promise.reject(new Error("full")), every: "1 epoch" };
    using other = new Network(shape);
    expect(failure(() => other.fitSync(classified, { epochs: 3, onEpoch() {}, checkpoint: wrong }))).toMatchObject({ code: "ERR_CONFIG" }); // prettier-ignore
    await expect(Promise.resolve(other.fit(classified, { epochs: 3, checkpoint: wrong }))).rejects.toThrow("full");
    // The network is free again.
    expect(other.fitSync(classified, { epochs: 1 }).stopped).toBe("epochs");
  });

  test.each<[string, unknown]>([
    ["text", "folder"],
    ["neither", {}],
    ["another option", { save() {}, evry: 3 }],
    ["no time", { save() {}, every: "often" }],
    ["half an epoch", { save() {}, every: "0.5 epochs" }],
    ["a negative time", { save() {}, every: -1 }],
    ["no function", { save: 7 }],
    ["bytes", new Uint8Array(5)],
  ])("refuses %s, and changes nothing", async (_, checkpoint) => {
    using network = new Network(shape);
    const before = network.fingerprint();
    const run = network.fit(classified, { epochs: 2, checkpoint: checkpoint as CheckpointOptions });
    await expect(Promise.resolve(run)).rejects.toMatchObject({ code: "ERR_CONFIG" });
    expect(network.fingerprint()).toBe(before);
    expect(network.fitSync(classified, { epochs: 1 }).epochs).toHaveLength(1);
  });
});

describe("what it is not", () => {
  const fit: FitOptions = { epochs: 5, batchSize: 8, validation: 0.2 };
  const changed = x.map((row, i) => (i === 40 ? [...row.slice(1), 0.25] : row));
  test.each<[string, object, FitOptions, string, RegExp]>([
    ["other rows", { x: changed, y: classes }, fit, "ERR_DATA", /the numbers of x are not those/],
    [
      "other targets",
      { x, y: classes.map((own, i) => (i === 5 ? (own + 1) % 3 : own)) },
      fit,
      "ERR_DATA",
      /numbers of y/,
    ],
    ["fewer rows", { x: x.slice(1), y: classes.slice(1) }, fit, "ERR_DATA", /rows were 53, and are 52 now/],
    [
      "weights",
      classified,
      { ...fit, sampleWeights: x.map(([a]) => a * a + 0.5) },
      "ERR_DATA",
      /weights of the samples/,
    ],
    ["batchSize", classified, { ...fit, batchSize: 9 }, "ERR_CONFIG", /batchSize was 8 .* is 9 now/],
    ["shuffle", classified, { ...fit, shuffle: false }, "ERR_CONFIG", /shuffle/],
    ["validation", classified, { ...fit, validation: 0.25 }, "ERR_CONFIG", /validation was 0.2 .* is 0.25 now/],
    ["earlyStopping", classified, { ...fit, earlyStopping: true }, "ERR_CONFIG", /earlyStopping was false/],
    ["metrics", classified, { ...fit, metrics: [] }, "ERR_CONFIG", /metrics/],
    ["too few epochs", classified, { ...fit, epochs: 1 }, "ERR_CONFIG", /epochs counts those before/],
  ])("%s are refused, named, and change nothing", async (_, data, other, code, text) => {
    using network = new Network(shape);
    const checkpoint = await brokenOff(network, classified, fit, 13);
    using resumed = Network.resume(checkpoint);
    const before = resumed.fingerprint();
    const run = resumed.fit(data as typeof classified, other);
    await expect(Promise.resolve(run)).rejects.toMatchObject({ code, message: expect.stringMatching(text) as string });
    expect(resumed.fingerprint()).toBe(before);
    // What is right still goes on.
    using whole = new Network(shape);
    await whole.fit(classified, fit);
    await resumed.fit(classified, fit);
    expect(resumed.fingerprint()).toBe(whole.fingerprint());
  });

  test("another network, and one that was trained meanwhile", async () => {
    using network = new Network(shape);
    const checkpoint = await brokenOff(network, classified, fit, 13);
    using other = new Network({ ...shape, seed: 4 });
    const before = other.fingerprint();
    const run = other.fit(classified, { ...fit, checkpoint: { from: checkpoint } });
    await expect(Promise.resolve(run)).rejects.toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(/seed was 3 .* is 4 now/) as string }); // prettier-ignore
    expect(other.fingerprint()).toBe(before);
    using resumed = Network.resume(checkpoint);
    resumed.trainOnBatch({ x, y: classes });
    await expect(Promise.resolve(resumed.fit(classified, fit))).rejects.toThrow(/trained otherwise/);
  });

  test("a rate that is a function has to be given again", async () => {
    const learningRate = (step: number): number => 0.01 / (1 + step);
    const options: NetworkOptions = { ...shape, optimizer: { name: "adam", learningRate } };
    using whole = new Network(options);
    await whole.fit(classified, fit);
    using network = new Network(options);
    const checkpoint = await brokenOff(network, classified, fit, 13);
    expect(failure(() => Network.resume(checkpoint))).toMatchObject({ code: "ERR_CONFIG" });
    using resumed = Network.resume(checkpoint, { learningRate });
    await resumed.fit(classified, fit);
    expect(resumed.fingerprint()).toBe(whole.fingerprint());
  });

  test("cut off at every byte, with any bit turned, with more behind, of another version: never read", async () => {
    using network = new Network({ ...shape, layers: [dense(3, "softmax")] });
    const bytes = await brokenOff(network, classified, { epochs: 2, batchSize: 16 }, 5);
    for (let length = 0; length < bytes.length; length++) {
      expect(failure(() => Network.resume(bytes.slice(0, length)))).toMatchObject({ code: "ERR_FORMAT" });
    }
    for (let at = 0; at < bytes.length; at++) {
      const bad = bytes.slice();
      bad[at] ^= 1 << (at % 8);
      expect(failure(() => Network.resume(bad))).toMatchObject({ code: "ERR_FORMAT" });
    }
    const longer = new Uint8Array(bytes.length + 8);
    longer.set(bytes);
    expect(failure(() => Network.resume(longer))).toMatchObject({ code: "ERR_FORMAT" });
    const { head, arrays } = unpack(bytes);
    const renamed = pack({ ...head, arrays: undefined, propago: "0.0.1" }, Object.fromEntries(arrays));
    expect(failure(() => Network.resume(renamed))).toMatchObject({ message: expect.stringContaining("propago 0.0.1") as string }); // prettier-ignore
    for (const value of [undefined, null, 5, "text", {}, [], JSON.stringify(network)]) {
      expect(failure(() => Network.resume(value as never))).toMatchObject({ code: "ERR_FORMAT" });
    }
  });
});
