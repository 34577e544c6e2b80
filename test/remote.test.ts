// Training in a worker of Node: the same calls and bits as without one, reports that do not pile up, changes on the way, and
// workers that fail.
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Network, PropagoError, batchNorm, dense, dropout } from "../src/index.ts";
import type { FitOptions } from "../src/index.ts";

const rows = 500;
const x = Float32Array.from({ length: 2 * rows }, (_, i) => ((i * 7919) % 1000) / 500 - 1);
const y = Int32Array.from({ length: rows }, (_, row) => (Math.hypot(x[2 * row], x[2 * row + 1]) < 0.7 ? 1 : 0));
const data = { x, y };

const make = (more: object = {}): Network =>
  new Network({
    inputs: 2,
    layers: [dense(8, "tanh"), dense(2, "softmax")],
    optimizer: { name: "adam", learningRate: 0.01 },
    seed: 3,
    ...more,
  });

/** A worker of the user's own, with this program. */
const worker = (program: string): Worker => new Worker(program, { eval: true });
const own = 'require("./dist/worker-node.cjs");';

async function failureOf(promise: PromiseLike<unknown>): Promise<PropagoError> {
  try {
    await promise;
  } catch (error) {
    return error as PropagoError;
  }
  throw new Error("it did not fail");
}

describe("the same as without a worker", () => {
  test.each<[string, object, FitOptions]>([
    ["plain", {}, { epochs: 40 }],
    ["held-back rows, early stopping", {}, { epochs: 200, validation: 0.2, earlyStopping: { patience: 3 } }],
    ["figures of all outputs", {}, { epochs: 5, metrics: ["accuracy", "f1", "confusionMatrix"] }],
    [
      "masks and averages of batches",
      { layers: [dense(8, "gelu"), batchNorm(), dropout(0.3), dense(2, "softmax")] },
      { epochs: 7 },
    ],
    [
      "a schedule",
      { optimizer: { name: "sgd", learningRate: { name: "cosine", rate: 0.1, steps: 100 } } },
      { epochs: 9 },
    ],
    ["a search", { optimizer: "lbfgs" }, { epochs: 9 }],
    [
      "float64 and weights of rows",
      { dtype: "float64" },
      { epochs: 9, sampleWeights: Array.from({ length: rows }, (_, i) => 1 + (i % 3)) },
    ],
    ["penalties", { l2: 0.01, l1: 0.001 }, { epochs: 9, targetLoss: 0.1 }],
  ])("%s: weights, history, and what comes after", async (_, options, fit) => {
    const [here, there] = [make(options), make(options)];
    for (let round = 0; round < 2; round++) {
      const one = await here.fit(data, fit);
      const two = await there.fit(data, { ...fit, worker: true });
      expect(there.fingerprint()).toBe(here.fingerprint());
      const timeless = (history: typeof one) =>
        JSON.parse(JSON.stringify(history, (key, value) => (/^(seconds|samplesPerSecond)$/.test(key) ? 0 : value)));
      expect(timeless(two)).toEqual(timeless(one));
    }
    expect(there.toJSON({ state: true })).toEqual(here.toJSON({ state: true }));
  });

  test("large data comes in pieces; arrays of the user's stay theirs", async () => {
    const big = Float32Array.from({ length: 2 ** 20 }, (_, i) => Math.fround(((i * 31) % 97) / 97));
    const labels = Array.from({ length: 2 ** 17 }, (_, i) => i % 2);
    const [here, there] = [make({ inputs: 8 }), make({ inputs: 8 })];
    const options = { epochs: 1, batchSize: 512 };
    here.fitSync({ x: big, y: labels }, options);
    await there.fit({ x: big, y: labels }, { ...options, worker: true });
    expect(there.fingerprint()).toBe(here.fingerprint());
    expect(big.length).toBe(2 ** 20);
  });

  test("bad data and options are refused with the words of fit, and nothing changes", async () => {
    const network = make();
    const before = network.fingerprint();
    for (const [bad, options] of [
      [{ x, y: new Int32Array(3) }, {}],
      [{ x: x.map((v, i) => (i === 77 ? NaN : v)), y }, {}],
      [data, { epochs: -1 }],
      [data, { metrics: ["f2"] }],
    ] as const) {
      const here = await failureOf(network.fit(bad, options as FitOptions));
      const there = await failureOf(network.fit(bad, { ...options, worker: true } as FitOptions));
      expect([there.code, there.message]).toEqual([here.code, here.message]);
      expect(there).toBeInstanceOf(PropagoError);
    }
    for (const bad of [5, "", {}, () => 5]) {
      expect((await failureOf(network.fit(data, { worker: bad as never, epochs: 1 }))).code).toBe("ERR_CONFIG");
    }
    expect((await failureOf(network.fit(data, { worker: true, onBatch: () => 0 }))).message).toContain("onBatch");
    const scheduled = make({ optimizer: { name: "sgd", learningRate: () => 0.1 } });
    expect((await failureOf(scheduled.fit(data, { worker: true }))).message).toContain("learningRate is a function");
    expect(network.fingerprint()).toBe(before);
  });

  test("a loss that leaves the finite numbers", async () => {
    const wild = { optimizer: { name: "sgd", learningRate: 1e30 }, layers: [dense(8), dense(1)] };
    const target = { x, y: Float32Array.from(y, (v) => 1e3 * v) };
    const [here, there] = [make(wild), make(wild)];
    const one = await failureOf(here.fit(target));
    const two = await failureOf(there.fit(target, { worker: true }));
    expect([two.code, two.message]).toEqual([one.code, one.message]);
    expect(there.fingerprint()).toBe(here.fingerprint());
  });
});

describe("while it trains", () => {
  test("break leaves the weights of the epoch that was given, and the next fit goes on from there", async () => {
    const [here, there] = [make(), make()];
    let last = 0;
    let reports = 0;
    const training = there.fit(data, { epochs: 1e6, worker: true });
    const since = performance.now();
    for await (const { epoch } of training) {
      expect(epoch).toBeGreaterThan(last);
      last = epoch;
      reports++;
      if (reports > 3 && performance.now() - since > 400) break;
    }
    here.fitSync(data, { epochs: last });
    expect(there.fingerprint()).toBe(here.fingerprint());
    const history = await training;
    expect([history.stopped, history.epochs.length]).toEqual(["aborted", last]);
    expect(reports).toBeLessThan((performance.now() - since) / 33 + 2);
    here.fitSync(data, { epochs: 3 });
    await there.fit(data, { epochs: 3, worker: true });
    expect(there.fingerprint()).toBe(here.fingerprint());
  });

  test("abort ends it soon with the signal's reason, and keeps what was learnt", async () => {
    const network = make();
    const control = new AbortController();
    const training = network.fit(data, { epochs: 1e6, batchSize: "full", worker: true, signal: control.signal });
    await training.snapshot();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const since = performance.now();
    control.abort(new Error("enough"));
    expect((await failureOf(training)).message).toBe("enough");
    expect(performance.now() - since).toBeLessThan(500);
    const epochs = training.history.epochs.length;
    expect(epochs).toBeGreaterThan(1);
    const here = make();
    here.fitSync(data, { epochs, batchSize: "full" });
    expect(network.fingerprint()).toBe(here.fingerprint());
  });

  test("snapshots are of the epoch that they name, and the network has them", async () => {
    const network = make();
    const training = network.fit(data, { epochs: 3000, worker: true, batchSize: "full" });
    for (let i = 0; i < 3; i++) {
      const { epoch, weights } = await training.snapshot();
      expect(network.getWeights()).toEqual(weights);
      const here = make();
      if (epoch > 0) here.fitSync(data, { epochs: epoch, batchSize: "full" });
      expect(here.getWeights()).toEqual(weights);
    }
    await training;
    expect((await training.snapshot()).epoch).toBe(3000);
  });

  test("a change holds from the next epoch on, here and there", async () => {
    // So many that a worker does not come to the last before it is asked to stop at the first.
    const trained = async (isThere: boolean, at?: number): Promise<[Network, number]> => {
      const network = make();
      let changed = at;
      const training = network.fit(data, { epochs: 3000, worker: isThere });
      for await (const { epoch } of training) {
        if (changed !== undefined && epoch !== changed) continue;
        if (changed === undefined) changed = epoch;
        expect(await training.change({ learningRate: 0.002, l2: 0.01 })).toBe(epoch);
      }
      return [network, changed as number];
    };
    const [there, at] = await trained(true);
    const [here] = await trained(false, at);
    expect(there.fingerprint()).toBe(here.fingerprint());
    const plain = make();
    plain.fitSync(data, { epochs: 3000 });
    expect(plain.fingerprint()).not.toBe(here.fingerprint());
    for (const network of [here, there]) {
      expect(network.toJSON()).toMatchObject({ l2: 0.01, optimizer: { learningRate: 0.002 } });
    }
    const training = here.fit(data, { epochs: 3 });
    expect((await failureOf(training.change({ learningRate: -1 }))).code).toBe("ERR_CONFIG");
    expect((await failureOf(training.change({ rate: 1 } as never))).message).toContain("rate");
    await training;
    expect((await failureOf(training.change({ l2: 0 }))).message).toContain("ended");
  });

  test("several at once, with calls in between", async () => {
    const networks = Array.from({ length: 4 }, (_, seed) => make({ seed }));
    const trainings = networks.map((network) => network.fit(data, { epochs: 300, worker: true }));
    expect((await failureOf(networks[0].fit(data))).code).toBe("ERR_BUSY");
    await Promise.all(trainings);
    for (const [seed, network] of networks.entries()) {
      const here = make({ seed });
      here.fitSync(data, { epochs: 300 });
      expect(network.fingerprint()).toBe(here.fingerprint());
    }
  });

  test("onEpoch is told the newest, is waited for, and its error ends the training", async () => {
    const network = make();
    const seen: number[] = [];
    await network.fit(data, { epochs: 500, worker: true, onEpoch: ({ epoch }) => void seen.push(epoch) });
    expect(seen.at(-1)).toBe(500);
    const error = await failureOf(
      network.fit(data, { epochs: 1e6, worker: true, onEpoch: () => Promise.reject(new Error("no more")) }),
    );
    expect(error.message).toBe("no more");
    await network.fit(data, { epochs: 1, worker: true });
  });
});

describe("workers that fail", () => {
  const loops = `const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ kind }) => { if (kind === "go") for (;;); }); ${own}`;
  test.each([
    ["a file that is not there", () => new URL("./nothing.js", import.meta.url), /did not start: .*nothing\.js/],
    ["throws at its start", () => worker('throw new Error("oh no")'), /did not start: oh no/],
    ["says nothing", () => worker("setInterval(() => {}, 1000)"), /did not start: .*propago\/worker/],
    ["ends at once", () => worker(""), /did not start: it ended with code 0/],
    ["never ends what it does", () => worker(loops), /was lost: it no longer answers/],
    [
      "ends while it trains",
      () => worker(`${own} setTimeout(() => process.exit(3), 300)`),
      /was lost: it ended with code 3/,
    ],
  ])("%s: named within 5 s, and the next fit works", async (_, start, message) => {
    const network = make();
    const before = network.fingerprint();
    const given = start();
    const since = performance.now();
    const error = await failureOf(network.fit(data, { epochs: 1e7, worker: given }));
    expect(performance.now() - since).toBeLessThan(8000);
    expect(error.code).toBe("ERR_WORKER");
    expect(error.message).toMatch(message);
    expect(network.fingerprint()).toBe(before);
    await network.fit(data, { epochs: 1, worker: () => worker(own) });
    const here = make();
    here.fitSync(data, { epochs: 1 });
    expect(network.fingerprint()).toBe(here.fingerprint());
    if (given instanceof Worker) await given.terminate();
  });
});
