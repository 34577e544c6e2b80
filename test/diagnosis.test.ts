// Warnings: each is given where it should be, once, and none is given where a training is sound.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Classifier, dense, Network, type PropagoError, Regressor } from "../src/index.ts";
import type { Data, FitOptions, History, NetworkOptions, TrainingWarning } from "../src/index.ts";
import { root } from "../scripts/root.ts";
import { failure } from "./failure.ts";

/** Numbers in [-1, 1), the same in every run. */
function numbers(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const rows = 300;
const drawn = numbers(4 * rows);
const x = Array.from({ length: rows }, (_, r) => drawn.slice(4 * r, 4 * r + 4));
const y = x.map(([a, b, c]) => a * b + c);
const classes = x.map(([a]) => Number(a > 0));
const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [0, 1, 1, 0],
};

type Options = Omit<NetworkOptions, "inputs">;

function fit(options: Options, data: Data = { x, y }, how: FitOptions = {}): History {
  using network = new Network({ inputs: (data.x as number[][])[0].length, ...options });
  return network.fitSync(data, { epochs: 60, ...how });
}

function find(history: History, code: TrainingWarning["code"]): TrainingWarning[] {
  return (history.warnings ?? []).filter((warning) => warning.code === code);
}

function codes(history: History): string[] {
  return (history.warnings ?? []).map(({ code }) => code);
}

describe("in the data", () => {
  const net: Options = { layers: [dense(8, "tanh"), dense(1)] };
  const changed = (column: number, value: (x: number) => number): number[][] =>
    x.map((row) => row.map((v, c) => (c === column ? value(v) : v)));

  test("a constant column is named; one of zeros does nothing and is not", () => {
    const [warning] = find(fit(net, { x: changed(2, () => 5), y }), "WARN_CONSTANT_COLUMN");
    expect(warning.message).toMatch(/column 2 of x is 5 in all rows.*leave it out/);
    expect(codes(fit(net, { x: changed(2, () => 0), y }))).toEqual([]);
  });

  test("columns of very different sizes are named", () => {
    const [warning] = find(fit(net, { x: changed(1, (v) => v * 1e5), y }), "WARN_UNSCALED_INPUTS");
    expect(warning.message).toMatch(/column 1 of x reaches \d+, column [023] 0\.\d+.*scale/);
    const [small] = find(fit(net, { x: changed(3, (v) => v * 1e-5), y }), "WARN_UNSCALED_INPUTS");
    expect(small.message).toMatch(/column 3 0\.0000\d+/);
    expect(codes(fit(net, { x: changed(1, (v) => v * 50), y }))).toEqual([]);
  });

  test("warnings of a column have its number, and its number as the user gave it", () => {
    const constant = fit(net, { x: changed(2, () => 2024), y });
    expect(find(constant, "WARN_CONSTANT_COLUMN")[0]).toMatchObject({ column: 2 });
    expect(find(constant, "WARN_CONSTANT_COLUMN")[0].message).toContain("column 2 of x is 2024 in all rows,");
    const scaled = fit({ ...net, inputScale: 1 / 256 }, { x: changed(1, () => 128), y });
    expect(find(scaled, "WARN_CONSTANT_COLUMN")[0].message).toContain("column 1 of x is 128 in all rows,");
    const bytes = { data: Uint8Array.from(x.flat(), (v, i) => (i % 4 === 3 ? 7 : 100 * (v + 1))), shape: [rows, 4] };
    using network = new Network({ inputs: 4, ...net, inputScale: 1 / 255 });
    const history = network.fitSync({ x: bytes, y }, { epochs: 1 });
    expect(find(history, "WARN_CONSTANT_COLUMN")[0]).toMatchObject({ column: 3 });
    expect(find(history, "WARN_CONSTANT_COLUMN")[0].message).toContain("column 3 of x is 7 in all rows,");
    const two = fit(net, { x: x.map(([a, , c]) => [a, 3, c, 4]), y });
    expect(find(two, "WARN_CONSTANT_COLUMN")[0].message).toContain("is 3 in all rows (and so 1 more)");
    const [large] = find(fit(net, { x: changed(1, (v) => v * 1e5), y }), "WARN_UNSCALED_INPUTS");
    expect(large.column).toBe(1);
  });

  test("a column that varies below float32's digits is told as that, not as constant", () => {
    const times = changed(1, (v) => 1.7e12 + 1000 * v);
    const flat = Float64Array.from(times.flat());
    for (const data of [times, flat, times.map((row) => Float64Array.from(row))]) {
      using network = new Network({ inputs: 4, ...net });
      const history = network.fitSync({ x: data, y }, { epochs: 5 });
      expect(codes(history)).toEqual(["WARN_BLURRED_COLUMN"]);
      const [warning] = history.warnings!;
      expect(warning.column).toBe(1);
      expect(warning.message).toMatch(/column 1 of x varies, but float32.*subtract its mean.*dtype: "float64"/);
      expect(warning.message).not.toMatch(/in all rows/);
    }
    // No such warning for a column that is truly constant, in float64, or where float32 has digits left.
    const constant = fit(net, { x: changed(1, () => 1.7e12), y }).warnings!;
    expect(constant.map(({ code }) => code)).toEqual(["WARN_CONSTANT_COLUMN", "WARN_SATURATED_UNITS"]);
    expect(constant[1].message).toMatch(/scale the inputs/);
    using wide = new Network({ inputs: 4, ...net, dtype: "float64" });
    const { warnings } = wide.fitSync({ x: times, y }, { epochs: 5 });
    expect(warnings!.map(({ code }) => code)).toEqual(["WARN_UNSCALED_INPUTS"]);
    const [some] = find(fit(net, { x: changed(1, (v) => 1.7e12 + 1e6 * v), y }, { epochs: 5 }), "WARN_UNSCALED_INPUTS");
    expect(some.message).toMatch(
      /float32, which keeps 7 digits, loses most of how it varies.*subtract each column's mean/,
    );
  });

  test("rare columns that somebody scaled, or one-hot ones, are no alarm", () => {
    const many = numbers(3 * 5000, 3);
    const rare = (r: number) => Number(r % 2500 === 40);
    const p = 2 / 5000;
    const inputs = Array.from({ length: 5000 }, (_, r) => [
      many[3 * r],
      rare(r),
      (rare(r) - p) / Math.sqrt(p * (1 - p)),
    ]);
    // Only some rows are looked at. They may all have a 1, or none of them.
    for (const shift of [0, 1, 38, 39, 40]) {
      const data = inputs.slice(shift);
      const history = fit(
        { layers: [dense(8, "tanh"), dense(1)] },
        { x: data, y: data.map(([a]) => a) },
        { epochs: 1 },
      );
      expect(history.warnings).toBeUndefined();
    }
  });

  const prices = y.map((v) => 250_000 + 40_000 * v);

  test.each([
    ["tanh", undefined],
    ["relu", undefined],
    ["tanh", { name: "sgd", learningRate: 0.01 }],
    ["sigmoid", "rmsprop"],
    ["relu", "vsgd"],
  ] as const)("unscaled targets are told as the cause, and nothing else: %s, %j", (name, optimizer) => {
    const options: Options = { layers: [dense(8, name), dense(1)], optimizer };
    const [first, ...others] = fit(options, { x, y: prices }).warnings!;
    expect(first.code).toBe("WARN_UNSCALED_TARGETS");
    expect(first.message).toMatch(/targets reach 3\d+ \(about 2[45]\d+ ± [12]\d+\).*subtract their mean.*Regressor/);
    for (const { message } of others) {
      expect(message).not.toMatch(/scale (the )?inputs|scaled inputs|learningRate/);
      expect(message).toMatch(/scale the targets|first weights|layers/);
    }
  });

  test("of several outputs the largest column of y is named; methods that search, and scaled targets, are no alarm", () => {
    const both = y.map((v, r) => [v, prices[r]]);
    const [warning] = find(fit({ layers: [dense(8, "tanh"), dense(2)] }, { x, y: both }), "WARN_UNSCALED_TARGETS");
    expect(warning.message).toMatch(/targets of column 1 of y reach/);
    const searching: Options = { layers: [dense(4, "tanh"), dense(1)], optimizer: "levenbergMarquardt" };
    expect(find(fit(searching, { x, y: prices }), "WARN_UNSCALED_TARGETS")).toEqual([]);
    expect(codes(fit(net, { x, y: y.map((v) => 20 * v) }))).toEqual([]);
    expect(new Regressor({}).fitSync(x, prices).warnings).toBeUndefined();
  });

  test.each([
    ["poisson", "softplus"],
    ["meanSquaredLogarithmicError", "linear"],
    ["meanAbsolutePercentageError", "linear"],
    ["meanSquaredError", "relu"],
  ] as const)("%s behind %s: targets that must stay positive are to be divided only", (loss, name) => {
    const counts = y.map((v) => Math.round(3000 + 500 * v));
    const history = fit({ layers: [dense(8, "tanh"), dense(1, name)], loss }, { x, y: counts }, { epochs: 1 });
    expect(find(history, "WARN_UNSCALED_TARGETS")[0].message).toMatch(/long to get there; divide them by their mean$/);
  });

  test("targets that vary below float32's digits", () => {
    const [warning, ...others] = fit(net, { x, y: y.map((v) => 1.7e12 + v) }, { epochs: 1 }).warnings!;
    expect(warning.code).toBe("WARN_UNSCALED_TARGETS");
    expect(warning.message).toMatch(/targets vary, but float32.*subtract their mean/);
    expect(others).toEqual([]);
    expect(codes(fit(net, { x, y: y.map(() => 3) }, { epochs: 1 }))).toEqual(["WARN_CONSTANT_TARGETS"]);
  });

  test.each([
    ["sigmoid", "0..1"],
    ["tanh", "-1..1"],
    ["relu", "0..Infinity"],
  ] as const)("targets that %s cannot reach are counted", (name, range) => {
    const outside = y.filter((v) => 3 * v < Number(range.split("..")[0]) || 3 * v > Number(range.split("..")[1]));
    const history = fit(
      { layers: [dense(8, "tanh"), dense(1, name)], loss: "meanSquaredError" },
      { x, y: y.map((v) => 3 * v) },
    );
    const [warning] = find(history, "WARN_UNREACHABLE_TARGETS");
    expect(warning.message).toContain(`${outside.length} of ${rows} targets lie outside ${range}`);
    expect(warning.layer).toBe("dense_2");
  });

  test.each([
    ["labels", [dense(8), dense(3, "softmax")], x.map(() => 2)],
    ["rows of probabilities", [dense(8), dense(2, "softmax")], x.map(() => [0, 1])],
    ["numbers", [dense(8), dense(1)], x.map(() => 0.5)],
  ])("a single target for all rows: %s", (_kind, layers, same) => {
    expect(find(fit({ layers }, { x, y: same }), "WARN_CONSTANT_TARGETS")).toHaveLength(1);
    expect(
      find(fit({ layers }, { x: x.slice(0, 1), y: same.slice(0, 1) as number[] }), "WARN_CONSTANT_TARGETS"),
    ).toEqual([]);
  });

  test("a batchSize above the rows, where one was given", () => {
    const [warning] = find(fit(net, { x, y }, { batchSize: 512 }), "WARN_BATCH_SIZE");
    expect(warning.message).toMatch(/512.*300/);
    expect(codes(fit(net, { x: x.slice(0, 20), y: y.slice(0, 20) }, { epochs: 2 }))).toEqual([]);
    expect(codes(fit(net, { x, y }, { batchSize: 300 }))).toEqual([]);
  });
});

describe("in the network", () => {
  test("dead relu units", () => {
    const dead = dense(8, "relu", { biasInit: { name: "constant", value: -50 } });
    const [warning, ...others] = find(fit({ layers: [dead, dense(1)] }), "WARN_DEAD_UNITS");
    expect(warning.message).toMatch(/8 of 8 relu units of layer "dense_1" gave 0 for all of 128 rows/);
    expect(warning.layer).toBe("dense_1");
    expect(others).toEqual([]);
  });

  test("a dead unit is no alarm, nor are a few", () => {
    const biases = [-50, -50, -50, 0, 0, 0, 0, 0];
    using network = new Network({ inputs: 4, layers: [dense(8, "relu"), dense(1)] });
    const [first, second] = network.getWeights();
    network.setWeights([{ weights: first.weights, bias: biases }, second]);
    expect(network.fitSync({ x, y }, { epochs: 60 }).warnings).toBeUndefined();
  });

  test("saturated units that keep a network from learning", () => {
    const wild = { init: { name: "normal", deviation: 50 }, biasInit: { name: "normal", deviation: 1e4 } } as const;
    const layers = [dense(8, "tanh", { ...wild, name: "wild" }), dense(1, "linear", { init: "uniform" })];
    const history = fit({ layers, optimizer: { name: "sgd", learningRate: 0.01 } });
    const [warning] = find(history, "WARN_SATURATED_UNITS");
    expect(warning.message).toMatch(/8 of 8 tanh units of layer "wild"/);
    expect(warning.layer).toBe("wild");
  });

  test("vanishing gradients, with their ratio", () => {
    const layers = [...Array.from({ length: 10 }, () => dense(8, "sigmoid")), dense(1)];
    const history = fit({ layers, optimizer: { name: "sgd", learningRate: 0.01 } });
    const [warning] = find(history, "WARN_VANISHING_GRADIENTS");
    const ratio = Number(/are (\S+) times those in layer "dense_11"/.exec(warning.message)?.[1]);
    expect(ratio).toBeGreaterThan(1e-9);
    expect(ratio).toBeLessThan(1e-4);
    expect(warning.layer).toBe("dense_1");
  });

  test("exploding gradients, with their ratio", () => {
    const large = { init: { name: "normal", deviation: 2 } } as const;
    const layers = [...Array.from({ length: 10 }, () => dense(16, "leakyRelu", large)), dense(1)];
    const history = fit({ layers, optimizer: { name: "adam", learningRate: 1e-6 } });
    const [warning] = find(history, "WARN_EXPLODING_GRADIENTS");
    expect(Number(/are (\S+) times those/.exec(warning.message)?.[1])).toBeGreaterThan(1e4);
  });

  test("a rate that is too large: the loss jumps, or has gone up", () => {
    const history = fit(
      { layers: [dense(32, "tanh"), dense(2, "softmax")], optimizer: { name: "adam", learningRate: 3 } },
      { x, y: classes },
    );
    const [warning] = find(history, "WARN_LEARNING_RATE");
    expect(warning.message).toMatch(/a learningRate of 3 is too large; try 0.3/);
  });

  test("a smaller learningRate is no advice where there is none", () => {
    const dead = dense(8, "relu", { biasInit: { name: "constant", value: -50 } });
    for (const optimizer of ["vsgd", "adasecant", "rprop"] as const) {
      const [warning] = find(fit({ layers: [dead, dense(1)], optimizer }), "WARN_DEAD_UNITS");
      expect(warning.message).toMatch(/leakyRelu keeps units alive/);
      expect(warning.message).not.toMatch(/learningRate/);
    }
    const [warning] = find(fit({ layers: [dead, dense(1)] }), "WARN_DEAD_UNITS");
    expect(warning.message).toMatch(/a smaller learningRate or leakyRelu keep units alive/);
    // The inputs have a usual size, so the warning must not blame them.
    expect(warning.message).not.toMatch(/inputs/);
  });

  test("gradients are never infinitely many times others", () => {
    // The last layer's only weights see zeros: its gradient is 0, the first layer's is not.
    const zero = dense(4, "tanh", { init: "zeros" });
    for (const init of ["ones", "uniform"] as const) {
      const layers = [zero, dense(1, "linear", { init, bias: false })];
      const history = fit({ layers, optimizer: { name: "sgd", learningRate: 1e-30 } });
      for (const { message } of history.warnings ?? []) expect(message).not.toMatch(/Infinity|NaN/);
    }
  });

  test("nothing that changes: all layers held, or all gradients 0", () => {
    expect(find(fit({ layers: [dense(1, "tanh", { trainable: false })] }), "WARN_NO_CHANGE")).toHaveLength(1);
    const dead = dense(3, "relu", { biasInit: { name: "constant", value: -50 } });
    const history = fit({ layers: [dead, dense(1, "relu", { biasInit: { name: "constant", value: -1 } })] });
    expect(find(history, "WARN_NO_CHANGE")[0].message).toMatch(/all gradients are 0/);
  });
});

describe("reports", () => {
  const dead: Options = { layers: [dense(8, "relu", { biasInit: { name: "constant", value: -50 } }), dense(1)] };

  test("a warning stands in one epoch's report and in the history, once in a network's life", async () => {
    using network = new Network({ inputs: 4, ...dead });
    const seen: TrainingWarning[] = [];
    const history = await network.fit(
      { x, y },
      { epochs: 100, onEpoch: ({ warnings }) => seen.push(...(warnings ?? [])) },
    );
    expect(history.warnings).toEqual(seen);
    expect(codes(history)).toEqual(["WARN_DEAD_UNITS"]);
    expect(history.epochs.filter(({ warnings }) => warnings !== undefined)).toHaveLength(1);
    expect((await network.fit({ x, y }, { epochs: 100 })).warnings).toBeUndefined();
  });

  test("many short fits are looked at like a long one", () => {
    using network = new Network({ inputs: 4, ...dead });
    const all = Array.from({ length: 100 }, () => network.fitSync({ x, y }, { epochs: 1 }).warnings ?? []).flat();
    expect(all.map(({ code }) => code)).toEqual(["WARN_DEAD_UNITS"]);
  });

  test("looking changes no bit, whatever the batches, with validation and without", () => {
    for (const batchSize of [1, 7, 200, "full"] as const) {
      for (const validation of [0, 0.2]) {
        using network = new Network({ inputs: 4, layers: [dense(9, "relu"), dense(5, "tanh"), dense(1)] });
        using twin = new Network({ inputs: 4, layers: [dense(9, "relu"), dense(5, "tanh"), dense(1)] });
        network.fitSync({ x, y }, { epochs: 80, batchSize, validation });
        // The fits are too short for a diagnosis at their ends. Diagnoses that are due come at other epochs.
        for (let part = 0; part < 80; part += 5) twin.fitSync({ x, y }, { epochs: 5, batchSize, validation });
        expect(twin.fingerprint()).toBe(network.fingerprint());
      }
    }
  });

  test("a divergence says what may have driven it", () => {
    using network = new Network({
      inputs: 4,
      layers: [dense(8, "relu"), dense(1)],
      optimizer: { name: "sgd", learningRate: 1 },
    });
    const large = { x: x.map((row) => row.map((v) => v * 1000)), y: y.map((v) => v * 1e5) };
    const error = failure(() => network.fitSync(large, { epochs: 40 })) as PropagoError;
    expect(error.code).toBe("ERR_DIVERGED");
    expect(error.message).toMatch(/inputs reach \d+ \(column \d\), targets reach \d+, layer "dense_\d" was the first/);
    expect(error.message).toMatch(
      /Scale inputs and targets to about -1..1, and try a learningRate of at most 0.01 \(it was 1\)/,
    );
  });

  test("a divergence blames what is at fault, and advises what there is", () => {
    const blown = (data: Data, optimizer: NetworkOptions["optimizer"], call: "fit" | "step" = "fit") => {
      const large = { init: { name: "normal", deviation: 1e15 } } as const;
      const wild = [dense(8, "relu", large), dense(8, "relu", large), dense(1, "linear", large)];
      using network = new Network({ inputs: 4, layers: wild, optimizer });
      const run = () => (call === "fit" ? network.fitSync(data, { epochs: 40 }) : network.trainOnBatch(data));
      const { code, message } = failure(run) as PropagoError;
      expect(code).toBe("ERR_DIVERGED");
      return message;
    };
    for (const call of ["fit", "step"] as const) {
      const usual = blown({ x, y }, { name: "sgd", learningRate: 0.1 }, call);
      expect(usual).toMatch(/Try a learningRate of at most 0.01 \(it was 0.1\)$/);
      expect(usual).not.toMatch(/scale/i);
      const searching = blown({ x, y }, "lbfgs", call);
      expect(searching).toMatch(/Begin with smaller weights/);
      expect(searching).not.toMatch(/learningRate|scale/i);
      const targets = blown({ x, y: y.map((v) => 1e6 * v) }, "vsgd", call);
      expect(targets).toMatch(/Scale targets to about -1..1$/);
    }
  });
});

describe("no false alarms", () => {
  const optimizers = ["sgd", "adam", "rmsprop", "adamw", "nadam"] as const;

  test.each(["tanh", "relu", "sigmoid", "gelu"] as const)("xor and small problems, %s", (name) => {
    const online = { name: "sgd", learningRate: 0.5 } as const;
    expect(fit({ layers: [dense(4, name), dense(1, "sigmoid")] }, xor, { epochs: 2000 }).warnings).toBeUndefined();
    const history = fit({ layers: [dense(4, name), dense(1, "sigmoid")], optimizer: online }, xor, {
      epochs: 3000,
      batchSize: 1,
    });
    expect(history.warnings).toBeUndefined();
    for (const optimizer of optimizers) {
      expect(fit({ layers: [dense(16, name), dense(1)], optimizer }).warnings).toBeUndefined();
      expect(
        fit({ layers: [dense(16, name), dense(2, "softmax")], optimizer }, { x, y: classes }).warnings,
      ).toBeUndefined();
    }
  });

  const read = (path: string): string[][] =>
    readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","));
  const iris = read(`${root}/examples/data/iris.csv`);
  const digits = read(`${root}/examples/data/digits.csv`);

  test.each(["tanh", "relu"] as const)("iris and digits, %s, as networks and as classifiers", (name) => {
    const lengths = iris.map((row) => row.slice(0, 4).map(Number));
    const species = iris.map((row) => row[4]);
    const known = [...new Set(species)];
    const labels = species.map((one) => known.indexOf(one));
    const flowers = fit(
      { layers: [dense(16, name), dense(3, "softmax")] },
      { x: lengths, y: labels },
      { epochs: undefined },
    );
    expect(flowers.warnings).toBeUndefined();
    expect(new Classifier({ activation: name }).fitSync(lengths, species).warnings).toBeUndefined();
    const pixels = digits.map((row) => row.slice(0, 64).map(Number));
    const ten = digits.map((row) => Number(row[64]));
    const read = fit({ layers: [dense(64, name), dense(10, "softmax")] }, { x: pixels, y: ten }, { epochs: 30 });
    expect(read.warnings).toBeUndefined();
    expect(new Classifier({ activation: name }).fitSync(pixels, ten, { epochs: 30 }).warnings).toBeUndefined();
  });

  const diabetes = `${root}/../shared/data/diabetes.csv`;
  test.skipIf(!existsSync(diabetes))("diabetes, scaled by a Regressor (skipped where ../shared is missing)", () => {
    const table = read(diabetes).map((row) => row.map(Number));
    const history = new Regressor({}).fitSync(
      table.map((row) => row.slice(0, 10)),
      table.map((row) => row[10]),
    );
    expect(history.warnings).toBeUndefined();
  });
});
