// Learning rates that change. Each schedule is compared with its formula, written with Math here. What reports show, going on
// where training stopped, and what is refused are tested, too.
import { describe, expect, test } from "vitest";
import { type LearningRate, Network, PropagoError, type ScheduleSpec, dense } from "../src/index.ts";
import { readSchedule } from "../src/description/schedule.ts";
import { SCHEDULES } from "../src/tables/whole.ts";
import { failure } from "./failure.ts";
import { readOptimizer } from "../src/description/optimizer.ts";

const x = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(2 * i), i / 20]);
const y = x.map(([a, b, c]) => [a * b + c]);

const make = (learningRate: LearningRate, seed = 0) =>
  new Network({
    inputs: 3,
    layers: [dense(4, "tanh"), dense(1)],
    optimizer: { name: "sgd", momentum: 0.5, learningRate },
    seed,
  });

const cosine = (high: number, low: number, part: number) => low + ((high - low) * (1 + Math.cos(Math.PI * part))) / 2;

/** Schedules, each with its formula. */
const formulas: { spec: ScheduleSpec; rate: (t: number) => number }[] = [
  { spec: { name: "constant", rate: 0.2 }, rate: () => 0.2 },
  {
    spec: { name: "step", rate: 0.2, every: 7, factor: 0.3 },
    rate: (t) => 0.2 * 0.3 ** Math.floor(t / 7),
  },
  { spec: { name: "exponential", rate: 0.2, factor: 0.99 }, rate: (t) => 0.2 * 0.99 ** t },
  { spec: { name: "inverseTime", rate: 0.2, decay: 0.1 }, rate: (t) => 0.2 / (1 + 0.1 * t) },
  {
    spec: { name: "polynomial", rate: 0.2, steps: 30, power: 3, min: 0.01 },
    rate: (t) => 0.01 + 0.19 * (1 - Math.min(t, 30) / 30) ** 3,
  },
  { spec: { name: "polynomial", rate: 0.2, steps: 30 }, rate: (t) => 0.2 * (1 - Math.min(t, 30) / 30) },
  {
    spec: { name: "cosine", rate: 0.2, steps: 40, min: 0.01 },
    rate: (t) => cosine(0.2, 0.01, Math.min(t, 40) / 40),
  },
  {
    spec: { name: "cosineRestarts", rate: 0.2, steps: 9 },
    rate: (t) => cosine(0.2, 0, (t % 9) / 9),
  },
  {
    // Cycles of 5, 10, 20, 40, … begin at 0, 5, 15, 35, …
    spec: { name: "cosineRestarts", rate: 0.2, steps: 5, factor: 2, min: 0.001 },
    rate(t) {
      const cycle = Math.floor(Math.log2(t / 5 + 1));
      return cosine(0.2, 0.001, (t - 5 * (2 ** cycle - 1)) / (5 * 2 ** cycle));
    },
  },
  {
    spec: { name: "linearWarmup", rate: 0.2, start: 0.1, steps: 12 },
    rate: (t) => 0.2 * Math.min(1, 0.1 + (0.9 * t) / 12),
  },
  {
    spec: { name: "oneCycle", rate: 0.2, steps: 50, rise: 0.4, startDivisor: 10, endDivisor: 100 },
    rate: (t) => (t <= 19 ? cosine(0.02, 0.2, t / 19) : cosine(0.2, 0.0002, (Math.min(t, 49) - 19) / 30)),
  },
  {
    spec: { name: "piecewise", boundaries: [3, 10], rates: [0.2, 0.1, 0.05] },
    rate: (t) => (t < 3 ? 0.2 : t < 10 ? 0.1 : 0.05),
  },
];
const each = formulas.map((formula) => ({ ...formula, name: JSON.stringify(formula.spec) }));

describe("formulas", () => {
  test("every schedule is in the list, but the one that goes by epochs", () => {
    const names = new Set([...formulas.map(({ spec }) => spec.name), "reduceOnPlateau"]);
    expect(names).toEqual(new Set(Object.keys(SCHEDULES)));
  });

  test.each(each)("$name", ({ spec, rate }) => {
    const schedule = readSchedule(spec, "learningRate", 1);
    for (let t = 0; t < 200; t++) {
      const wanted = rate(t);
      expect(Math.abs(schedule.rate(t, 1) - wanted)).toBeLessThanOrEqual(1e-14 * wanted + 1e-17);
    }
  });

  test.each(each)("with warmup in front: $name", ({ spec, rate }) => {
    const schedule = readSchedule({ ...spec, warmup: 4 }, "learningRate", 1);
    for (let t = 0; t < 4; t++) expect(schedule.rate(t, 1)).toBeCloseTo((rate(0) * (t + 1)) / 5, 14);
    for (let t = 4; t < 60; t++) expect(schedule.rate(t, 1)).toBeCloseTo(rate(t - 4), 14);
  });

  test("the rate is the optimizer's unless given", () => {
    expect(readOptimizer({ name: "adagrad", learningRate: { name: "constant" } }, 1).learningRate).toBe(0.01);
    expect(readOptimizer({ name: "adagrad", learningRate: { name: "constant", rate: 3 } }, 1).learningRate).toBe(3);
  });
});

describe("training", () => {
  test.each(each)("each update has its rate, and reports show it: $name", async ({ spec, rate }) => {
    const seen: number[] = [];
    using watched = make(spec);
    const { epochs } = watched.fitSync(
      { x, y },
      { epochs: 9, batchSize: 6, onBatch: ({ step, learningRate }) => void (seen[step] = learningRate) },
    );
    expect(seen.length).toBe(36);
    seen.forEach((value, t) => expect(value).toBeCloseTo(rate(t), 14));
    epochs.forEach(({ learningRate }, k) => expect(learningRate).toBe(seen[4 * k + 3]));

    // Many epochs in one call of the core.
    using alone = make(spec);
    const history = await alone.fit({ x, y }, { epochs: 9, batchSize: 6 });
    expect(history.epochs.map(({ learningRate }) => learningRate)).toEqual(epochs.map((epoch) => epoch.learningRate));
    expect(alone.fingerprint()).toBe(watched.fingerprint());

    using often = make(spec);
    for (let k = 0; k < 9; k++) often.fitSync({ x, y }, { epochs: 1, batchSize: 6 });
    expect(often.fingerprint()).toBe(watched.fingerprint());
  });

  test.each(each)("a function of the step is the same, to the bit: $name", ({ spec }) => {
    const schedule = readSchedule(spec, "learningRate", 1);
    using named = make(spec);
    using written = make((step) => schedule.rate(step, 1));
    for (const network of [named, written]) network.fitSync({ x, y }, { epochs: 9, batchSize: 6 });
    expect(written.fingerprint()).toBe(named.fingerprint());
  });

  test("a function is asked once for each step, in order, also over thousands of steps", () => {
    const asked: number[] = [];
    using network = make((step) => {
      asked.push(step);
      return 0.01 / (1 + step);
    });
    expect(asked).toEqual([0]); // for the description
    asked.length = 0;
    network.fitSync({ x, y }, { epochs: 250, batchSize: 2 });
    network.trainOnBatch({ x, y });
    network.fitSync({ x, y }, { epochs: 3, batchSize: 7 });
    expect(asked).toEqual(Array.from({ length: 2500 + 1 + 9 }, (_, step) => step));
  });

  test("trainOnBatch uses the rate of its step", () => {
    using scheduled = make({ name: "exponential", rate: 0.1, factor: 0.5 });
    using written = make((step) => 0.1 * 0.5 ** step);
    for (let k = 0; k < 4; k++) for (const network of [scheduled, written]) network.trainOnBatch({ x, y });
    expect(scheduled.fingerprint()).toBe(written.fingerprint());
  });

  test("what a function throws, and what is no rate, ends fit and leaves a usable network", () => {
    using throwing = make((step) => {
      if (step === 3) throw new Error("enough");
      return 0.01;
    });
    expect(() => throwing.fitSync({ x, y }, { epochs: 2, batchSize: 1 })).toThrow("enough");
    using wrong = make((step) => (step > 4 ? NaN : 0.01));
    expect(() => wrong.fitSync({ x, y }, { epochs: 2, batchSize: 1 })).toThrow(/learningRate\(5\) must be .*got NaN/);
    expect(wrong.predict(x).every(Number.isFinite)).toBe(true);
    expect(failure(() => make(() => "fast" as unknown as number))).toBeInstanceOf(PropagoError);
  });

  test("JSON holds the schedule; a function needs something that stands for it", () => {
    for (const { spec } of formulas) {
      using network = make(spec);
      const json = JSON.parse(JSON.stringify(network));
      expect(json.optimizer.learningRate).toMatchObject(spec);
      using again = Network.fromJSON(json);
      for (const one of [network, again]) one.fitSync({ x, y }, { epochs: 3, batchSize: 6 });
      expect(again.fingerprint()).toBe(network.fingerprint());
    }
    using written = make((step) => 0.3 / (1 + step));
    const words = /function.*toJSON\(\{ learningRate: 0\.01 \}\)/;
    expect(() => JSON.stringify(written)).toThrow(words);
    expect(() => written.toJSON({ learningRate: ((step: number) => step) as never })).toThrow(words);
    expect(written.toJSON({ learningRate: 0.3 }).optimizer).toMatchObject({ learningRate: 0.3 });
    const schedule = { name: "inverseTime", rate: 0.3, decay: 1 } as const;
    expect(written.toJSON({ learningRate: schedule }).optimizer).toMatchObject({ learningRate: schedule });
  });
});

describe("reduceOnPlateau", () => {
  /** PyTorch's rule in its own words, on a list of values. */
  function expected(values: number[], o: { factor: number; patience: number; threshold: number; cooldown: number }) {
    let best = Infinity;
    let bad = 0;
    let cooldown = 0;
    let scale = 1;
    return values.map((value) => {
      if (value < best * (1 - o.threshold)) {
        best = value;
        bad = 0;
      } else {
        bad++;
      }
      if (cooldown > 0) {
        cooldown--;
        bad = 0;
      }
      if (bad > o.patience) {
        scale *= o.factor;
        cooldown = o.cooldown;
        bad = 0;
      }
      return scale;
    });
  }

  const settings = { factor: 0.5, patience: 2, threshold: 0.02, cooldown: 1 };
  const spec = { name: "reduceOnPlateau", rate: 0.3, min: 0.02, ...settings } as const;

  test("lowers the rate as PyTorch does, down to min", () => {
    using network = make(spec);
    const { epochs } = network.fitSync({ x, y }, { epochs: 60, batchSize: 5 });
    const scales = expected(
      epochs.map(({ loss }) => loss),
      settings,
    );
    // An epoch's loss decides on the epochs after it.
    expect(epochs.map(({ learningRate }) => learningRate)).toEqual(
      [1, ...scales.slice(0, -1)].map((scale) => Math.max(0.3 * scale, 0.02)),
    );
    expect(epochs.at(-1)!.learningRate).toBe(0.02);
  });

  test("goes on over several fits as in one, and looks at validation where there is some", () => {
    const fit = { batchSize: 5, validation: { x: x.slice(0, 5), y: y.slice(0, 5) } };
    using once = make(spec);
    using often = make(spec);
    const whole = once.fitSync({ x, y }, { ...fit, epochs: 30 }).epochs;
    const parts = Array.from({ length: 30 }, () => often.fitSync({ x, y }, { ...fit, epochs: 1 }).epochs[0]);
    expect(often.fingerprint()).toBe(once.fingerprint());
    expect(parts.map(({ learningRate }) => learningRate)).toEqual(whole.map(({ learningRate }) => learningRate));
    const scales = expected(
      whole.map(({ validation }) => validation!.loss),
      settings,
    );
    expect(whole.map(({ learningRate }) => learningRate)).toEqual(
      [1, ...scales.slice(0, -1)].map((scale) => Math.max(0.3 * scale, 0.02)),
    );
  });

  test("a metric should rise", () => {
    using network = make({ ...spec, monitor: "r2", patience: 0, cooldown: 0, threshold: 0 });
    const { epochs } = network.fitSync({ x, y }, { epochs: 30, batchSize: 5, metrics: ["r2"] });
    let best = -Infinity;
    let rate = 0.3;
    for (const { r2, learningRate } of epochs) {
      expect(learningRate).toBeCloseTo(Math.max(0.02, rate), 14);
      if (r2! > best) best = r2!;
      else rate *= 0.5;
    }
    expect(rate).toBeLessThan(0.3);
  });

  test("a value that is not reported is refused before anything happens", () => {
    using network = make({ ...spec, monitor: "validation.loss" });
    const before = network.fingerprint();
    expect(() => network.fitSync({ x, y }, { epochs: 1 })).toThrow(/monitor "validation.loss" needs validation/);
    expect(network.fingerprint()).toBe(before);
  });
});

describe("what is refused", () => {
  const refused = (learningRate: unknown, says: RegExp) => {
    const error = failure(() => readOptimizer({ name: "sgd", learningRate }, 10)) as PropagoError;
    expect(error).toBeInstanceOf(PropagoError);
    expect(error.code).toBe("ERR_CONFIG");
    expect(error.message).toMatch(says);
  };

  // Taken from the table: every number at its bounds and beyond them, and every option that must be given.
  describe.each(Object.keys(SCHEDULES) as ScheduleSpec["name"][])("%s", (name) => {
    const complete = { ...formulas.find(({ spec }) => spec.name === name)?.spec, name };
    const positive = { kind: "number", above: 0 } as const;
    const warmup = { kind: "number", least: 0, whole: true } as const;
    const rows = Object.entries({ ...SCHEDULES[name].options, rate: positive, warmup });

    test.each(rows)("%s", (key, row) => {
      const { above, least, below, most, whole } = row as Record<string, number | undefined>;
      const bad: unknown[] = [NaN, Infinity, "1", null, true, above, below];
      if (least !== undefined) bad.push(least - 1);
      if (most !== undefined) bad.push(most + 1e-9);
      if (whole) bad.push(1.5);
      if (key === "monitor") return;
      for (const value of bad) {
        if (value !== undefined)
          refused({ ...complete, [key]: value }, new RegExp(`optimizer.learningRate.${key} must be`));
      }
      if ("default" in row && Number.isNaN(row.default)) {
        refused({ ...complete, [key]: undefined }, new RegExp(`learningRate.${key} is missing: ${name} needs it`));
      }
    });

    test("an unknown option", () => refused({ ...complete, colour: 1 }, /unknown option "colour"/));
  });

  test.each([
    [{ name: "cosin", steps: 3 }, /unknown schedule "cosin" \(did you mean "cosine"\?\); known: constant, step, /],
    [{}, /is no schedule; known: constant/],
    [[0.1], /is no schedule/],
    ["cosine", /learningRate must be a finite number > 0, got "cosine"/],
    [null, /learningRate must be a finite number > 0, got null/],
    [{ name: "piecewise", boundaries: [1, 2], rates: [1, 2] }, /rates needs one number more than boundaries/],
    [{ name: "piecewise", boundaries: [1], rates: [1, -2] }, /rates\[1\] must be a finite number >= 0, got -2/],
    [{ name: "piecewise", boundaries: 1, rates: [1, 2] }, /boundaries must be an array of numbers, got 1/],
  ])("%j", refused);
});
