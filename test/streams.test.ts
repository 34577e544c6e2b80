// Training on data that comes in batches: the bits of the same order, however it is cut into pieces; what ends it, and
// what goes wrong with it.
import { describe, expect, test } from "vitest";
import { rejection } from "./failure.ts";
import { type BatchSource, type Data, dense, Network, type FitOptions } from "../src/index.ts";

const INPUTS = 5;
const ROWS = 237;

/** Numbers without pattern. */
const noise = (i: number): number => ((Math.imul(i + 1, 0x9e3779b1) >>> 8) % 2001) / 1000 - 1;
const x = Float32Array.from({ length: ROWS * INPUTS }, (_, i) => noise(i));
const y = Float32Array.from({ length: ROWS }, (_, row) => x[row * INPUTS] * 2 - x[row * INPUTS + 3]);
const labels = Int32Array.from({ length: ROWS }, (_, row) => (y[row] > 0.5 ? 2 : y[row] > -0.5 ? 1 : 0));
const octets = Uint8Array.from(x, (value) => Math.round((value + 1) * 127));

type Made = { x: Float32Array | Uint8Array; y: Float32Array | Int32Array };
const whole: Made = { x, y };

/** Rows [begin, end) of data. */
function part({ x, y }: Made, begin: number, end: number): Data {
  return { x: x.subarray(begin * INPUTS, end * INPUTS), y: y.subarray(begin, end) };
}

/** Data in pieces of these sizes, over and over. */
function* pieces(data: Made, ...sizes: number[]): Generator<Data> {
  for (let at = 0, i = 0; at < ROWS; i++) {
    const end = Math.min(ROWS, at + sizes[i % sizes.length]);
    yield part(data, at, end);
    at = end;
  }
}

async function* later(batches: Iterable<Data>): AsyncGenerator<Data> {
  for (const batch of batches) {
    await Promise.resolve();
    yield batch;
  }
}

function make(more: object = {}): Network {
  return new Network({ inputs: INPUTS, layers: [dense(8, "tanh"), dense(1)], optimizer: "adam", ...more });
}

const classes = { layers: [dense(8, "relu"), dense(3, "softmax")] };

async function trained(data: Data | BatchSource, options: FitOptions, more: object = {}) {
  const network = make(more);
  const history = await network.fit(data, options);
  return { bits: network.fingerprint(), history };
}

describe("the bits of an order do not depend on how it is cut into pieces", () => {
  const options = { epochs: 4, batchSize: 16 };

  test.each([
    ["shuffled, with a buffer for all rows", {}],
    ["as given", { shuffle: false }],
    ["as given, with a small buffer", { shuffle: false, shuffleBuffer: 20 }],
  ] as const)("%s: those of arrays", async (_name, more) => {
    const { shuffleBuffer: _, ...rest } = { shuffleBuffer: 0, ...more };
    const arrays = await trained(whole, { ...options, ...rest });
    for (const sizes of [[10], [1, 7, 100], [1000]]) {
      const streamed = await trained(() => pieces(whole, ...sizes), { ...options, ...more });
      expect(streamed.bits, sizes.join()).toBe(arrays.bits);
      expect(streamed.history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
      for (const [i, { loss }] of streamed.history.epochs.entries())
        expect(loss).toBeCloseTo(arrays.history.epochs[i].loss, 12);
    }
  });

  test("shuffled through a small buffer: one order a seed, of all rows once an epoch, and another for each epoch", async () => {
    const small = { ...options, shuffleBuffer: 64 };
    const first = await trained(() => pieces(whole, 10), small);
    for (const sizes of [[1, 7, 100], [1000], [64]])
      expect((await trained(() => later(pieces(whole, ...sizes)), small)).bits, sizes.join()).toBe(first.bits);
    expect((await trained(() => pieces(whole, 10), { ...small, shuffleBuffer: 65 })).bits).not.toBe(first.bits);
    expect((await trained(() => pieces(whole, 10), small, { seed: 1 })).bits).not.toBe(first.bits);

    // A rate of 0 changes nothing, so each epoch's loss is that of all rows.
    const still = { optimizer: { name: "sgd", learningRate: { name: "piecewise", boundaries: [1e9], rates: [0, 0] } } };
    const { history } = await trained(() => pieces(whole, 10), { ...small, metrics: ["r2"] }, still);
    const { loss, r2 } = make(still).evaluate(whole, { metrics: ["r2"] });
    for (const epoch of history.epochs) {
      expect(epoch.loss).toBeCloseTo(loss, 6);
      expect(epoch.r2).toBeCloseTo(r2!, 5);
    }
    // Orders differ: the first batch of each epoch has another loss.
    const losses: number[] = [];
    await trained(() => pieces(whole, 10), { ...small, onBatch: ({ step, loss }) => void (step % 15 === 0 && losses.push(loss)) }, still); // prettier-ignore
    expect(new Set(losses).size).toBe(4);
  });

  test("seven calls of one epoch are one call of seven", async () => {
    const small = { batchSize: 16, shuffleBuffer: 64 };
    const at = make();
    for (let i = 0; i < 7; i++) await at.fit(() => pieces(whole, 10), { ...small, epochs: 1 });
    expect(at.fingerprint()).toBe((await trained(() => pieces(whole, 10), { ...small, epochs: 7 })).bits);
  });

  test("labels, weights, bytes, float64, fitSync, several threads", async () => {
    const small = { ...options, shuffle: false, shuffleBuffer: 40 };
    const bytes = { x: octets, y: labels };
    const floats = { x: Float32Array.from(octets), y: labels };
    for (const dtype of ["float32", "float64"] as const) {
      const more = { ...classes, dtype, inputScale: 1 / 255 };
      const arrays = await trained(floats, { ...options, shuffle: false }, more);
      expect(arrays.history.epochs.at(-1)!.accuracy).toBeGreaterThan(0.4);
      for (const data of [bytes, floats]) {
        for (const threads of [1, 2]) {
          const streamed = await trained(() => later(pieces(data, 23)), { ...small, threads }, more);
          expect(streamed.bits).toBe(arrays.bits);
          expect(streamed.history.epochs.at(-1)!.accuracy).toBe(arrays.history.epochs.at(-1)!.accuracy);
        }
        const network = make(more);
        const history = network.fitSync([...pieces(data, 23)], small);
        expect(network.fingerprint()).toBe(arrays.bits);
        expect(history.stopped).toBe("epochs");
      }
      // Numbers first, then bytes: they become numbers.
      const mixed = () => [part(floats, 0, 100), part(bytes, 100, ROWS)];
      expect((await trained(mixed, small, more)).bits).toBe(arrays.bits);
    }
    const weights = Float32Array.from({ length: ROWS }, (_, row) => 0.5 + (row % 3) / 2);
    const mean = weights.reduce((a, b) => a + b) / ROWS;
    const weighted = weights.map((weight) => weight / mean);
    const arrays = await trained({ ...whole, sampleWeights: weighted }, { ...options, shuffle: false, batchSize: 79 });
    const withWeights = function* () {
      for (let at = 0; at < ROWS; at += 50) {
        const end = Math.min(ROWS, at + 50);
        yield { ...part(whole, at, end), sampleWeights: weighted.subarray(at, end) };
      }
    };
    const streamed = await trained(withWeights, { ...small, batchSize: 79 });
    expect(streamed.history.epochs.at(-1)!.loss).toBeCloseTo(arrays.history.epochs.at(-1)!.loss, 5);
    expect(streamed.history.epochs[0].loss).not.toBeCloseTo((await trained(() => pieces(whole, 50), { ...small, batchSize: 79 })).history.epochs[0].loss, 3); // prettier-ignore
  });
});

describe("what ends it", () => {
  test("validation, early stopping, onEpoch, schedules that look at it", async () => {
    const seen: number[] = [];
    const { history } = await trained(
      () => later(pieces(whole, 30)),
      {
        epochs: 200,
        batchSize: 16,
        validation: { x: x.subarray(0, 50 * INPUTS), y: y.subarray(0, 50) },
        earlyStopping: { patience: 2, minDelta: 0.01 },
        metrics: ["r2", "rootMeanSquaredError"],
        onEpoch: ({ epoch }) => void seen.push(epoch),
      },
      { optimizer: { name: "adam", learningRate: 0.03 } },
    );
    expect(history.stopped).toBe("earlyStopping");
    expect(history.best!.validation!.r2).toBeGreaterThan(0.9);
    expect(history.epochs.at(-1)!.r2).toBeGreaterThan(0.9);
    expect(history.epochs.at(-1)!.samplesPerSecond).toBeGreaterThan(0);
    expect(seen).toEqual(history.epochs.map(({ epoch }) => epoch));
  });

  test("break, a time limit and an error of the user's close the iterator, and leave the network usable", async () => {
    let closed = 0;
    const source = async function* () {
      try {
        for (;;) yield* pieces(whole, 10);
      } finally {
        closed++;
      }
    };
    const network = make();
    const options = { epochs: 1000, batchSize: 16, shuffleBuffer: 64, stepsPerEpoch: 9 };
    for await (const { epoch } of network.fit(source, options)) if (epoch === 3) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(closed).toBe(1);
    const next = await network.fit(source, { ...options, timeLimit: 0.05 });
    expect(next.stopped).toBe("timeLimit");
    expect(next.epochs[0].epoch).toBe(4);
    const boom = new Error("boom");
    const onEpoch = () => {
      throw boom;
    };
    await expect(network.fit(source, { ...options, onEpoch })).rejects.toBe(boom);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(closed).toBe(3);
    network.fitSync(whole, { epochs: 1 });
  });

  test.each(["before", "while nothing comes", "in the middle"])("an abort %s", async (when) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", listen);
    const source = async function* () {
      if (when === "while nothing comes")
        await new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 60));
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        yield part(whole, 0, 64);
      }
    };
    if (when === "before") controller.abort(reason);
    else setTimeout(() => controller.abort(reason), 20);
    const network = make();
    const began = performance.now();
    await expect(network.fit(source, { epochs: 1e6, batchSize: 16, shuffleBuffer: 32, signal: controller.signal })).rejects.toBe(reason); // prettier-ignore
    expect(performance.now() - began).toBeLessThan(50);
    network.fitSync(whole, { epochs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 70));
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("stepsPerEpoch goes on where the last epoch stopped, and through a source again", async () => {
    const { history } = await trained(() => pieces(whole, 10), { epochs: 6, batchSize: 16, shuffleBuffer: 40, stepsPerEpoch: 7 }); // prettier-ignore
    expect(history.epochs.length).toBe(6);
    const steps: number[] = [];
    await trained(() => pieces(whole, 10), { epochs: 3, batchSize: 16, stepsPerEpoch: 7, onBatch: ({ step }) => void steps.push(step) }); // prettier-ignore
    expect(steps.length).toBe(21);
  });
});

describe("what goes wrong", () => {
  test.each<[string, BatchSource | (() => unknown), FitOptions, string, RegExp]>([
    [
      "a generator for several epochs",
      pieces(whole, 10),
      { epochs: 2 },
      "ERR_CONFIG",
      /gone through once; pass a function/,
    ],
    ["an iterator that has ended", (() => { const own = pieces(whole, 50); return () => own; })(), { epochs: 2 }, "ERR_DATA", /epoch 2: the batches gave no rows the second time.*pass a function/], // prettier-ignore
    ["no batches", [], {}, "ERR_DATA", /the batches hold no rows/],
    ["another width", () => [part(whole, 0, 50), { x: [[1, 2, 3, 4, 5], [1, 2, 3, 4]], y: [1, 2] }], {}, "ERR_SHAPE", /batch 2\.x: row 1 has 4 values, row 0 has 5/], // prettier-ignore
    ["another width throughout", () => [part(whole, 0, 50), { x: [[1, 2, 3, 4]], y: [1] }], {}, "ERR_SHAPE", /batch 2\.x has 4 columns, the network was built for 5/], // prettier-ignore
    ["a cell", () => [part(whole, 0, 50), { x: [[1, 2, NaN, 4, 5]], y: [1] }], {}, "ERR_NONFINITE", /batch 2\.x\[row 0, column 2\] is NaN/], // prettier-ignore
    [
      "a target",
      () => [{ x: [[1, 2, 3, 4, 5]], y: [Infinity] }],
      {},
      "ERR_NONFINITE",
      /batch 1\.y\[row 0\] is Infinity/,
    ],
    ["rows and targets", () => [part(whole, 0, 50), { x: [[1, 2, 3, 4, 5]], y: [1, 2] }], {}, "ERR_SHAPE", /batch 2\.x has 1 rows, batch 2\.y has 2/], // prettier-ignore
    ["an empty batch", () => [{ x: [], y: [] }], {}, "ERR_DATA", /batch 1\.x has 0 rows/],
    ["no batch", () => [part(whole, 0, 50), 7], {}, "ERR_DATA", /batch 2 is 7; pass \{ x, y \}/],
    ["an unknown field", () => [{ x: [[1, 2, 3, 4, 5]], y: [1], z: 1 }], {}, "ERR_CONFIG", /z/],
    ["weights", () => [{ x: [[1, 2, 3, 4, 5]], y: [1], sampleWeights: [-1] }], {}, "ERR_DATA", /batch 1\.sampleWeights\[row 0\] is -1/], // prettier-ignore
    [
      "weights of nothing",
      () => [{ x: [[1, 2, 3, 4, 5]], y: [1], sampleWeights: [0] }],
      {},
      "ERR_DATA",
      /all batches are 0/,
    ],
    ["a function of nothing", () => 7, {}, "ERR_DATA", /the function that makes batches gave 7; expected/],
    ["floats after bytes", () => [part({ x: octets, y }, 0, 50), part(whole, 0, 50)], {}, "ERR_DATA", /batch 2\.x is no Uint8Array/], // prettier-ignore
    ["a fraction", () => pieces(whole, 10), { validation: 0.2 }, "ERR_CONFIG", /validation: 0.2 needs all rows/],
    ["a full batch", () => pieces(whole, 10), { batchSize: "full" }, "ERR_CONFIG", /batchSize: "full" needs all rows/],
    ["replacement", () => pieces(whole, 10), { shuffle: "withReplacement" }, "ERR_CONFIG", /withReplacement/],
    ["weights apart", () => pieces(whole, 10), { sampleWeights: [1] }, "ERR_CONFIG", /sampleWeights in the options/],
    [
      "class weights",
      () => pieces(whole, 10),
      { classWeights: "balanced" },
      "ERR_CONFIG",
      /classWeights needs all rows/,
    ],
    ["a buffer", () => pieces(whole, 10), { shuffleBuffer: 0 }, "ERR_CONFIG", /shuffleBuffer/],
    ["steps", () => pieces(whole, 10), { stepsPerEpoch: 1.5 }, "ERR_CONFIG", /stepsPerEpoch/],
    ["a buffer of arrays", whole as never, { shuffleBuffer: 10 }, "ERR_CONFIG", /shuffleBuffer belongs in fit of data that comes in batches/],
  ])("%s", async (_name, source, options, code, message) => {
    const network = make();
    const error = await rejection(network.fit(source as BatchSource, options));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    // It is free again, and trains.
    expect((await network.fit(whole, { epochs: 1 })).epochs.length).toBe(1);
  });

  test("an iterator that throws is named, with its error as the cause; a batch before it was trained on", async () => {
    const own = new Error("the disk is gone");
    const network = make();
    const before = network.fingerprint();
    const source = function* () {
      for (let i = 0; i < 8; i++) yield part(whole, 0, 32);
      throw own;
    };
    const error = (await rejection(network.fit(source, { batchSize: 16, shuffleBuffer: 32 }))) as Error;
    expect(error).toMatchObject({ code: "ERR_DATA", cause: own });
    expect(error.message).toBe("batch 9 of epoch 1 could not be had: the disk is gone");
    expect(network.fingerprint()).not.toBe(before);
  });

  test("fitSync cannot wait; a search and metrics of all outputs need all rows; a second fit is refused", async () => {
    expect(() => make().fitSync(() => later(pieces(whole, 10)))).toThrow(/fitSync cannot wait for; use fit/);
    const searching = make({ optimizer: "lbfgs" });
    await expect(searching.fit(() => pieces(whole, 10))).rejects.toThrow(/optimizer "lbfgs" needs all rows/);
    const network = make(classes);
    await expect(network.fit([part({ x, y: labels }, 0, 99)], { metrics: ["f1"] })).rejects.toThrow(
      /metric "f1" needs/,
    );
    const busy = make();
    const running = busy.fit(() => later(pieces(whole, 10)), { epochs: 3 });
    await expect(busy.fit(whole))
      .rejects.toMatchObject({ code: "ERR_BUSY" })
      .catch(() => {});
    await running;
  });

  test("divergence names the batch of the epoch", async () => {
    const network = make({ optimizer: { name: "sgd", learningRate: 1e18 } });
    const error = await rejection(network.fit(() => pieces(whole, 10), { batchSize: 16, shuffleBuffer: 32 }));
    expect(error).toMatchObject({ code: "ERR_DIVERGED" });
  });
});

test("the memory of a training on batches is given back", async () => {
  const network = make(classes);
  const bytes = () => (network.predict(x.subarray(0, INPUTS)), process.memoryUsage().arrayBuffers);
  const run = () => network.fit(() => pieces({ x, y: labels }, 10), { epochs: 20, batchSize: 16, shuffleBuffer: 32 });
  await run();
  const before = bytes();
  for (let i = 0; i < 5; i++) await run();
  expect(bytes() - before).toBeLessThan(2e6);
});
