// One suite over the builds of the core: each against the twin of reference.ts, within what its numbers hold.
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core/engine.ts";
import { Classifier, dense, type FitOptions, Network, type NetworkOptions, PropagoError } from "../src/index.ts";
import { failure } from "./failure.ts";
import {
  ACTIVATIONS,
  generator,
  gradients,
  matrix,
  model,
  parametersOf,
  predict,
  relativeDifference,
} from "./reference.ts";
import type { DType } from "../src/ground/arrays.ts";

const builds = {
  simd: { options: {}, tolerance: 1e-5 },
  relaxed: { options: { build: "relaxed" }, tolerance: 1e-5 },
  float64: { options: { dtype: "float64" }, tolerance: 1e-12 },
} as const satisfies Record<string, { options: Partial<NetworkOptions<DType>>; tolerance: number }>;

const small: NetworkOptions = { inputs: 2, layers: [dense(3, "tanh"), dense(1, "sigmoid")] };
const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [0, 1, 1, 0],
};

/** Why a build cannot run here, or nothing if it can. */
function missing(build: keyof typeof builds): string | undefined {
  try {
    engineOf(build, 0); // threads share whatever is trained here, however small
    return undefined;
  } catch (error) {
    if (error instanceof PropagoError && error.code === "ERR_WASM_RELAXED") {
      return `Node ${process.version} has no relaxed SIMD`;
    }
    throw error;
  }
}

describe.each(Object.keys(builds) as (keyof typeof builds)[])("%s", (build) => {
  const { options: chosen, tolerance } = builds[build];
  const reason = missing(build);
  const make = (options: NetworkOptions) => new Network({ ...options, ...chosen });
  /** A test of this build; skipped, with the reason, where the engine lacks it. */
  const check = (name: string, body: () => void | Promise<void>): void =>
    void test(name, async (context) => (reason === undefined ? await body() : context.skip(reason)));

  check("says what it is", async () => {
    using network = make(small);
    expect(network.build).toBe(build === "relaxed" ? "relaxed" : "simd");
    expect(network.dtype).toBe(build === "float64" ? "float64" : "float32");
    await network.fit(xor, { epochs: 3, threads: 2 });
    expect(network.build).toBe(build === "relaxed" ? "relaxed" : "threads");
  });

  const widths = [1, 2, 3, 5, 7, 8, 9, 17, 33];
  check("gradients and predictions at odd sizes", () => {
    for (const inputs of widths) {
      for (const units of widths) {
        for (const batch of [1, 2, 3, 5, 7, 8]) {
          const options: NetworkOptions = {
            inputs,
            layers: [dense(units, "tanh"), dense(3, "linear")],
            loss: "squaredError",
          };
          using network = make(options);
          const draw = generator(inputs * 1000 + units * 10 + batch);
          const X = matrix(batch, inputs, () => Math.fround(draw()));
          // Far from what the network gives, so that errors do not cancel out.
          const Y = matrix(batch, 3, () => Math.fround(4 + draw()));
          const twin = model(options, network.getWeights());
          const where = `${inputs}-${units}-3, batch of ${batch}`;
          expect(relativeDifference(network.predict(X), predict(twin, X).flat()), where).toBeLessThan(tolerance);
          const actual = network.gradients({ x: X, y: Y });
          for (const [l, { weights, bias }] of gradients(twin, X, Y).entries()) {
            expect(relativeDifference(actual[l].weights, weights), where).toBeLessThan(tolerance);
            expect(relativeDifference(actual[l].bias!, bias!), where).toBeLessThan(tolerance);
          }
        }
      }
    }
  });

  check("every activation, in the tails too", () => {
    const X = [...[0, 1e-6, 0.3, 1, 3, 9, 30, 80].flatMap((z) => [z, -z])].map((z) => [Math.fround(z)]);
    for (const [name, { value, options }] of Object.entries(ACTIVATIONS)) {
      using network = make({ inputs: 1, layers: [dense(1, name as "tanh")], loss: "meanSquaredError" });
      network.setWeights([{ weights: [1], bias: [0] }]);
      for (const [r, a] of network.predict(X).entries()) {
        const [wanted] = value(X[r], options);
        const scale = Math.max(1, Math.abs(wanted));
        expect(Math.abs(a - wanted) / scale, `${name} of ${X[r][0]}`).toBeLessThan(tolerance);
      }
    }
  });

  for (const [batchSize, threads] of [
    [1, 1],
    [5, 1],
    [11, 1],
    [11, 3],
  ] as const) {
    check(`training, batches of ${batchSize}, threads: ${threads}`, () => {
      const options: NetworkOptions = {
        inputs: 5,
        layers: [dense(7, "tanh"), dense(3, "linear")],
        loss: "squaredError",
        optimizer: { name: "sgd", learningRate: 0.05 },
      };
      using network = make(options);
      const draw = generator(7);
      const X = matrix(11, 5, () => Math.fround(draw()));
      const Y = matrix(11, 3, () => Math.fround(draw()));
      const twin = model(options, network.getWeights());
      const fit: FitOptions = { epochs: 20, batchSize, shuffle: false, threads };
      network.fitSync({ x: X, y: Y }, fit);
      for (let epoch = 0; epoch < 20; epoch++) {
        for (let first = 0; first < X.length; first += batchSize) {
          const step = gradients(twin, X.slice(first, first + batchSize), Y.slice(first, first + batchSize));
          for (const [l, { weights, bias }] of parametersOf(twin).entries()) {
            for (const i of weights.keys()) weights[i] -= 0.05 * step[l].weights[i];
            for (const i of bias!.keys()) bias![i] -= 0.05 * step[l].bias![i];
          }
        }
      }
      const trained = network.getWeights();
      for (const [l, { weights, bias }] of parametersOf(twin).entries()) {
        expect(relativeDifference(trained[l].weights, weights)).toBeLessThan(10 * tolerance);
        expect(relativeDifference(trained[l].bias!, bias!)).toBeLessThan(10 * tolerance);
      }
    });
  }

  check("losses fall under optimizers of all kinds", () => {
    for (const optimizer of ["adam", "rmsprop", "rprop", "quickprop", "adasecant", "lbfgs"] as const) {
      using network = make({ ...small, optimizer });
      const { epochs } = network.fitSync(xor, { epochs: 50, batchSize: "full" });
      expect(epochs.at(-1)!.loss, optimizer).toBeLessThan(epochs[0].loss);
    }
  });

  check("NaN and infinities in products stay where they belong", () => {
    const own = engineOf(build);
    const { core, bytes } = own;
    const [m, k, n] = [6, 5, 13];
    const blocks = [m * k, k * n, m * n].map((count) => own.allocate(count * bytes + 64, "a test"));
    const [X, W, Z] = blocks;
    own.numbers(X, m * k).fill(0.5)[2 * k + 3] = NaN;
    own.numbers(W, k * n).fill(0.25)[n + 6] = Infinity;
    core.product(X, k * bytes, bytes, W, n * bytes, Z, n * bytes, 0, m, n, k, 0, 0);
    for (const [i, value] of own.numbers(Z, m * n).entries()) {
      const [row, column] = [Math.floor(i / n), i % n];
      expect(value, `${row}, ${column}`).toBe(row === 2 ? NaN : column === 6 ? Infinity : k / 8);
    }
    for (const block of blocks) own.release(block);
  });
});

describe('build: "relaxed"', () => {
  const reason = missing("relaxed");

  test("is refused where the engine has none, with what to do", (context) => {
    if (reason === undefined) return context.skip("this engine has relaxed SIMD");
    expect(failure(() => new Network({ ...small, build: "relaxed" }))).toMatchObject({
      code: "ERR_WASM_RELAXED",
      message: expect.stringMatching(/Node 22.*leave build/) as string,
    });
  });

  test("is for float32", () => {
    expect(failure(() => new Network({ ...small, build: "relaxed", dtype: "float64" }))).toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining("float32") as string,
    });
    expect(failure(() => new Network({ ...small, build: "fast" as "relaxed" }))).toMatchObject({ code: "ERR_CONFIG" });
  });

  test("is never taken unasked, and not saved", (context) => {
    using plain = new Network(small);
    expect(plain.build).toBe("simd");
    if (reason !== undefined) return context.skip(reason);
    using relaxed = new Network({ ...small, build: "relaxed" });
    expect(relaxed.toJSON()).toEqual(plain.toJSON());
    expect(Network.fromJSON(relaxed.toJSON()).build).toBe("simd");
    expect(Network.fromJSON(plain.toJSON(), { build: "relaxed" }).build).toBe("relaxed");
  });

  test("a classifier takes it, and does not save it", async (context) => {
    if (reason !== undefined) return context.skip(reason);
    using classifier = new Classifier({ hidden: [4], build: "relaxed" });
    await classifier.fit(xor.x, xor.y, { epochs: 5 });
    expect(classifier.network?.build).toBe("relaxed");
    expect(JSON.stringify(classifier)).not.toContain("relaxed");
    expect((await classifier.network!.findLearningRate({ x: xor.x, y: xor.y })).suggestion).toBeGreaterThan(0);
  });
});
