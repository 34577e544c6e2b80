// Every optimizer, with every switch: ten steps against the twin, minima that it must reach, what it remembers, going
// on as if it had never stopped; and every bound of every hyperparameter, from the tables themselves.
import { describe, expect, test } from "vitest";
import type { OptionRow, OptionTable } from "../src/ground/options.ts";
import { engineOf } from "../src/core/engine.ts";
import { type DType, Network, type OptimizerSpec, PropagoError, dense } from "../src/index.ts";
import { COMMON, type OptimizerRow } from "../src/tables/optimizers.ts";
import { OPTIMIZERS } from "../src/tables/whole.ts";
import { failure } from "./failure.ts";
import { leave } from "./leave.ts";
import { generator, matrix, model, parametersOf, relativeDifference, train } from "./reference.ts";
import { readOptimizer } from "../src/description/optimizer.ts";

type Named = Exclude<OptimizerSpec, string>;

/** With the number of arrays that each remembers. */
const variants: { optimizer: Named; remembers: number }[] = [
  { optimizer: { name: "sgd", learningRate: 0.1 }, remembers: 0 },
  { optimizer: { name: "sgd", learningRate: 0.05, momentum: 0.8 }, remembers: 1 },
  { optimizer: { name: "sgd", learningRate: 0.05, momentum: 0.8, nesterov: true }, remembers: 1 },
  { optimizer: { name: "adagrad", learningRate: 0.1 }, remembers: 1 },
  { optimizer: { name: "adagrad", learningRate: 0.1, initialAccumulator: 0.2, epsilon: 0.1 }, remembers: 1 },
  { optimizer: { name: "rmsprop", learningRate: 0.01 }, remembers: 1 },
  { optimizer: { name: "rmsprop", learningRate: 0.01, momentum: 0.6 }, remembers: 2 },
  { optimizer: { name: "rmsprop", learningRate: 0.01, rho: 0.9, epsilon: 1e-3, centered: true }, remembers: 2 },
  {
    optimizer: { name: "rmsprop", learningRate: 0.01, rho: 0.9, epsilon: 1e-3, centered: true, momentum: 0.6 },
    remembers: 3,
  },
  { optimizer: { name: "adadelta", rho: 0.95, epsilon: 1e-4 }, remembers: 2 },
  { optimizer: { name: "adam", learningRate: 0.02, beta1: 0.8, beta2: 0.99 }, remembers: 2 },
  { optimizer: { name: "adam", learningRate: 0.02, beta2: 0.9, amsgrad: true }, remembers: 3 },
  { optimizer: { name: "adamw", learningRate: 0.02, weightDecay: 0.1 }, remembers: 2 },
  { optimizer: { name: "adamw", learningRate: 0.02, amsgrad: true }, remembers: 3 },
  { optimizer: { name: "adamax", learningRate: 0.02 }, remembers: 2 },
  { optimizer: { name: "nadam", learningRate: 0.02, momentumDecay: 0.1 }, remembers: 2 },
  { optimizer: { name: "radam", learningRate: 0.02 }, remembers: 2 },
  { optimizer: { name: "radam", learningRate: 0.02, beta2: 0.6 }, remembers: 2 },
  { optimizer: { name: "lion", learningRate: 0.005 }, remembers: 1 },
  { optimizer: { name: "rprop", learningRate: 0.02, stepMax: 0.1 }, remembers: 2 },
  { optimizer: { name: "quickprop", learningRate: 0.3 }, remembers: 2 },
  { optimizer: { name: "adasecant" }, remembers: 13 },
  { optimizer: { name: "adasecant", adagrad: false, learningRate: 1e-2 }, remembers: 12 },
  { optimizer: { name: "adasecant", covariance: "aligned", damping: 1e-4, decay: 0.8 }, remembers: 14 },
  { optimizer: { name: "adasecant", varianceReduction: false, deltaClip: 0.3 }, remembers: 13 },
  { optimizer: { name: "adasecant", startVarianceReduction: 4, gradClip: 0.4, gammaClip: 0.2 }, remembers: 13 },
  { optimizer: { name: "sgd", learningRate: 0.1, clipNorm: 0.2, weightDecay: 0.1 }, remembers: 0 },
  { optimizer: { name: "adam", learningRate: 0.02, clipValue: 0.01, clipNorm: 0.03 }, remembers: 2 },
  { optimizer: { name: "rprop", clipNorm: 1e-3, weightDecay: 0.2 }, remembers: 2 },
];
/** How near the twin, where that is not as for all: secants, and the limits that they are held to, amplify rounding. */
const nearness: Partial<Record<Named["name"], Record<DType, number>>> = { adasecant: { float64: 1e-9, float32: 2e-2 } };

const each = variants.map((variant) => ({ ...variant, name: JSON.stringify(variant.optimizer) }));

const draw = generator(5);
const x = matrix(22, 3, draw);
const y = x.map(([a, b, c]) => [a * b - c, 0.5 * a + b * c]);
const layers = [dense(5, "tanh"), dense(3, "sigmoid", { trainable: "weights" }), dense(2)];

test("every optimizer is in the list", () => {
  // But vsgd, which needs more than a gradient (vsgd.test.ts), and those that search (search.test.ts).
  const names = variants.map(({ optimizer }) => optimizer.name);
  const stepping = Object.entries(OPTIMIZERS).filter(([, row]) => !("search" in row));
  expect(new Set([...names, "vsgd"])).toEqual(new Set(stepping.map(([name]) => name)));
});

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const make = (optimizer: OptimizerSpec) => new Network({ inputs: 3, layers, optimizer, l2: 0.01, dtype, seed: 3 });
  const weights = (network: Network<DType>) =>
    network.getWeights().flatMap(({ weights, bias = [] }) => [...weights, ...bias]);

  test.each(each)("twenty steps are the twin's: $name", ({ optimizer }) => {
    using network = make(optimizer);
    const twin = model({ inputs: 3, layers, l2: 0.01 }, network.getWeights());
    const losses: number[] = [];
    network.fitSync(
      { x, y },
      { epochs: 5, batchSize: 6, shuffle: false, onBatch: ({ loss }) => void losses.push(loss) },
    );
    const expected = train(twin, x, y, { optimizer, batchSize: 6, epochs: 5 });
    const tolerance = (nearness[optimizer.name] ?? { float64: 1e-11, float32: 2e-4 })[dtype];
    expect(relativeDifference(losses, expected)).toBeLessThan(tolerance);
    const trained = parametersOf(twin).flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
    expect(relativeDifference(weights(network), trained)).toBeLessThan(tolerance);
  });

  test.each(each)("seven fits of one epoch are one of seven, to the bit: $name", ({ optimizer }) => {
    using once = make(optimizer);
    using often = make(optimizer);
    once.fitSync({ x, y }, { epochs: 7, batchSize: 6 });
    for (let k = 0; k < 7; k++) often.fitSync({ x, y }, { epochs: 1, batchSize: 6 });
    expect(often.fingerprint()).toBe(once.fingerprint());
  });

  test.each(each)("remembers $remembers arrays: $name", ({ optimizer, remembers }) => {
    const { used } = engineOf(dtype);
    const trainable = 100 * 50 + 50;
    const blocks = (rule: OptimizerSpec) => {
      using network = new Network({ inputs: 100, layers: [dense(50)], optimizer: rule, dtype });
      network.trainOnBatch({ x: new Float64Array(100).fill(0.1), y: new Float64Array(50) });
      return engineOf(dtype).used - used;
    };
    const lanes = 16 / engineOf(dtype).bytes;
    const array = Math.ceil(trainable / lanes) * 16;
    // The two tensors are padded each; a hundred bytes cover it.
    const difference = blocks(optimizer) - blocks("sgd");
    expect(Math.abs(difference - remembers * array)).toBeLessThan(100);
  });

  test.each(each)("a network that made room goes on with what it remembered: $name", ({ optimizer }) => {
    using stayed = make(optimizer);
    using left = make(optimizer);
    for (const network of [stayed, left]) network.fitSync({ x, y }, { epochs: 3, batchSize: 6 });
    leave(left);
    for (const network of [stayed, left]) network.fitSync({ x, y }, { epochs: 3, batchSize: 6 });
    expect(left.fingerprint()).toBe(stayed.fingerprint());
  });
});

describe("minima", () => {
  /** Rates at which each gets down a small regression in 300 full batches. */
  const fast: Named[] = [
    { name: "sgd", learningRate: 0.3 },
    { name: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
    { name: "adagrad", learningRate: 0.5 },
    { name: "rmsprop", learningRate: 0.01 },
    { name: "adadelta", learningRate: 10 },
    { name: "adam", learningRate: 0.05 },
    { name: "adam", learningRate: 0.05, amsgrad: true },
    { name: "adamw", learningRate: 0.05, weightDecay: 1e-4 },
    { name: "adamax", learningRate: 0.1 },
    { name: "nadam", learningRate: 0.05 },
    { name: "radam", learningRate: 0.1 },
    { name: "lion", learningRate: 0.01 },
    { name: "rprop" },
    { name: "quickprop" },
    { name: "adasecant" },
  ];

  test.each(fast.map((optimizer) => ({ optimizer, name: JSON.stringify(optimizer) })))(
    "a line is found: $name",
    ({ optimizer }) => {
      // The loss is a parabola in weight and bias: the least is 0 at y = 2 x − 1.
      using line = new Network({ inputs: 1, layers: [dense(1)], optimizer, dtype: "float64", seed: 1 });
      const points = [-1, -0.5, 0, 0.5, 1].map((x) => [x]);
      const data = { x: points, y: points.map(([x]) => [2 * x - 1]) };
      const { epochs } = line.fitSync(data, { epochs: 600, batchSize: "full" });
      expect(epochs.at(-1)!.loss).toBeLessThan(1e-3 * epochs[0].loss);
    },
  );

  test.each(fast.map((optimizer) => ({ optimizer, name: JSON.stringify(optimizer) })))(
    "a curved valley is followed: $name",
    ({ optimizer }) => {
      // y = w₂ w₁ x: as in Rosenbrock's function, the minima lie along a hyperbola, with steep sides.
      using valley = new Network({
        inputs: 3,
        layers: [dense(6, "tanh"), dense(2)],
        optimizer,
        dtype: "float64",
        seed: 2,
      });
      const { epochs } = valley.fitSync({ x, y }, { epochs: 600, batchSize: "full" });
      expect(epochs.at(-1)!.loss).toBeLessThan(0.2 * epochs[0].loss);
    },
  );
});

describe("clipping and decay", () => {
  test("clipNorm is over all trainable parameters and penalties, as the twin has it", () => {
    const data = { x, y };
    using network = new Network({
      inputs: 3,
      layers,
      l2: 0.5,
      dtype: "float64",
      optimizer: { name: "sgd", learningRate: 1, clipNorm: 0.1 },
    });
    const before = network.getWeights().flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
    network.trainOnBatch(data);
    const after = network.getWeights().flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
    expect(Math.hypot(...after.map((value, k) => value - before[k]))).toBeCloseTo(0.1, 6);
  });

  test("a gradient below both limits is left as it is, to the bit", () => {
    using plain = new Network({ inputs: 3, layers, optimizer: { name: "adam" } });
    using clipped = new Network({ inputs: 3, layers, optimizer: { name: "adam", clipNorm: 1e6, clipValue: 1e6 } });
    for (const network of [plain, clipped]) network.fitSync({ x, y }, { epochs: 3 });
    expect(clipped.fingerprint()).toBe(plain.fingerprint());
  });

  test("weight decay shrinks weights and biases alike, apart from the gradient", () => {
    using network = new Network({
      inputs: 2,
      layers: [dense(1)],
      dtype: "float64",
      optimizer: { name: "lion", learningRate: 0.5, weightDecay: 0.1 },
    });
    network.setWeights([{ weights: [4, -2], bias: [3] }]);
    // The output is met exactly, so that the gradient is 0.
    network.trainOnBatch({ x: [[0, 0]], y: [[3]] });
    expect(network.getWeights()).toEqual([
      { weights: Float64Array.of(4 * 0.95, -2 * 0.95), bias: Float64Array.of(3 * 0.95) },
    ]);
  });

  test("after a divergence, the optimizer starts afresh", () => {
    for (const { optimizer } of variants) {
      using wild = new Network({ inputs: 3, layers, optimizer, dtype: "float64", seed: 4 });
      using calm = new Network({ inputs: 3, layers, optimizer, dtype: "float64", seed: 4 });
      const huge = x.map((row) => row.map((value) => value * 1e200));
      const before = wild.getWeights();
      expect(() => wild.trainOnBatch({ x: huge, y: huge.map(([a, b]) => [a, b]) })).toThrow(/loss became/);
      wild.setWeights(before);
      for (const network of [wild, calm]) network.trainOnBatch({ x, y });
      expect(wild.fingerprint(), JSON.stringify(optimizer)).toBe(calm.fingerprint());
    }
  });
});

describe("hyperparameters", () => {
  interface Trial {
    name: string;
    value: unknown;
    says?: RegExp;
  }

  /** Values at and beyond each bound of a row: those with `says` are refused. */
  function trials(key: string, row: OptionRow): Trial[] {
    // Whose formulas are meant: keras.test.ts.
    if (row.kind === "other") return [];
    if (row.kind !== "number") {
      return ["yes", 1, null].map((value) => ({ name: key, value, says: /must be true or false/ }));
    }
    const { above, least, below, most, whole } = row;
    const little = whole ? 1 : 1e-9;
    const says = new RegExp(`optimizer\\.${key} must be .*(number|integer).*, got `);
    const bad: unknown[] = [NaN, Infinity, -Infinity, "1", null, true];
    const good: unknown[] = key in COMMON && key !== "weightDecay" ? [] : [row.default];
    if (whole) bad.push(1.5);
    if (above !== undefined) bad.push(above, above - 1);
    if (above !== undefined) good.push(above + little);
    if (least !== undefined) bad.push(least - little);
    if (least !== undefined && least !== row.default) good.push(least);
    if (below !== undefined) bad.push(below, below + 1);
    if (below !== undefined) good.push(below - little);
    if (most !== undefined) bad.push(most + little);
    if (most !== undefined) good.push(most);
    return [...bad.map((value) => ({ name: key, value, says })), ...good.map((value) => ({ name: key, value }))];
  }

  describe.each(Object.entries(OPTIMIZERS))("%s", (optimizer, row) => {
    const { options, refuses = {} } = row as OptimizerRow;
    const rows: OptionTable = "search" in row ? options : { ...COMMON, ...options };

    test("every default is within its own bounds, and stands in the saved description", () => {
      // As many parameters as for which the defaults that depend on them are their least.
      const { spec } = readOptimizer(optimizer, 4);
      for (const [key, row] of Object.entries(rows)) {
        // What is the same for all, and not asked for, is said by saying nothing.
        if (key in COMMON && key !== "weightDecay") expect(spec).not.toHaveProperty(key);
        else expect(spec).toHaveProperty(key, row.default);
      }
      expect(readOptimizer(JSON.parse(JSON.stringify(spec)), 10)).toEqual(readOptimizer(optimizer, 4));
    });

    const taken = Object.entries(rows).filter(([key]) => !(key in refuses));
    test.each(taken.flatMap(([key, row]) => trials(key, row)))("$name: $value", ({ name: key, value, says }) => {
      // The smallest stepMax that is allowed by itself stands above a stepMin smaller still.
      const beside = key === "stepMax" ? { stepMin: 1e-12 } : {};
      const when = () => readOptimizer({ name: optimizer, ...beside, [key]: value }, 10);
      if (says === undefined) return expect(when().spec).toHaveProperty(key, value);
      const error = failure(when) as PropagoError;
      expect(error).toBeInstanceOf(PropagoError);
      expect(error.code).toBe("ERR_CONFIG");
      expect(error.message).toMatch(says);
    });

    test.each(Object.entries(refuses))("%s is refused: %s", (key, instead) => {
      const value = rows[key].kind === "number" && rows[key].whole ? 2 : 0.5;
      expect(() => readOptimizer({ name: optimizer, [key]: value }, 10)).toThrow(
        `optimizer.${key}: ${optimizer} does not take it: ${instead}`,
      );
    });

    test("an unknown option is refused", () => {
      const [first] = Object.keys(rows);
      expect(() => readOptimizer({ name: optimizer, [first.toLowerCase() + "s"]: 1 }, 10)).toThrow(
        `(did you mean "${first}"?)`,
      );
      expect(() => readOptimizer({ name: optimizer, colour: 1 }, 10)).toThrow(/unknown option "colour"; known: name, /);
    });
  });

  test("stepMin above stepMax is refused", () => {
    expect(() => readOptimizer({ name: "rprop", stepMin: 2, stepMax: 1 }, 10)).toThrow(/stepMin must not be above/);
  });
});

test("adam's means of gradients that have become 0 end at 0, not among the subnormal numbers, which are slow", () => {
  using network = new Network({
    inputs: 1,
    layers: [dense(4, "relu"), dense(1)],
    optimizer: { name: "adam", learningRate: 0.01 },
  });
  const data = { x: [[1], [2], [3], [4]], y: [[1], [2], [1], [2]] };
  const options = { batchSize: 1, threads: 1 };
  network.fitSync(data, { ...options, epochs: 5 });
  const [hidden, last] = network.getWeights();
  network.setWeights([{ ...hidden, bias: Float32Array.of(-100, -100, -100, -100) }, last]);
  network.fitSync(data, { ...options, epochs: 400 });
  const { state } = network.toJSON({ state: true });
  const numbers =
    JSON.stringify(state?.remembered)
      .match(/-?\d[\d.e+-]*/g)
      ?.map(Number) ?? [];
  expect(numbers.length).toBeGreaterThan(20);
  const slow = numbers.filter((x) => x !== 0 && Math.abs(x) < 1.1754943508222875e-38);
  expect(slow).toEqual([]);
});

test("decay leaves no weight, and adam no mean, among the subnormal numbers: those of inputs that are always 0", () => {
  const x = Array.from({ length: 64 }, (_, row) => [row % 2, 0, 0, 0]);
  const y = x.map(([first]) => [1 - first]);
  const network = new Network({
    inputs: 4,
    layers: [dense(16, "tanh"), dense(1)],
    l2: 1e-3,
    optimizer: { name: "adam", learningRate: { name: "cosine", rate: 3e-3, steps: 6000 } },
  });
  network.fitSync({ x, y }, { epochs: 3000, batchSize: 32, metrics: [] });
  const isSubnormal = (value: number) => value !== 0 && Math.abs(value) < 1.1754943508222875e-38;
  const [{ weights }] = network.getWeights();
  expect(weights.filter((_, i) => i >= 16).every((weight) => Math.abs(weight) < 1e-9)).toBe(true);
  expect(weights.filter(isSubnormal)).toEqual(new Float32Array(0));
  const { state } = JSON.parse(JSON.stringify(network.toJSON({ state: true }))) as { state: { remembered: number[] } };
  expect(state.remembered.length).toBeGreaterThan(100);
  expect(state.remembered.filter(isSubnormal)).toEqual([]);
});
