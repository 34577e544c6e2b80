// What happens when a training does not simply run to its end: aborts at every point, iterations left or resumed late,
// calls from within callbacks, failures in the middle; and that the network goes on from there.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core.ts";
import { dense, type EpochReport, Network, type NetworkOptions } from "../src/index.ts";

const x = Array.from({ length: 24 }, (_, i) => [(i % 5) / 5, (i % 7) / 7, ((i * i) % 11) / 11]);
const y = x.map(([a, b, c]) => [a * b - c, a - b]);
const data = { x, y };
const options: NetworkOptions = {
  inputs: 3,
  layers: [dense(6, "tanh"), dense(2)],
  optimizer: { name: "adam", learningRate: 0.02 },
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("aborting", () => {
  test.each([1, 2, 7, 16])("after batch %d: the network is as that batch left it, and trains on", async (batches) => {
    using network = new Network(options);
    const controller = new AbortController();
    let seen = 0;
    let before = "";
    const onBatch = (): void => {
      before = network.fingerprint();
      if (++seen === batches) controller.abort(new Error("enough"));
    };
    const training = network.fit(data, { epochs: 5, batchSize: 5, onBatch, signal: controller.signal });
    await expect(training).rejects.toThrow("enough");
    expect(seen).toBe(batches);
    expect(network.fingerprint()).toBe(before);
    expect(training.history.stopped).toBe("aborted");
    expect((await network.fit(data, { epochs: 2 })).stopped).toBe("epochs");
  });

  test("with early stopping, too, the last weights stay", async () => {
    using network = new Network(options);
    const controller = new AbortController();
    let last = "";
    const onEpoch = ({ epoch }: EpochReport): void => {
      last = network.fingerprint();
      if (epoch === 6) controller.abort();
    };
    // No gain is ever enough, so the first epoch stays the best.
    const earlyStopping = { minDelta: 1e9 };
    const fit = network.fit(data, { epochs: 50, earlyStopping, onEpoch, signal: controller.signal });
    await expect(fit).rejects.toThrow();
    expect(network.fingerprint()).toBe(last);
  });

  test("ends an iteration that waits to be asked on, and takes its listener back", async () => {
    using network = new Network(options);
    const controller = new AbortController();
    const reports = network.fit(data, { epochs: 1000, signal: controller.signal })[Symbol.asyncIterator]();
    expect((await reports.next()).value).toMatchObject({ epoch: 1 });
    controller.abort(new Error("enough"));
    await expect(reports.next()).rejects.toThrow("enough");
    expect(network.fitSync(data, { epochs: 1 }).stopped).toBe("epochs");
  });

  test("a callback that throws ends the training with its error, and the history says so", async () => {
    using network = new Network(options);
    const onEpoch = ({ epoch }: EpochReport): void => {
      if (epoch === 3) throw new Error("no more");
    };
    const training = network.fit(data, { epochs: 9, onEpoch });
    await expect(training).rejects.toThrow("no more");
    expect(training.history).toMatchObject({ stopped: "aborted", epochs: [{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }] });
    expect(network.fitSync(data, { epochs: 1 }).epochs[0].epoch).toBe(4);
  });
});

describe("iterating", () => {
  test("several next() at once are answered in order", async () => {
    using network = new Network(options);
    const reports = network.fit(data, { epochs: 3 })[Symbol.asyncIterator]();
    const answers = await Promise.all([reports.next(), reports.next(), reports.next(), reports.next()]);
    expect(answers.map(({ value, done }) => (done ? "done" : value.epoch))).toEqual([1, 2, 3, "done"]);
  });

  test("a training that has run already gives all of its reports", async () => {
    using network = new Network(options);
    const training = network.fit(data, { epochs: 4 });
    await training;
    const epochs = [];
    for await (const { epoch } of training) epochs.push(epoch);
    expect(epochs).toEqual([1, 2, 3, 4]);
  });

  test("an iteration begun late misses nothing", async () => {
    using network = new Network(options);
    const training = network.fit(data, { epochs: 3000, batchSize: 1 });
    await turn();
    await turn();
    let expected = 1;
    for await (const { epoch } of training) expect(epoch).toBe(expected++);
    expect(expected).toBe(3001);
  });

  test("a training that is forgotten half-way leaves no data behind", async () => {
    const engine = engineOf("float32");
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const large = { x: new Float32Array(3 * 50_000), y: new Float32Array(2 * 50_000) };
    const begin = async (): Promise<void> => {
      const reports = new Network(options).fit(large, { epochs: 9, batchSize: 5000 })[Symbol.asyncIterator]();
      await reports.next();
    };
    const before = engine.used;
    for (let i = 0; i < 20; i++) await begin();
    for (let i = 0; i < 50 && engine.used > before + 3_000_000; i++) {
      collect();
      await turn();
    }
    expect(engine.used - before).toBeLessThan(3_000_000);
  });
});

describe("calls while training", () => {
  test("looking from within callbacks changes no bit of the training", () => {
    using plain = new Network(options);
    using watched = new Network(options);
    const fit = { epochs: 4, batchSize: 5, validation: 0.25, metrics: ["r2"] as const };
    const expected = plain.fitSync(data, fit).epochs.map(({ loss, r2 }) => [loss, r2]);
    const look = (): void => {
      watched.predict(x);
      watched.evaluate(data, { metrics: ["rootMeanSquaredError", "r2"] });
      watched.gradients(data);
      watched.trace(x[0], y[0]);
      watched.checkGradients({ x: x.slice(0, 2), y: y.slice(0, 2) });
      new Network({ inputs: 300, layers: [dense(500)] }).predict(new Float32Array(300_000));
    };
    const history = watched.fitSync(data, { ...fit, onBatch: look, onEpoch: look });
    expect(history.epochs.map(({ loss, r2 }) => [loss, r2])).toEqual(expected);
    expect(watched.fingerprint()).toBe(plain.fingerprint());
  });

  test("trainOnBatch that fails leaves weights, optimizer and order of samples as they were", () => {
    using network = new Network(options);
    using twin = new Network(options);
    for (const one of [network, twin]) one.fitSync(data, { epochs: 3, batchSize: 4 });
    const absurd = { x: [[3e38, 3e38, 3e38]], y: [[3e38, -3e38]] };
    expect(() => network.trainOnBatch(absurd)).toThrow(expect.objectContaining({ code: "ERR_DIVERGED" }));
    for (const one of [network, twin]) one.fitSync(data, { epochs: 2, batchSize: 4 });
    expect(network.fingerprint()).toBe(twin.fingerprint());
  });

  test("several networks of both precisions train side by side as they would alone", async () => {
    const kinds = [0, 1, 2, 3].map((seed) => ({ ...options, seed, dtype: seed % 2 ? "float64" : "float32" }) as const);
    const alone = kinds.map((kind) => {
      using network = new Network(kind);
      network.fitSync(data, { epochs: 300, batchSize: 1 });
      return network.fingerprint();
    });
    const networks = kinds.map((kind) => new Network(kind));
    await Promise.all(networks.map((network) => network.fit(data, { epochs: 300, batchSize: 1 })));
    expect(networks.map((network) => network.fingerprint())).toEqual(alone);
    for (const network of networks) network.dispose();
  });
});
