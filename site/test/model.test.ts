// The playground without a page: its data, its links and its runs are functions of what stands in the address alone.
import { describe, expect, test } from "vitest";
import { DATASETS, makeData } from "../play/model/data.ts";
import { exponential, sine } from "../play/model/exact.ts";
import { readExpression } from "../play/model/expression.ts";
import { Run } from "../play/model/run.ts";
import { mutated } from "./mutated.ts";
import { defaultSetup, OPTIMIZERS, readLink, writeLink, type Setup } from "../play/model/setup.ts";

const query = ({ setup, changes }: { setup: Setup; changes: Run["changes"] }, at?: number, fingerprint?: string) =>
  writeLink({ setup, changes, at, fingerprint, hide: [], text: "" });

test("sine and exponential are those of the engine, as far as engines agree", () => {
  for (let x = -40; x < 40; x += 0.37) {
    expect(sine(x)).toBeCloseTo(Math.sin(x), 10);
    expect(exponential(x / 4) / Math.exp(x / 4)).toBeCloseTo(1, 10);
  }
});

describe("data", () => {
  test("has the committed hashes, so that old links keep their points", () => {
    const hashes = Object.fromEntries(
      [...Object.keys(DATASETS), "formula"].map((data) => {
        return [data, makeData({ ...defaultSetup(), data: data as Setup["data"] }).hash];
      }),
    );
    expect(hashes).toMatchInlineSnapshot(`
      {
        "arms": "d5b8cc74",
        "blobs": "4b85222b",
        "circle": "5a86144e",
        "formula": "f5001f09",
        "gauss": "b90a8c93",
        "hills": "922010bb",
        "moons": "403ccf41",
        "plane": "6c0a93bb",
        "spiral": "9241a626",
        "xor": "b1f657b8",
      }
    `);
  });

  test("is parted as asked, with all classes on both sides", () => {
    for (const [data, { classes }] of Object.entries(DATASETS)) {
      const made = makeData({ ...defaultSetup(), data: data as Setup["data"], held: 30 });
      expect([made.train.count, made.test.count]).toEqual([700, 300]);
      expect(made.train.xy.every((value) => Math.abs(value) < 12)).toBe(true);
      if (classes === 0) continue;
      expect(new Set(made.train.target).size, data).toBe(classes);
      expect(new Set(made.test.target).size, data).toBe(classes);
    }
  });
});

describe("own functions", () => {
  test("are computed as written", () => {
    const at = (text: string, x = 1.5, y = -2) => readExpression(text).value(x, y);
    expect(at("x + y * 2")).toBe(-2.5);
    expect(at("-x^2")).toBe(-2.25);
    expect(at("max(x, y) - min(x, 3)")).toBe(0);
    expect(at("sin(x)*cos(y)")).toBeCloseTo(Math.sin(1.5) * Math.cos(-2), 10);
    expect(readExpression("y > x").isCondition).toBe(true);
    expect(readExpression("x y".replace(" ", "*")).isCondition).toBe(false);
  });

  test("that are none are refused with a sentence", () => {
    for (const text of [
      "",
      "x +",
      "foo(x)",
      "x ** y",
      "x^y",
      "((((x",
      "constructor",
      "x;y",
      "y > x > 1",
      "(".repeat(60),
    ]) {
      expect(() => readExpression(text), text).toThrow(RangeError);
    }
  });
});

describe("links", () => {
  test("of the default are empty, and all else comes back as it was written", () => {
    expect(query({ setup: defaultSetup(), changes: [] })).toBe("");
    const setup: Setup = {
      ...defaultSetup(),
      data: "own",
      layers: [{ units: 3, activation: "gelu", dropout: 0.2 }, { units: 16, activation: "relu6", dropout: 0 }], // prettier-ignore
      features: ["x", "xy"],
      optimizer: "nesterov",
      rate: 0.003,
      points: [{ x: -6, y: 6, t: 5 }],
    };
    const changes = readLink("ev=20:lr=.003;50:w0-3=-1.5;50:c1-0=2;60:d0=.1;70:b=32").changes;
    expect(changes).toHaveLength(5);
    const text = writeLink({ setup, changes, at: 99, fingerprint: "0123456789abcdef", hide: ["data"], text: "Ein Übel & mehr" }); // prettier-ignore
    const back = readLink(text);
    expect(back.problems).toEqual([]);
    expect(back).toMatchObject({ setup, changes, at: 99, fingerprint: "01234567", hide: ["data"], text: "Ein Übel & mehr" }); // prettier-ignore
    expect(writeLink(back)).toBe(text);
  });

  test("with values that cannot be are mended and say so", () => {
    const { setup, problems } = readLink(
      "d=nothing&n=1e9&noise=-4&net=99t,8x&lr=abc&seed=12.7&opt=toString&fp=zz&at=-3",
    );
    expect(setup).toMatchObject({ data: "spiral", rows: 2000, noise: 0, rate: 0.01, seed: 13, optimizer: "adam" });
    expect(problems.join()).toMatch(/d,.*n \(now 2000\),.*noise \(now 0\).*net.*opt.*lr.*seed/);
  });

  test("never throw, however they are changed", async () => {
    let k = 0;
    for (const text of mutated(500)) {
      const link = readLink(text);
      expect(link.setup.rows).toBeLessThanOrEqual(2000);
      expect(
        link.setup.layers.every(({ units }) => units >= 1 && units <= 16),
        text,
      ).toBe(true);
      // Each hundredth also runs.
      if (k++ % 100 !== 0) continue;
      const run = await Run.begin(link.setup, { changes: link.changes });
      await run.advance(3);
      expect(run.ended ?? "", text).not.toMatch(/TypeError|undefined/);
      run.dispose();
    }
  });
});

describe("runs", () => {
  test("give the same bits in one go, epoch by epoch, and from their own link", async () => {
    const link = readLink("n=200&ev=5:lr=.003;8:l2=.001;10:d0=.1;12:b=32;15:w0-3=1.5");
    const whole = await Run.begin(link.setup, { changes: link.changes });
    await whole.advance(20);
    const steps = await Run.begin(link.setup, { changes: link.changes });
    for (const some of [1, 4, 2, 3, 6, 4]) await steps.advance(some);
    expect(steps.network.fingerprint()).toBe(whole.network.fingerprint());
    const again = readLink(query({ setup: whole.first, changes: whole.changes }, 20, whole.network.fingerprint()));
    expect(again.changes).toEqual(link.changes);
    const third = await Run.begin(again.setup, { changes: again.changes });
    await third.advance(again.at!);
    expect(third.network.fingerprint().startsWith(again.fingerprint!)).toBe(true);
    expect(whole.ended).toBeUndefined();
  });

  test("of every optimizer do not depend on how they are cut", async () => {
    for (const optimizer of OPTIMIZERS) {
      const setup: Setup = { ...defaultSetup(), rows: 100, optimizer, loss: "meanSquaredError" };
      const [whole, parts] = [await Run.begin(setup), await Run.begin(setup)];
      await whole.advance(9);
      for (const some of [1, 2, 6]) await parts.advance(some);
      expect(whole.ended, optimizer).toBeUndefined();
      expect(parts.network.fingerprint(), optimizer).toBe(whole.network.fingerprint());
    }
  });

  test("of the default reach 0.95 within 600 epochs, for 20 of 20 seeds", async () => {
    const reached: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const run = await Run.begin({ ...defaultSetup(), seed });
      await run.advance(600);
      reached.push(run.evaluate().testScore);
      run.dispose();
    }
    expect(reached.filter((score) => score < 0.95)).toEqual([]);
  }, 60_000);
});
