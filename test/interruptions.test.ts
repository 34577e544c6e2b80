// Trainings that do not simply run to their end: aborts at every point, loops over epochs that are left or resumed late, calls
// from within callbacks, and failures in the middle. After each, the network can be used and trained further.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core/engine.ts";
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

describe("callbacks that give promises", () => {
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

  test.each(["onEpoch", "onBatch"] as const)("fit waits for each %s, and the weights are the same", async (name) => {
    using plain = new Network(options);
    using waiting = new Network(options);
    plain.fitSync(data, { epochs: 3, batchSize: 8 });
    let running = 0;
    let calls = 0;
    const callback = async (): Promise<void> => {
      expect(++running).toBe(1);
      await later();
      running--;
      calls++;
    };
    const history = await waiting.fit(data, { epochs: 3, batchSize: 8, [name]: callback });
    expect(calls).toBe(name === "onEpoch" ? 3 : 9);
    expect(history.epochs).toHaveLength(3);
    expect(waiting.fingerprint()).toBe(plain.fingerprint());
  });

  test.each(["onEpoch", "onBatch"] as const)("fit rejects with the error of %s, at once or later", async (name) => {
    for (const wait of [() => Promise.resolve(), later]) {
      using network = new Network(options);
      const error = new Error("no more");
      let calls = 0;
      const callback = async (): Promise<void> => {
        await wait();
        if (++calls === 2) throw error;
      };
      const training = network.fit(data, { epochs: 9, batchSize: 8, [name]: callback });
      await expect(Promise.resolve(training)).rejects.toBe(error);
      expect(calls).toBe(2);
      expect(training.history.stopped).toBe("aborted");
      // The network is not busy any more, and its weights are finite.
      expect((await network.fit(data, { epochs: 1 })).epochs).toHaveLength(1);
    }
  });

  test("an iteration throws the error, too", async () => {
    using network = new Network(options);
    const error = new Error("no more");
    const run = async (): Promise<void> => {
      for await (const { epoch } of network.fit(data, { epochs: 5, onEpoch: () => Promise.reject(error) })) {
        expect(epoch).toBe(1);
      }
    };
    await expect(run()).rejects.toBe(error);
  });

  test("thenables count as promises, other values do not", async () => {
    using network = new Network(options);
    const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("from a thenable")) };
    await expect(Promise.resolve(network.fit(data, { epochs: 2, onEpoch: () => thenable }))).rejects.toThrow(
      "from a thenable",
    );
    expect(network.fitSync(data, { epochs: 2, onEpoch: () => 5 }).epochs).toHaveLength(2);
  });

  test.each(["onEpoch", "onBatch"] as const)(
    "fitSync, which cannot wait for %s, says so, and no rejection is left",
    async (name) => {
      using network = new Network(options);
      const unhandled: unknown[] = [];
      const listen = (reason: unknown): void => void unhandled.push(reason);
      process.on("unhandledRejection", listen);
      try {
        const call = () => network.fitSync(data, { epochs: 3, [name]: () => Promise.reject(new Error("unwatched")) });
        expect(call).toThrow(new RegExp(`${name} gave a promise, which fitSync cannot wait for; use fit`));
        await turn();
        await turn();
        expect(unhandled).toEqual([]);
        expect(network.fitSync(data, { epochs: 1 }).epochs).toHaveLength(1);
      } finally {
        process.off("unhandledRejection", listen);
      }
    },
  );
});

describe("what is watched and is not a number", () => {
  // One class among the rows held back: rocAuc has no meaning there.
  const sides = { x, y: x.map(([a]) => Number(a > 0.3)) };
  const held = { x: x.slice(0, 4), y: [1, 1, 1, 1] };
  const shape: NetworkOptions = { inputs: 3, layers: [dense(4, "tanh"), dense(1, "sigmoid")] };
  const watching = { epochs: 30, validation: held, metrics: ["rocAuc"] as const };

  test("early stopping says so, names the metric and why, and does not stop for that", () => {
    using network = new Network(shape);
    const earlyStopping = { monitor: "validation.rocAuc", patience: 5 } as const;
    const { epochs, stopped, warnings } = network.fitSync(sides, { ...watching, earlyStopping });
    expect(epochs).toHaveLength(30);
    expect(stopped).toBe("epochs");
    const told = warnings!.filter(({ code }) => code === "WARN_MONITOR");
    expect(told).toHaveLength(1);
    expect(told[0].message).toMatch(/validation\.rocAuc.*not a number.*one class only/);
    expect(epochs[0].warnings).toContainEqual(told[0]);
  });

  test("a schedule that watches it says so, and leaves the rate as it is", () => {
    const learningRate = { name: "reduceOnPlateau", monitor: "validation.rocAuc", patience: 2, rate: 0.01 } as const;
    using network = new Network({ ...shape, optimizer: { name: "adam", learningRate } });
    const { epochs, warnings } = network.fitSync(sides, watching);
    expect(new Set(epochs.map((epoch) => epoch.learningRate))).toEqual(new Set([0.01]));
    expect(warnings!.map(({ code }) => code)).toContain("WARN_MONITOR");
  });

  test("where it is a number nothing is said", () => {
    using network = new Network(shape);
    const earlyStopping = { monitor: "rocAuc", patience: 5 } as const;
    const { warnings } = network.fitSync(sides, { epochs: 30, metrics: ["rocAuc"], earlyStopping });
    expect(warnings?.map(({ code }) => code) ?? []).not.toContain("WARN_MONITOR");
  });
});

describe("limits hold for a whole fit", () => {
  test("timeLimit, whatever else looks at epochs, and epochs go on counting", async () => {
    using network = new Network(options);
    const earlyStopping = { patience: 1e9 };
    for (const fit of [
      () => network.fit(data, { epochs: 1e9, timeLimit: 0.1, validation: 0.25, earlyStopping }),
      () => network.fitSync(data, { epochs: 1e9, timeLimit: 0.1, onEpoch() {} }),
      () =>
        network.fit(data, {
          epochs: 1e9,
          timeLimit: 0.1,
          onEpoch: () => new Promise<void>((done) => setTimeout(done, 3)),
        }),
    ]) {
      const began = performance.now();
      const { stopped, epochs } = await fit();
      expect(stopped).toBe("timeLimit");
      expect(performance.now() - began).toBeLessThan(400);
      expect(epochs.every(({ epoch }, k) => epoch === epochs[0].epoch + k)).toBe(true);
    }
    // All epochs that were asked for have run.
    const whole = network.fitSync(data, { epochs: 1, batchSize: "full", timeLimit: 1e-9 });
    expect([whole.epochs.length, whole.stopped]).toEqual([1, "epochs"]);
  });

  test("targetLoss ends it with the first epoch that reaches it", () => {
    using network = new Network(options);
    const { epochs, stopped } = network.fitSync(data, { epochs: 5000, targetLoss: 0.05 });
    expect(stopped).toBe("targetLoss");
    expect(epochs.at(-1)!.loss).toBeLessThanOrEqual(0.05);
    expect(epochs.slice(0, -1).every(({ loss }) => loss > 0.05)).toBe(true);
    using twin = new Network(options);
    const calls: number[] = [];
    twin.fitSync(data, { epochs: epochs.length, onEpoch: ({ epoch }) => void calls.push(epoch) });
    expect(calls).toEqual(epochs.map(({ epoch }) => epoch));
  });
});
