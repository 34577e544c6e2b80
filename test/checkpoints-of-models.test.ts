// Searches for a model that are broken off anywhere and resumed from a checkpoint end with the model of one that never
// stopped: the same weights, figures, history, and the same file.
import { describe, expect, test } from "vitest";
import { Classifier, type EstimatorFitOptions, type EstimatorOptions, type Labels, Regressor } from "../src/index.ts";
import { generator } from "./reference.ts";

const draw = generator(11);
const rows = 40;
const x = Float64Array.from({ length: rows * 3 }, () => draw());
const at = (row: number, column: number): number => x[3 * row + column];
const labels = Array.from({ length: rows }, (_, row) => (at(row, 0) * at(row, 1) > 0.1 ? "yes" : at(row, 2) > 0 ? "no" : "maybe")); // prettier-ignore
const values = Float64Array.from(labels, (_, row) => at(row, 0) - at(row, 1) * at(row, 2));

type Fit = EstimatorFitOptions<Labels>;
const plain = (history: object): unknown =>
  JSON.parse(JSON.stringify(history, (key, value: unknown) => (/^(seconds|samplesPerSecond)$/.test(key) ? 0 : value)));

const kinds: Record<string, [() => Classifier | Regressor, unknown, Fit]> = {
  "a classifier": [() => new Classifier({ ...small(), effort: "quick" }), labels, {}],
  "its own optimizer": [() => new Classifier({ ...small(), optimizer: { name: "rmsprop" }, hidden: [6], ensemble: 2 }), labels, { epochs: 6 }], // prettier-ignore
  "a regressor, held-back rows, early stopping": [
    () => new Regressor({ ...small(), effort: "quick", seed: 4 }),
    values,
    { validation: 0.2, earlyStopping: { patience: 3 }, epochs: 40 },
  ],
  "rows by heart": [() => new Classifier(small()), ["a", "b", "b", "a"], { restarts: 3, epochs: 30 }],
};

function small(): EstimatorOptions {
  return { ensemble: 3 };
}

function dataOf(name: string): Float64Array {
  return name === "rows by heart" ? Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1) : x;
}

describe.each(Object.keys(kinds))("%s", (name) => {
  const [make, y, fit] = kinds[name];
  const data = dataOf(name);
  const train = (estimator: Classifier | Regressor, more: Fit) =>
    (estimator as Classifier).fit(data, y as string[], { ...fit, ...more });

  test("goes on from every checkpoint to the same model", async () => {
    const whole = make();
    const expected = await train(whole, {});
    const made: Uint8Array[] = [];
    const watched = make();
    const every = 0.002;
    await train(watched, { checkpoint: { save: (bytes) => Promise.resolve(void made.push(bytes)), every } });
    expect(JSON.stringify(watched)).toBe(JSON.stringify(whole));
    expect(made.length).toBeGreaterThan(name === "rows by heart" ? 0 : 3);
    const few = made.filter((_, i) => i === made.length - 1 || i % Math.ceil(made.length / 3) === 0);
    for (const bytes of few) {
      const resumed = make();
      const history = await train(resumed, { checkpoint: { from: bytes } });
      expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
      expect(plain(history)).toEqual(plain(expected));
      if (name === "its own optimizer") {
        const [one, other] = [resumed, Classifier.fromJSON(whole.toJSON({ state: true }))] as Classifier[];
        for (const each of [one, other]) each.partialFit(data, y as string[]);
        expect(one.network!.fingerprint()).toBe(other.network!.fingerprint());
      }
    }
  });

  test("aborted, and again, it goes on to the same model", async () => {
    const whole = make();
    await train(whole, {});
    let from: Uint8Array | undefined;
    let stops = 0;
    for (;;) {
      const estimator = make();
      const controller = new AbortController();
      let left = 3;
      const onSearch = (): void => void (--left === 0 && stops < 4 && controller.abort());
      const save = (bytes: Uint8Array): void => void (from = bytes);
      try {
        await train(estimator, { onSearch, signal: controller.signal, checkpoint: { save, every: 1e6, from } });
        expect(JSON.stringify(estimator)).toBe(JSON.stringify(whole));
        break;
      } catch (error) {
        if (!controller.signal.aborted) throw error;
        stops++;
      }
    }
    if (name !== "rows by heart") expect(stops).toBeGreaterThan(0);
  });
});

describe("what it is not", () => {
  test("other data, options, kinds of checkpoints are refused, and named", async () => {
    let bytes: Uint8Array | undefined;
    const fit: Fit = { epochs: 3, checkpoint: { save: (made) => void (bytes = made), every: 0 } };
    const options: EstimatorOptions = { hidden: [4], ensemble: 1 };
    await new Classifier(options).fit(x, labels, fit);
    const from = { checkpoint: { from: bytes! } };
    const other = x.slice();
    other[7] += 1;
    const tries: [Classifier, Float64Array, string[], Fit, string, RegExp][] = [
      [new Classifier({ ...options, hidden: [5] }), x, labels, { epochs: 3, ...from }, "ERR_CONFIG", /hidden was \[4\] .* is \[5\] now/],
      [new Classifier({ ...options, seed: 5 }), x, labels, { epochs: 3, ...from }, "ERR_CONFIG", /seed was absent .* is 5 now/],
      [new Classifier(options), x, labels, { epochs: 4, ...from }, "ERR_CONFIG", /epochs was 3 .* is 4 now/],
      [new Classifier(options), other, labels, { epochs: 3, ...from }, "ERR_DATA", /numbers of x are not those/],
      [new Classifier(options), x.slice(3), labels.slice(1), { epochs: 3, ...from }, "ERR_DATA", /number of rows was 40, and is 39 now/],
      [new Classifier(options), x, [...labels.slice(1), "no"], { epochs: 3, ...from }, "ERR_DATA", /targets are not those/],
      [new Classifier(options), x, labels, { epochs: 3, checkpoint: { from: bytes!.slice(9) } }, "ERR_FORMAT", /no checkpoint/],
    ]; // prettier-ignore
    for (const [classifier, data, y, how, code, message] of tries) {
      await expect(classifier.fit(data, y, how)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string }); // prettier-ignore
      expect(classifier.network).toBeUndefined();
    }
    const same = new Classifier(options);
    same.fitSync(x, labels, { epochs: 3, ...from });
    expect(same.network).toBeDefined();
  });

  test("a seed at random goes on as the one that was drawn", async () => {
    let bytes: Uint8Array | undefined;
    const options: EstimatorOptions = { hidden: [4], ensemble: 1, seed: "random" };
    const one = new Classifier(options);
    await one.fit(x, labels, { checkpoint: { save: (made) => void (bytes = made) } });
    const two = new Classifier(options);
    await two.fit(x, labels, { checkpoint: { from: bytes } });
    expect(two.network!.fingerprint()).toBe(one.network!.fingerprint());
  });

  test("with a time limit, what was decided is decided again", async () => {
    let bytes: Uint8Array | undefined;
    const one = new Classifier();
    await one.fit(x, labels, { timeLimit: 0.4, checkpoint: { save: (made) => void (bytes = made), every: 1e6 } });
    const two = new Classifier();
    await two.fit(x, labels, { timeLimit: 0.4, checkpoint: { from: bytes } });
    expect(two.chosen).toEqual(one.chosen);
    expect(two.networks.map((own) => own.fingerprint())).toEqual(one.networks.map((own) => own.fingerprint()));
  });
});
