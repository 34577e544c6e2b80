// Warnings: each seen where it should be, once, and none where a network is well.
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
        // So short that none of the fits is worth a look at its end; those that are due come at other epochs.
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
