// Threads: the same bits whatever their number, and what happens where there are none or where one is lost.
import * as propago from "../src/index.ts";
import { execFileSync } from "node:child_process";
import type { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import {
  type DType,
  type FitOptions,
  type Layer,
  type NetworkOptions,
  Network,
  activation,
  batchNorm,
  dense,
  dropout,
  gaussianNoise,
  layerNorm,
} from "../src/index.ts";
import { OPTIMIZERS } from "../src/tables/whole.ts";
import { ISOLATED, chromiumMissing, inChromium } from "../scripts/chromium.ts";
import { fingerprints } from "./fingerprint-scenario.js";
import { PATIENCE, SHARED, arrivedOf, sharesOf, tookOf, turnOf, wordsOf } from "../src/threads/words.ts";
import { engineOf } from "../src/core/engine.ts";
import { rejection } from "./failure.ts";
import type { OptimizerName } from "../src/tables/names.ts";
import { leaderOf, shareEvenly } from "../src/threads/leader.ts";

// However small what is trained here.
engineOf("simd", 0);
engineOf("float64", 0);

const counts = [2, 3, 5];
const rows = 43;

/** Numbers in [-1, 1), the same in every run. */
function numbers(count: number): Float32Array {
  let state = 5;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 8388608 - 1;
  });
}

function trained<D extends DType>(options: NetworkOptions<D>, fit: FitOptions): string {
  using network = new Network(options);
  const outputs = network.outputs;
  const y = outputs === 1 ? numbers(rows) : Int32Array.from({ length: rows }, (_, r) => (r * 5) % outputs);
  const { epochs } = network.fitSync({ x: numbers(rows * network.inputs), y }, { epochs: 3, batchSize: 17, ...fit });
  if ((fit.threads ?? 1) !== 1) expect(network.build).toBe("threads");
  return `${network.fingerprint()} ${epochs.at(-1)?.loss} ${epochs.at(-1)?.accuracy}`;
}

/** The workers that are started while something runs. */
async function startedDuring(work: (workers: Worker[]) => Promise<void>): Promise<void> {
  const threads = process.getBuiltinModule("node:worker_threads");
  const { Worker: Original } = threads;
  const workers: Worker[] = [];
  threads.Worker = class extends Original {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      workers.push(this);
    }
  };
  try {
    await work(workers);
  } finally {
    threads.Worker = Original;
  }
}

/** What a script prints in a Node of its own. */
function printed(script: string, flags: string[] = []): string {
  const library = new URL("../dist/node.js", import.meta.url).href;
  const program = `const { Network, dense } = await import(process.env.PROPAGO);
    const x = Array.from({ length: 64 }, (_, r) => [r % 3, r % 5, r % 7]);
    const y = x.map((_, r) => r % 4);
    const make = () => new Network({ inputs: 3, layers: [dense(2000, "tanh"), dense(4, "softmax")] });
    ${script}`;
  return execFileSync(process.execPath, [...flags, "--input-type=module", "--eval", program], {
    encoding: "utf8",
    env: { ...process.env, PROPAGO: library, NODE_OPTIONS: "" },
    timeout: 50_000,
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

describe("the same bits on any number of threads", () => {
  for (const dtype of ["float32", "float64"] as const) {
    for (const sizes of [[1], [2, 1], [3, 2], [5, 3, 7], [7, 13, 10], [33, 18, 9]]) {
      for (const optimizer of [
        "sgd",
        "adam",
        { name: "rmsprop", momentum: 0.5, centered: true },
        { name: "sgd", clipNorm: 0.1, weightDecay: 0.01 },
      ] as const) {
        test(`${dtype}, ${sizes.join("-")}, ${JSON.stringify(optimizer)}`, () => {
          const layers = sizes.map((units, i) =>
            dense(units, i < sizes.length - 1 ? "tanh" : units > 1 ? "softmax" : "linear", { l2: 0.01 * i }),
          );
          const options = { inputs: 6, layers, optimizer, dtype };
          const alone = trained(options, { threads: 1 });
          for (const threads of counts) expect(trained(options, { threads }), `${threads} threads`).toBe(alone);
        });
      }
    }
  }

  const searches: OptimizerName[] = ["conjugateGradient", "scaledConjugateGradient", "lbfgs", "levenbergMarquardt"];

  test("but for optimizers that search, which say that they work on one", () => {
    for (const optimizer of searches) {
      const network = new Network({ inputs: 2, layers: [dense(1)], loss: "squaredError", optimizer });
      const { warnings } = network.fitSync({ x: [[1, 2], [2, 1]], y: [1, 2] }, { epochs: 2, threads: 2 }); // prettier-ignore
      expect(warnings?.find(({ code }) => code === "WARN_THREADS")?.message).toContain(`${optimizer} works on one`);
      expect(network.build).toBe("simd");
    }
  });

  for (const name of (Object.keys(OPTIMIZERS) as OptimizerName[]).filter((name) => !searches.includes(name))) {
    test(`with ${name}, accumulating and averaging`, () => {
      const layers = [dense(13, "relu"), dense(6, "sigmoid", { trainable: "bias" }), dense(5, "softmax")];
      for (const more of [{}, { accumulate: 2, averaging: 0.9 }]) {
        const options = { inputs: 11, layers, optimizer: { name, ...more } as NetworkOptions["optimizer"] };
        try {
          new Network(options).dispose();
        } catch {
          continue; // not every optimizer accumulates
        }
        const alone = trained(options, { threads: 1 });
        for (const threads of [2, 3]) expect(trained(options, { threads }), `${threads} threads`).toBe(alone);
      }
    });
  }

  test("for every network of the fingerprints", () => {
    class Threaded<D extends DType> extends Network<D> {
      override fitSync(...[data, options]: Parameters<Network["fitSync"]>) {
        return super.fitSync(data, { threads: 3, ...options });
      }
    }
    expect(fingerprints({ ...propago, Network: Threaded })).toEqual(fingerprints(propago));
  });

  test("where they change between calls, and where the calls await", async () => {
    const data = { x: numbers(rows * 9), y: Int32Array.from({ length: rows }, (_, r) => r % 3) };
    const make = (): Network => new Network({ inputs: 9, layers: [dense(21, "relu"), dense(3, "softmax")] });
    const [whole, parts] = [make(), make()];
    const told: number[][] = [[], []];
    const onBatch = (to: number[]) => (report: { loss: number }) => to.push(report.loss);
    whole.fitSync(data, { epochs: 6, batchSize: 10, threads: 1, onBatch: onBatch(told[0]) });
    for (const threads of [2, 1, 3, "auto", 2, 5] as const) {
      await parts.fit(data, { epochs: 1, batchSize: 10, threads, onBatch: onBatch(told[1]) });
    }
    expect(parts.fingerprint()).toBe(whole.fingerprint());
    expect(told[1]).toEqual(told[0]);
  });
});

describe("shares", () => {
  test("follow the speed of the workers, and always make up the whole", () => {
    const size = 4;
    const threads = 3;
    const words = new Int32Array(new SharedArrayBuffer(4 * wordsOf(size)));
    words[SHARED] = threads;
    words[PATIENCE] = 1000;
    shareEvenly(words, size, threads);
    const edges = (): number[] => [...words.subarray(sharesOf(size), sharesOf(size) + threads + 1)];
    const parts = (): number[] => edges().slice(1).map((end, i) => end - edges()[i]); // prettier-ignore
    expect(edges()).toEqual([0, 21845, 43691, 65536]);
    const leader = leaderOf(words, size, () => expect.fail("nobody has to wait"));
    /** A stage in which the other workers take `slower` times as long as the leader for the same share. */
    const stage = (slower: readonly number[]): void => {
      expect(leader.fork(0, 1)).toBe(4 * sharesOf(size));
      const start = performance.now();
      while (performance.now() < start + 3);
      const ticks = (performance.now() - start) * 1e4;
      for (let other = 1; other < threads; other++) {
        words[tookOf(other)] = (ticks * slower[other - 1] * parts()[other]) / parts()[0];
        words[arrivedOf(other)] = words[turnOf(other)];
      }
      leader.join();
    };
    for (let k = 0; k < 12; k++) stage([1, 4]);
    expect(parts()[0] / parts()[1]).toBeCloseTo(1, 0.5);
    expect(parts()[0] / parts()[2]).toBeGreaterThan(3);
    for (let k = 0; k < 12; k++) stage([1, 1e4]);
    expect(parts()[2]).toBeGreaterThan(4000);
    for (let k = 0; k < 12; k++) stage([1, 0.5]);
    expect(parts()[2] / parts()[0]).toBeGreaterThan(1.5);
    expect(edges().at(0)).toBe(0);
    expect(edges().at(-1)).toBe(65536);
  });
});

test("a team whose workers only wait for each other rests, and tries again", () => {
  const size = 2;
  const words = new Int32Array(new SharedArrayBuffer(4 * wordsOf(size)));
  words[SHARED] = 2;
  words[PATIENCE] = 1000;
  shareEvenly(words, size, 2);
  const leader = leaderOf(words, size, () => expect.fail("nobody has to wait"));
  /** A stage of 3 ms; the other worker says that it took part of them. Where its shares are. */
  const stage = (part: number): number => {
    const at = leader.fork(0, 1);
    const turn = words[turnOf(1)];
    const start = performance.now();
    while (performance.now() < start + 3);
    if (turn !== words[arrivedOf(1)]) words[tookOf(1)] = part * (performance.now() - start) * 1e4;
    words[arrivedOf(1)] = turn;
    leader.join();
    return at / 4;
  };
  for (let k = 0; k < 5; k++) expect(stage(1)).toBe(sharesOf(size));
  // The worker's help gains nothing: together they take as long as one alone. So the leader does the next stages by itself.
  for (let k = 0; k < 3; k++) expect(stage(0)).toBe(sharesOf(size));
  const turns = words[turnOf(1)];
  const alone = stage(0);
  expect(alone).not.toBe(sharesOf(size));
  expect([...words.subarray(alone, alone + 3)]).toEqual([0, 65536, 65536]);
  expect(words[turnOf(1)]).toBe(turns);
  const later = Array.from({ length: 6 }, () => stage(1));
  expect(later.at(-1)).toBe(sharesOf(size));
});

describe("whatever has parameters is trained", () => {
  // Layers without any, before and between those that have them, and parameters that stay as they are.
  const stacks: Record<string, Layer[]> = {
    "dropout first": [dropout(0.2), dense(32, "relu"), dense(10)],
    "activation and dropout": [dense(64), activation("relu"), dropout(0.1), dense(1)],
    "no bias": [dense(64, "linear", { bias: false }), activation("relu"), dense(4)],
    "noise first": [gaussianNoise(0.1), dense(8, "tanh"), dense(2)],
    "biases alone": [
      dense(30, "tanh", { trainable: "bias" }),
      dense(17, "relu"),
      dense(3, "linear", { trainable: "bias" }),
    ],
    "weights alone": [dense(30, "tanh", { trainable: "weights" }), layerNorm(), dense(3)],
    "the middle stays": [
      dense(9, "tanh"),
      dense(40, "relu", { trainable: false }),
      batchNorm({ scale: false }),
      dense(5),
    ],
    "the last stays": [dense(33, "tanh"), batchNorm(), dense(3, "linear", { trainable: false })],
    "one unit each": [dense(1, "tanh"), dense(1)],
  };
  for (const dtype of ["float32", "float64"] as const) {
    for (const [name, layers] of Object.entries(stacks)) {
      test.each([
        "adam",
        { name: "sgd", momentum: 0.5, clipNorm: 1 },
        { name: "adam", accumulate: 2, averaging: 0.9 },
        "adasecant",
      ] as const)(`${name}, ${dtype}, %o`, (optimizer) => {
        const inputs = 21;
        const x = numbers(37 * inputs);
        const y = numbers(37 * (layers.at(-1) as { units: number }).units);
        const said = [1, 2, 3, 5].map((threads) => {
          const network = new Network({ inputs, layers, optimizer, dtype });
          network.fitSync({ x, y }, { epochs: 3, batchSize: 16, threads });
          const print = network.fingerprint();
          network.dispose();
          return print;
        });
        expect(new Set(said).size).toBe(1);
      });
    }
  }
});

describe("predict and evaluate", () => {
  const most = 700;

  for (const dtype of ["float32", "float64"] as const) {
    test(`give the same bits on any number of threads: ${dtype}`, () => {
      const network = new Network({
        inputs: 9,
        layers: [dense(40, "relu"), batchNorm(), dropout(0.5), dense(33, "tanh"), layerNorm(), dense(5, "softmax")],
        optimizer: { name: "adam", averaging: 0.9 },
        dtype,
      });
      const x = numbers(most * 9);
      const y = Int32Array.from({ length: most }, (_, r) => (r * 7) % 5);
      const sampleWeights = Float64Array.from({ length: most }, (_, r) => r % 3);
      network.fitSync({ x, y }, { epochs: 2, threads: 1 });
      for (const count of [1, 3, 4, 130, most]) {
        const some = x.subarray(0, count * 9);
        const data = { x: some, y: y.subarray(0, count), ...(count > 3 && { sampleWeights: sampleWeights.subarray(0, count) }) }; // prettier-ignore
        for (const averaged of [false, true]) {
          const outputs = network.predict(some, { averaged, threads: 1 });
          const evaluation = network.evaluate(data, { averaged, threads: 1, metrics: ["accuracy", "logLoss", "f1"] });
          for (const threads of [...counts, "auto"] as const) {
            expect(network.predict(some, { averaged, threads })).toEqual(outputs);
            expect(network.evaluate(data, { averaged, threads, metrics: ["accuracy", "logLoss", "f1"] })).toEqual(
              evaluation,
            );
          }
        }
        expect(network.predict(some)).toEqual(network.predict(some, { threads: 3 }));
      }
    });
  }

  test("refuse what is no number of threads", () => {
    const network = new Network({ inputs: 1, layers: [dense(1)] });
    const wrong = { threads: 0 };
    expect(() => network.predict([[1]], wrong)).toThrow(/threads must be an integer 1\.\.64/);
    expect(() => network.evaluate({ x: [[1]], y: [1] }, wrong)).toThrow(/threads must be an integer 1\.\.64/);
    expect(() => network.getWeights(wrong as object)).toThrow(/unknown option/);
  });

  test("say which cell is bad, whichever worker would have it", () => {
    const network = new Network({ inputs: 2, layers: [dense(1)] });
    const x = numbers(2 * most);
    x[1001] = NaN;
    x[1399] = Infinity;
    for (const threads of [1, 2, "auto"] as const) {
      expect(() => network.predict(x, { threads })).toThrow(/x\[row 500, column 1\] is NaN \(2 such cells\)/);
    }
    expect(network.predict(numbers(2 * most), { threads: 2 })).toHaveLength(most);
  });

  test("start threads only for much work, or when told to", async () => {
    await startedDuring((workers) => {
      const wide = new Network({ inputs: 64, layers: [dense(512, "relu"), dense(512, "relu"), dense(10)] });
      wide.predict(numbers(64 * 256));
      expect(workers).toEqual([]);
      wide.predict(numbers(64 * 256), { threads: 12 });
      expect(workers).toHaveLength(12);
      return Promise.resolve();
    });
  });

  test("end with an error when a worker is lost, and find another the next time", async () => {
    await startedDuring((workers) => {
      const network = new Network({ inputs: 64, layers: [dense(64, "tanh"), dense(10, "softmax")] });
      const x = numbers(64 * 1000);
      const outputs = network.predict(x, { threads: 13 });
      void workers[5].terminate();
      expect(() => network.predict(x, { threads: 13 })).toThrow(/a thread was lost.*try again, or with threads: 1$/);
      expect(network.predict(x, { threads: 13 })).toEqual(outputs);
      expect(workers).toHaveLength(26);
      return Promise.resolve();
    });
  });
});

describe("a training by workers", () => {
  const data = { x: numbers(256 * 64), y: Int32Array.from({ length: 256 }, (_, r) => r % 10) };
  const make = (): Network => new Network({ inputs: 64, layers: [dense(64, "tanh"), dense(10, "softmax")] });
  const options = { batchSize: 64, threads: 2 } as const;

  test("lets others use the network between its steps", async () => {
    const [watched, alone] = [make(), make()];
    alone.fitSync(data, { ...options, epochs: 60, threads: 1 });
    const training = watched.fit(data, { ...options, epochs: 60 });
    let looks = 0;
    const timer = setInterval(() => {
      looks++;
      watched.predict(data.x);
      watched.getWeights();
      watched.evaluate(data);
    }, 1);
    await training;
    clearInterval(timer);
    expect(looks).toBeGreaterThan(0);
    expect(watched.fingerprint()).toBe(alone.fingerprint());
  });

  test("may run beside another one of the same engine", async () => {
    const networks = [make(), make(), make()];
    await Promise.all(networks.map((network) => network.fit(data, { ...options, epochs: 20 })));
    expect(new Set(networks.map((network) => network.fingerprint())).size).toBe(1);
  });

  test("ends at an abort, and when nobody iterates on", async () => {
    const network = make();
    const error = await rejection(network.fit(data, { ...options, epochs: 1e6, signal: AbortSignal.timeout(50) }));
    expect(error).toMatchObject({ name: "TimeoutError" });
    for await (const { epoch } of network.fit(data, { ...options, epochs: 1e6 })) if (epoch % 4 === 0) break;
    const training = network.fit(data, { ...options, epochs: 1e6 });
    const reports = training[Symbol.asyncIterator]();
    const pending = [reports.next(), reports.next()];
    await new Promise((resolve) => setTimeout(resolve, 20));
    await reports.return?.();
    await Promise.all(pending);
    expect((await training).stopped).toBe("aborted");
    expect((await network.fit(data, { ...options, epochs: 1 })).epochs).toHaveLength(1);
  });

  test("says so when the loss diverges, with the last finite weights", async () => {
    const network = new Network({ inputs: 64, layers: [dense(10)], optimizer: { name: "sgd", learningRate: 1e30 } });
    const before = network.fingerprint();
    expect(await rejection(network.fit(data, { ...options, epochs: 3 }))).toMatchObject({ code: "ERR_DIVERGED" });
    expect(network.fingerprint()).toBe(before);
  });
});

describe("a lost worker", () => {
  const data = { x: numbers(256 * 64), y: Int32Array.from({ length: 256 }, (_, r) => r % 10) };
  const options = { batchSize: 64, epochs: 1e6, threads: 4 } as const;

  for (const rank of [0, 1, 3]) {
    test(`ends fit with an error and good weights: worker ${rank}`, async () => {
      await startedDuring(async (workers) => {
        // More memory than any test before has left free.
        const network = new Network({
          inputs: 64,
          layers: [dense(64, "tanh"), dense(10, "softmax")],
          dtype: "float64",
        });
        const training = network.fit(data, { ...options, threads: 6 + rank });
        const timer = setInterval(() => {
          if (network.build === "threads") void workers[rank].terminate();
        }, 50);
        const error = await rejection(training);
        clearInterval(timer);
        expect(error).toMatchObject({ code: "ERR_WORKER" });
        expect(String(error)).toMatch(/a thread was lost/);
        const kept = training.history.epochs.length;
        expect(
          network
            .getWeights()
            .flatMap(({ weights }) => [...weights])
            .every(Number.isFinite),
        ).toBe(true);
        const twin = new Network({ inputs: 64, layers: [dense(64, "tanh"), dense(10, "softmax")], dtype: "float64" });
        // The weights are those of the beginning of the epoch that was lost, or of the one before.
        const good = network.fingerprint();
        const seen = [twin.fingerprint()];
        for (let epoch = 0; epoch < kept + 40 && !seen.includes(good); epoch++) {
          twin.fitSync(data, { ...options, epochs: 1, threads: 1 });
          seen.push(twin.fingerprint());
        }
        expect(seen).toContain(good);
        expect((await network.fit(data, { ...options, epochs: 2 })).epochs).toHaveLength(2);
      });
    });
  }

  test("ends fitSync with an error too", async () => {
    await startedDuring(async (workers) => {
      const network = new Network({ inputs: 64, layers: [dense(64, "tanh"), dense(10, "softmax")] });
      const onEpoch = ({ epoch }: { epoch: number }): void => {
        if (epoch === 3) void workers[1].terminate();
      };
      expect(() => network.fitSync(data, { ...options, threads: 15, onEpoch })).toThrow(/a thread was lost/);
      expect(network.fitSync(data, { ...options, epochs: 2 }).epochs).toHaveLength(2);
      expect(network.build).toBe("threads");
    });
  });
});

describe("threads and their surroundings", () => {
  test("a process ends by itself", () => {
    expect(
      printed(
        `const network = make(); await network.fit({ x, y }, { epochs: 3, threads: 2 }); console.log(network.build);`,
      ),
    ).toBe("threads");
    expect(printed(`console.log(make().fitSync({ x, y }, { epochs: 3, threads: 2 }).epochs.length);`)).toBe("3");
  });

  test("without SharedArrayBuffer, a warning and one thread", () => {
    const script = `delete globalThis.SharedArrayBuffer; const network = make();
      const { warnings } = await network.fit({ x, y }, { epochs: 3, threads: 2 });
      console.log(warnings.find(({ code }) => code === "WARN_THREADS").message); console.log(network.build);`;
    expect(printed(script)).toMatch(/^threads: 2 has no effect: this engine has no SharedArrayBuffer.*\nsimd$/);
  });

  test("without SharedArrayBuffer from the beginning, fitSync says that too, and not that it may not wait", () => {
    const script = `const { warnings } = make().fitSync({ x, y }, { epochs: 3, threads: 2 }); console.log(warnings[0].message);`;
    const flags = ["--import", "data:text/javascript,delete globalThis.SharedArrayBuffer"];
    expect(printed(script, flags)).toBe("threads: 2 has no effect: this engine has no SharedArrayBuffer");
  });

  test("where workers are forbidden, a warning and one thread", () => {
    const [major] = process.versions.node.split(".").map(Number);
    const flags = [major < 23 ? "--experimental-permission" : "--permission", "--allow-fs-read=*", "--no-warnings"];
    const script = `const network = make();
      const { warnings } = await network.fit({ x, y }, { epochs: 3, threads: 2 });
      console.log(warnings.find(({ code }) => code === "WARN_THREADS").message); console.log(network.build);`;
    expect(printed(script, flags)).toMatch(/^threads: 2 has no effect: threads could not be started.*\nsimd$/);
  });

  describe("in a page", () => {
    const script = `(async () => {
      const { Network, dense } = propago;
      const x = Array.from({ length: 64 }, (_, r) => [r % 3, r % 5, r % 7]);
      const y = x.map((_, r) => r % 4);
      const make = () => new Network({ inputs: 3, layers: [dense(2000, "tanh"), dense(4, "softmax")] });
      const [alone, shared] = [make(), make()];
      await alone.fit({ x, y }, { epochs: 20, threads: 1 });
      const { warnings = [] } = await shared.fit({ x, y }, { epochs: 20, threads: 3 });
      const [blocked] = make().fitSync({ x, y }, { epochs: 1, threads: 2 }).warnings ?? [];
      const outputs = [1, 3, "auto"].map((threads) => alone.predict(x, { threads }).join());
      return {
        same: alone.fingerprint() === shared.fingerprint() && new Set(outputs).size === 1,
        build: shared.build,
        warnings: [...warnings, blocked].map(({ code, message }) => code + " " + message).join("; "),
      };
    })()`;
    const run = async (headers: Record<string, string>) =>
      (await inChromium<{ same: boolean; build: string; warnings: string }>(script, headers)).value;

    test.skipIf(chromiumMissing)("that is isolated, fit has threads", async () => {
      const { same, build, warnings } = await run(ISOLATED);
      expect({ same, build }).toEqual({ same: true, build: "threads" });
      expect(warnings).toMatch(/^WARN_THREADS threads: 2 has no effect: in a page, fitSync may not wait/);
    });

    test.skipIf(chromiumMissing)("that is not, a warning and one thread", async () => {
      const { same, build, warnings } = await run({});
      expect({ same, build }).toEqual({ same: true, build: "simd" });
      expect(warnings).toMatch(/^WARN_THREADS threads: 3 has no effect: this page is not cross-origin isolated/);
    });

    test.skipIf(chromiumMissing)("whose policy forbids workers, a warning and one thread", async () => {
      const policy = "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' 'unsafe-eval'; worker-src 'none'";
      const { same, build, warnings } = await run({ ...ISOLATED, "content-security-policy": policy });
      expect({ same, build }).toEqual({ same: true, build: "simd" });
      expect(warnings).toMatch(/^WARN_THREADS threads: 3 has no effect: threads could not be started/);
    });
  });

  test("auto leaves small trainings alone", async () => {
    await startedDuring(async (workers) => {
      const network = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
      await network.fit({ x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 1, 0] }, { epochs: 1000 }); // prettier-ignore
      expect(network.build).toBe("simd");
      expect(workers).toEqual([]);
    });
  });

  for (const threads of [0, -1, 1.5, 65, "two", NaN, null]) {
    test(`${String(threads)} threads cannot be`, () => {
      const network = new Network({ inputs: 2, layers: [dense(1)] });
      expect(() => network.fitSync({ x: [[1, 2]], y: [1] }, { threads: threads as number })).toThrow(
        /threads must be an integer 1\.\.64/,
      );
    });
  }
});
