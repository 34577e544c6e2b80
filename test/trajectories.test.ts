// Training traces from PyTorch in float64 against the twin and the core: every batch's loss, the first gradients, the final
// weights and outputs. golden/traces holds some; where a larger set lies beside the repository, that is used.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type BatchReport, Network, type NetworkOptions } from "../src/index.ts";
import { SCHEDULES } from "../src/tables/whole.ts";
import { ACTIVATIONS, gradients, LOSSES, model, OPTIMIZERS, parametersOf, predict, train } from "./reference.ts";

const golden = new URL("golden/traces/", import.meta.url);
const larger = new URL("../../shared/reference/", import.meta.url);
const folder = existsSync(larger) ? larger : golden;

interface Case {
  name: string;
  inputs: number;
  layers: { units: number; activation: string; bias: boolean }[];
  loss: string;
  optimizer: { name: string; learningRate: number } & Record<string, number | boolean | string>;
  l1?: number;
  l2?: number;
  clipNorm?: number;
  clipValue?: number;
  schedule?: { name: string } & Record<string, number | string>;
  learningRates?: number[];
  x: number[][];
  y: number[][];
  batchSize: number;
  epochs: number;
  init: PyTorchLayer[];
  firstGradients: PyTorchLayer[];
  losses: number[];
  final: PyTorchLayer[];
  output: number[][];
}

/** weights[j][k] goes from input k to unit j. */
interface PyTorchLayer {
  weights: number[][];
  bias?: number[];
}

/** Fields of a case that this test knows how to follow. */
const FIELDS = new Set(
  (
    "name inputs layers loss optimizer l1 l2 clipNorm clipValue schedule learningRates x y batchSize epochs init " +
    "firstGradients losses final output"
  ).split(" "),
);

/** A case is covered when the twin knows every name in it; so a row added to the twin's tables adds its cases here. */
function isCovered(c: Case): boolean {
  const { name, ...hyperparameters } = c.optimizer;
  return (
    Object.keys(c).every((field) => FIELDS.has(field)) &&
    c.layers.every(({ activation }) => activation in ACTIVATIONS) &&
    c.loss in LOSSES &&
    name in OPTIMIZERS &&
    Object.keys(hyperparameters).every((option) => option in OPTIMIZERS[name].options) &&
    (c.schedule === undefined || c.schedule.name in SCHEDULES)
  );
}

function casesOf(file: string, from = folder): Case[] {
  return JSON.parse(readFileSync(new URL(file, from), "utf8")).cases;
}

/** Compared as |a − b| ≤ relative·|b| + absolute, number by number. */
interface Tolerance {
  relative: number;
  absolute: number;
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, { relative, absolute }: Tolerance): void {
  expect(actual.length).toBe(expected.length);
  for (let k = 0; k < expected.length; k++) {
    const allowed = relative * Math.abs(expected[k]) + absolute;
    if (!(Math.abs(actual[k] - expected[k]) <= allowed)) {
      expect.fail(`number ${k} is ${actual[k]}, PyTorch has ${expected[k]} (allowed difference ${allowed})`);
    }
  }
}

/** PyTorch's (units, inputs) as our (inputs, units) row-major. */
function ours(layers: PyTorchLayer[]): { weights: number[]; bias?: number[] }[] {
  return layers.map(({ weights, bias }) => ({
    weights: weights[0].flatMap((_, k) => weights.map((row) => row[k])),
    ...(bias ? { bias } : {}),
  }));
}

function expectLayersClose(
  actual: { weights: ArrayLike<number>; bias?: ArrayLike<number> }[],
  expected: PyTorchLayer[],
  tolerance: Tolerance,
): void {
  expect(actual.length).toBe(expected.length);
  ours(expected).forEach(({ weights, bias }, l) => {
    expectClose(actual[l].weights, weights, tolerance);
    expect(actual[l].bias !== undefined).toBe(bias !== undefined);
    if (bias) expectClose(actual[l].bias!, bias, tolerance);
  });
}

/** Clipping and schedules stand beside the optimizer in a case, within it in our descriptions. */
function optimizerOf({ optimizer, clipNorm, clipValue, schedule }: Case): Case["optimizer"] {
  const learningRate = schedule === undefined ? optimizer.learningRate : { rate: optimizer.learningRate, ...schedule };
  return { ...optimizer, clipNorm, clipValue, learningRate } as Case["optimizer"];
}

function description(c: Case): NetworkOptions {
  return {
    inputs: c.inputs,
    layers: c.layers.map(({ units, activation, bias }) => ({
      type: "dense",
      units,
      activation: activation === "leakyRelu" ? { name: activation, slope: 0.1 } : activation,
      bias,
    })),
    loss: c.loss,
    optimizer: optimizerOf(c),
    l1: c.l1,
    l2: c.l2,
  } as NetworkOptions;
}

const FLOAT64: Tolerance = { relative: 1e-9, absolute: 1e-9 };
/** PyTorch's hardSigmoid has the float32 next to 1/6 for its slope, in float64 too. */
const NARROW_SLOPE: Tolerance = { relative: 1e-7, absolute: 1e-7 };

function toleranceOf(c: Case): Tolerance {
  return c.layers.some(({ activation }) => activation === "hardSigmoid") ? NARROW_SLOPE : FLOAT64;
}

const FLOAT32: Tolerance = { relative: 1e-4, absolute: 1e-5 };

const FILES = ["activations.json", "losses.json", "optimizers.json", "nadam.json", "training.json"];

describe("PyTorch's traces", () => {
  const all = FILES.flatMap((file) => casesOf(file).map((c) => ({ ...c, file, c })));
  const covered = all.filter(({ c }) => isCovered(c));

  test(`${covered.length} of ${all.length} cases are covered`, () => {
    expect(all.filter(({ c }) => !isCovered(c)).map(({ name }) => name)).toEqual([]);
  });

  test("those of the repository are part of them", () => {
    for (const file of FILES) {
      const names = casesOf(file).map(({ name }) => name);
      for (const c of casesOf(file, golden)) expect(casesOf(file)[names.indexOf(c.name)]).toEqual(c);
    }
  });

  test.each(covered)("$file $name: the twin", ({ c }) => {
    const twin = model(description(c), ours(c.init));
    const tolerance = toleranceOf(c);
    expectLayersClose(
      gradients(twin, c.x.slice(0, c.batchSize), c.y.slice(0, c.batchSize)),
      c.firstGradients,
      tolerance,
    );
    const rates = c.learningRates;
    const optimizer = { ...c.optimizer, clipNorm: c.clipNorm ?? 0, clipValue: c.clipValue ?? 0 };
    expectClose(train(twin, c.x, c.y, { ...c, optimizer, rate: rates && ((t) => rates[t]) }), c.losses, tolerance);
    expectLayersClose(parametersOf(twin), c.final, tolerance);
    expectClose(predict(twin, c.x).flat(), c.output.flat(), tolerance);
  });

  for (const dtype of ["float32", "float64"] as const) {
    test.each(covered)(`$file $name: the core in ${dtype}`, ({ c }) => {
      const tolerance = dtype === "float32" ? FLOAT32 : toleranceOf(c);
      using network = new Network({ ...description(c), dtype });
      network.setWeights(ours(c.init));
      const first = { x: c.x.slice(0, c.batchSize), y: c.y.slice(0, c.batchSize) };
      expectLayersClose(network.gradients(first), c.firstGradients, tolerance);

      const batches: BatchReport[] = [];
      network.fitSync(
        { x: c.x, y: c.y },
        { epochs: c.epochs, batchSize: c.batchSize, shuffle: false, onBatch: (report) => batches.push(report) },
      );
      expectClose(
        batches.map(({ loss }) => loss),
        c.losses,
        tolerance,
      );
      const rates = c.learningRates ?? batches.map(() => c.optimizer.learningRate);
      expectClose(
        batches.map(({ learningRate }) => learningRate),
        rates,
        FLOAT64,
      );
      expectLayersClose(network.getWeights(), c.final, tolerance);
      expectClose(network.predict(c.x), c.output.flat(), tolerance);
    });
  }
});
