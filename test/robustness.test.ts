// What comes from elsewhere: arrays of other realms, getters and proxies, signals, saved networks; and what goes out, which is
// never the inner state itself.
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { Classifier, dense, dropout, Network, Regressor, batchNorm, type DType, type Layer } from "../src/index.ts";
import { OPTIMIZERS } from "../src/tables/whole.ts";
import { failure, rejection } from "./failure.ts";

const x = [[0, 0], [0, 1], [1, 0], [1, 1]]; // prettier-ignore
const y = [0, 1, 1, 0];
const make = (more: object = {}): Network => new Network({ inputs: 2, layers: [dense(3, "tanh"), dense(1, "sigmoid")], ...more }); // prettier-ignore
const untyped = (value: unknown): any => value;

describe("arrays of another realm", () => {
  const foreign = (code: string): any => runInNewContext(code) as unknown;

  test.each(["Float32Array", "Float64Array", "Uint8Array", "Int16Array", "Uint8ClampedArray"])("%s", (kind) => {
    using one = make();
    using two = make();
    const flat = foreign(`new ${kind}([0, 0, 0, 1, 1, 0, 1, 1])`);
    expect(flat instanceof Float32Array).toBe(false);
    expect(one.predict(flat)).toEqual(one.predict(x));
    expect(one.predict({ data: flat, shape: foreign("[4, 2]") })).toEqual(one.predict(x));
    const sampleWeights = foreign("new Float32Array([1, 2, 1, 1])");
    one.fitSync(
      { x: flat, y: foreign("[0, 1, 1, 0]"), sampleWeights },
      foreign("({ epochs: 3, classWeights: [1, 3] })"),
    );
    two.fitSync({ x, y, sampleWeights: [1, 2, 1, 1] }, { epochs: 3, classWeights: [1, 3] });
    expect(one.fingerprint()).toBe(two.fingerprint());
    one.setWeights(
      foreign("[{ weights: new Float64Array(6), bias: new Float32Array(3) }, { weights: [1, 2, 3], bias: [0] }]"),
    );
    expect(one.getWeights()[0].weights).toEqual(new Float32Array(6));
    const classifier = new Classifier(foreign("({ hidden: [3], effort: 'quick', ensemble: 1 })"));
    classifier.fitSync(foreign(`[new ${kind}([0, 0]), [0, 1], [1, 0], [1, 1]]`), foreign("['a', 'b', 'b', 'a']"), {
      epochs: 2,
    });
    expect(classifier.classes).toEqual(["a", "b"]);
  });

  test("a signal", async () => {
    using network = make();
    const events = new EventTarget();
    const signal = { aborted: false, reason: "enough", throwIfAborted() { if (this.aborted) throw this.reason; }, addEventListener: events.addEventListener.bind(events), removeEventListener: events.removeEventListener.bind(events) }; // prettier-ignore
    const training = network.fit({ x, y }, { epochs: 1e6, signal: untyped(signal), onEpoch: ({ epoch }) => void (signal.aborted = epoch > 2) }); // prettier-ignore
    expect(await rejection(training)).toBe("enough");
  });

  test("lists and maps are no options", () => {
    for (const options of [
      new Map([["epochs", 1]]),
      new Date(),
      foreign("new Map()"),
      new (class Own {
        epochs = 1;
      })(),
      [{}],
    ]) {
      // prettier-ignore
      using network = make();
      expect(failure(() => network.fitSync({ x, y }, untyped(options)))).toMatchObject({ code: "ERR_CONFIG" });
    }
    using network = make();
    const weights = (classWeights: unknown) => failure(() => network.fitSync({ x, y }, { classWeights: untyped(classWeights) })); // prettier-ignore
    expect(weights(new Map([[0, 1]]))).toMatchObject({ code: "ERR_CONFIG" });
    // eslint-disable-next-line no-sparse-arrays -- a hole is what it is about
    expect(weights([1, ,])).toMatchObject({ code: "ERR_CONFIG", message: expect.stringContaining("classWeights.1") as string }); // prettier-ignore
  });
});

describe("what changes while it is read", () => {
  /** Rows of which one becomes longer when it is looked at for the second time. */
  const growing = (long: unknown): unknown[] => {
    let looks = 0;
    return new Proxy([[0, 1], [1, 0]], { get: (rows, key) => (key === "1" && ++looks > 1 ? long : Reflect.get(rows, key)) as unknown }); // prettier-ignore
  };

  test("never reaches a network beside it", () => {
    using network = make();
    const beside = Array.from({ length: 20 }, () => make());
    const before = beside.map((one) => one.fingerprint());
    class Lying extends Float32Array {
      override get length(): number {
        return 2;
      }
    }
    for (const rows of [
      growing(new Array(50_000).fill(7)),
      growing(new Float32Array(50_000).fill(7)),
      new Lying(50_000),
    ]) {
      for (const call of [
        () => network.predict(untyped(rows)),
        () => network.trainOnBatch({ x: untyped(rows), y: untyped([0, 1]) }),
        () => network.evaluate({ x: untyped(rows), y: [0, 1] }),
      ]) {
        // prettier-ignore
        try {
          call();
        } catch (error) {
          expect(error).toMatchObject({ name: "PropagoError" });
        }
      }
    }
    expect(beside.map((one) => one.fingerprint())).toEqual(before);
    for (const one of beside) one.dispose();
  });

  test("memory that shrinks is said to", () => {
    using network = make();
    const buffer = untyped(new (ArrayBuffer as any)(4000, { maxByteLength: 8000 }));
    if (typeof buffer.resize !== "function") return;
    const y = new Array(500).fill(0);
    Object.defineProperty(y, 0, { get: () => (buffer.resize(40), 0) });
    const data = { x: new Float32Array(buffer), y };
    expect(failure(() => network.trainOnBatch(untyped(data)))).toMatchObject({ code: "ERR_DATA", message: expect.stringContaining("shrank") as string }); // prettier-ignore
  });

  test("a getter that works with the same network gets what it asks for, and disturbs nothing", () => {
    using network = make();
    const row = Object.defineProperty([0, 0], 1, {
      get: () => network.predict(new Float32Array(20_000)).length / 10_000,
    });
    expect(network.predict([row, [0, 1]])).toEqual(network.predict([[0, 1], [0, 1]])); // prettier-ignore
  });
});

describe("code of the user's that throws", () => {
  const thrown = new Error("of the user's");
  const raise = (): never => {
    throw thrown;
  };
  test.each<[string, object]>([
    ["a signal's getter", { get signal() { return raise(); } }], // prettier-ignore
    ["a signal that is given once", (() => { let looks = 0; return { get signal() { return looks++ > 0 ? raise() : undefined; } }; })()], // prettier-ignore
    ["a signal that takes no listener", { signal: { aborted: false, throwIfAborted() {}, addEventListener: raise, removeEventListener() {} } }], // prettier-ignore
    ["a signal that lets no listener go", { signal: { aborted: false, throwIfAborted() {}, addEventListener() {}, removeEventListener: raise } }], // prettier-ignore
    ["a proxy that is asked for marks", new Proxy({ epochs: 2 }, { has: raise })],
    ["onEpoch", { onEpoch: raise }],
    ["onBatch", { onBatch: raise }],
    ["a promise's then", { onEpoch: () => ({ get then() { return raise(); } }) }], // prettier-ignore
    ["a class's weight", { classWeights: { get 0() { return raise(); } } }], // prettier-ignore
    ["a validation's getter", { validation: { get x() { return raise(); } } }], // prettier-ignore
  ])("%s leaves the network as it was, and not busy", async (_, options) => {
    using network = make();
    for (const call of [() => network.fit({ x, y }, options), () => network.fitSync({ x, y }, options)]) {
      try {
        await call();
      } catch (error) {
        expect(error).toBe(thrown);
      }
      expect(network.fitSync({ x, y }, { epochs: 1 }).stopped).toBe("epochs");
    }
  });

  test("undefined is an error like others", async () => {
    using network = make();
    const iterate = async (): Promise<void> => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- users may
      for await (const epoch of network.fit({ x, y }, { onEpoch: () => Promise.reject(undefined) })) void epoch;
    };
    await expect(iterate().then(() => "fulfilled", () => "rejected")).resolves.toBe("rejected"); // prettier-ignore
  });
});

describe("messages", () => {
  const long = `\u009b31m${"n".repeat(1e6)}\u202e`;
  test.each<[string, () => unknown]>([
    ["a layer's name", () => make({ layers: [dense(2, "tanh", { name: long }), dropout(0.1, { name: long })] })],
    ["a name that is set", () => make({ layers: [dense(1, "sigmoid", { name: long })] }).setWeights(untyped([{}]))],
    ["an option's name", () => make({ [long]: 1 })],
    ["a bigint", () => make({ seed: 10n ** 100_000n })],
    ["a symbol", () => make({ seed: Symbol(long) })],
    ["a tag", () => make({ seed: { [Symbol.toStringTag]: long } })],
    ["a cell", () => make().predict(untyped([[long, 1]]))],
    ["a shape", () => make().predict(untyped({ data: [1], shape: new Array(1e6).fill(long) }))],
    ["a class", () => new Classifier().fitSync(x, y, { classWeights: untyped({ [long]: 1 }) })],
    ["labels", () => new Classifier({ effort: "quick" }).fitSync(x, [`a${long}`, `b${long}`, `a${long}`, "c"], { classWeights: untyped({ x: 1 }) })], // prettier-ignore
    ["a saved format", () => Network.fromJSON({ format: long })],
  ])("%s is cut, and printable", (_, call) => {
    const { message } = failure(call) as Error;
    expect(message.length).toBeLessThan(800);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test("shapes of bigints are shown", () => {
    using network = make();
    expect(failure(() => network.predict(untyped({ data: [1, 2], shape: [1n, 2n] })))).toMatchObject({
      code: "ERR_SHAPE",
      message: "x.shape must be [rows, columns], got [1n,2n]",
    });
  });

  test("a table of layers stays narrow", () => {
    using network = make({ layers: [...Array.from({ length: 200 }, (_, i) => dense(1, "tanh", { name: `${i}${long}` })), dense(1)] }); // prettier-ignore
    const text = network.summary();
    expect(text.length).toBeLessThan(200 * 120);
    expect(text).not.toMatch(/[\u007f-\u009f\u202a-\u202e]/);
  });
});

describe("JSON", () => {
  test("gives copies", () => {
    using network = make({
      optimizer: { name: "adam", learningRate: { name: "piecewise", boundaries: [1], rates: [1, 2] } },
    });
    const before = JSON.stringify(network);
    const json = untyped(network.toJSON());
    json.layers[0].units = 99;
    json.layers.pop();
    json.optimizer.learningRate.rates[0] = 7;
    json.weights[0].weights[0] = 7;
    expect(JSON.stringify(network)).toBe(before);

    const classifier = new Classifier({ hidden: [3], effort: "quick", seed: 1 });
    const rows = Array.from({ length: 30 }, (_, i) => [i, (i * 7) % 5]);
    classifier.fitSync(rows, rows.map(([a]) => (a > 14 ? "large" : "small")), { validation: 0.2 }); // prettier-ignore
    const saved = JSON.stringify(classifier);
    const open = untyped(classifier);
    open.classes.reverse();
    open.options.hidden.push(4);
    open.chosen.candidates.length = 0;
    open.estimate.accuracy = 2;
    open.baseline.loss = -1;
    open.heldBack.length = 0;
    const all = untyped(classifier.toJSON());
    all.labels.reverse();
    all.options.hidden.push(4);
    all.found.chosen.networks = 99;
    all.members[0].scaling.mean[0] = 99;
    expect(JSON.stringify(classifier)).toBe(saved);
    expect(classifier.predict([[29, 0]])).toEqual(["large"]);
    const options = { hidden: [3], optimizer: { name: "adam" as const, learningRate: 0.1 } };
    const regressor = new Regressor(options);
    options.hidden.push(9);
    options.optimizer.learningRate = 9;
    expect(regressor.options).toEqual({ hidden: [3], optimizer: { name: "adam", learningRate: 0.1 } });
  });

  test.each<DType>(["float32", "float64"])("keeps -0 in %s", (dtype) => {
    using network = make({ dtype });
    network.setWeights([
      { weights: [-0, 1, -0, 2, 3, 0], bias: [0, -0, 1] },
      { weights: [1, -0, 0], bias: [-0] },
    ]);
    using again = Network.fromJSON(JSON.parse(JSON.stringify(network)));
    expect(again.fingerprint()).toBe(network.fingerprint());
    expect(Object.is(again.getWeights()[1].bias?.[0], -0)).toBe(true);
  });

  test("loading draws no first weights", () => {
    // 1,000 orthogonal columns take seconds to draw.
    const units = 1000;
    const json = { format: "propago", version: 1, inputs: units, layers: [dense(units, "linear", { init: "orthogonal" })], weights: [{ weights: new Array(units * units).fill(0.5), bias: new Array(units).fill(0) }] }; // prettier-ignore
    const began = performance.now();
    using network = Network.fromJSON(json);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(network.predict(new Float32Array(units).fill(1))[0]).toBe(units / 2);
  });

  test.each<[string, unknown]>([
    ["nesting", "[".repeat(100_000) + "]".repeat(100_000)],
    ["nested layers", `{"format":"propago","version":1,"inputs":1,"weights":[],"layers":${"[".repeat(100_000)}${"]".repeat(100_000)}}`], // prettier-ignore
    ["a prototype", '{"format":"propago","version":1,"inputs":1,"weights":[],"__proto__":{"layers":[]}}'],
    ["a prototype below", '{"format":"propago","version":1,"inputs":1,"layers":[{"type":"dense","units":1,"__proto__":{"bias":false}}],"weights":[]}'], // prettier-ignore
    ["a figure that is text", { format: "propago", version: 1, inputs: 1, layers: [dense(1)], weights: [{ weights: ["1"], bias: [0] }] }], // prettier-ignore
  ])("%s in a saved network is refused", (_, json) => {
    expect(failure(() => Network.fromJSON(json))).toMatchObject({ code: "ERR_FORMAT" });
    expect("layers" in {}).toBe(false);
  });

  test.each<[string, (json: any) => void]>([
    ["a count that is text", (json) => (json.found.chosen.networks = "\u001b[31m")],
    ["an accuracy that is text", (json) => (json.found.estimate.accuracy = "1")],
    ["a candidate without a name", (json) => (json.found.chosen.candidates[0].name = { toString: 1 })],
    ["weights of members that are more than all", (json) => (json.members[0].weight = 0.5)],
    ["options that are none", (json) => (json.options = { hidden: "3" })],
    ["found that is a list", (json) => (json.found = [])],
  ])("a saved classifier with %s is refused", (_, spoil) => {
    const classifier = new Classifier({ hidden: [3], effort: "quick", ensemble: 1 });
    const rows = Array.from({ length: 20 }, (_, i) => [i]);
    classifier.fitSync(rows, rows.map(([a]) => Number(a > 9)), { epochs: 2 }); // prettier-ignore
    const json = JSON.parse(JSON.stringify(classifier));
    expect(Classifier.fromJSON(json).classes).toEqual([0, 1]);
    spoil(json);
    expect(failure(() => Classifier.fromJSON(json))).toMatchObject({ code: "ERR_FORMAT" });
  });
});

describe("the state of a training in JSON", () => {
  const rows = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
  const values = rows.map(([a, b]) => a * b);
  const through = (network: Network<DType>): Network => Network.fromJSON(JSON.parse(JSON.stringify(network.toJSON({ state: true })))); // prettier-ignore

  test.each(Object.keys(OPTIMIZERS))("%s goes on to the same bits", (name) => {
    const isSearch = "search" in OPTIMIZERS[name as keyof typeof OPTIMIZERS];
    const more = isSearch ? {} : { accumulate: 2, averaging: 0.9, ...("learningRate" in OPTIMIZERS[name as "sgd"].options ? { learningRate: { name: "exponential", rate: 0.01, factor: 0.9 } } : {}) }; // prettier-ignore
    const layers: Layer[] = [dense(4, "tanh"), dense(1)];
    const accumulates = !/vsgd|adasecant|rprop|quickprop/.test(name);
    using one = new Network(
      untyped({ inputs: 2, layers, optimizer: { name, ...(accumulates ? more : {}) }, dtype: "float64" }),
    );
    const fit = isSearch ? { epochs: 3 } : { epochs: 3, batchSize: 5 };
    one.fitSync({ x: rows, y: values }, fit);
    using two = through(one);
    for (const network of [one, two]) network.fitSync({ x: rows, y: values }, fit);
    expect(two.fingerprint()).toBe(one.fingerprint());
  });

  test("with batchNorm, dropout, lsuv before training, and reduceOnPlateau", () => {
    const layers: Layer[] = [dense(4, "tanh", { init: "lsuv" }), batchNorm(), dropout(0.3), dense(1)];
    const optimizer = { name: "sgd", momentum: 0.9, learningRate: { name: "reduceOnPlateau", rate: 0.1, patience: 0, factor: 0.5 } }; // prettier-ignore
    using one = new Network(untyped({ inputs: 2, layers, optimizer }));
    for (let round = 0; round < 3; round++) {
      using two = through(one);
      const [a, b] = [one, two].map((network) => network.fitSync({ x: rows, y: values }, { epochs: 4, batchSize: 5 }));
      expect(two.fingerprint()).toBe(one.fingerprint());
      expect(b.epochs.at(-1)?.learningRate).toBe(a.epochs.at(-1)?.learningRate);
      expect(b.epochs.at(-1)?.epoch).toBe(4 * (round + 1));
      expect(b.warnings?.some(({ code }) => code === "WARN_STATE") ?? false).toBe(false);
    }
  });

  test("a classifier goes on, too", () => {
    const labels = values.map((value) => value > 0);
    const one = new Classifier({ hidden: [3], ensemble: 1, effort: "quick", optimizer: "adam" });
    one.partialFit(rows, labels);
    const two = Classifier.fromJSON(JSON.parse(JSON.stringify(one.toJSON({ state: true }))));
    for (const model of [one, two]) model.partialFit(rows, labels);
    expect(two.network?.fingerprint()).toBe(one.network?.fingerprint());
  });

  test("without it a warning says that schedules begin anew, where something was trained", () => {
    const optimizer = { name: "sgd", learningRate: { name: "exponential", rate: 0.1, factor: 0.9 } };
    using one = new Network(untyped({ inputs: 2, layers: [dense(1)], optimizer }));
    const codes = (network: Network): unknown[] => network.fitSync({ x: rows, y: values }, { epochs: 1 }).warnings?.map(({ code }) => code) ?? []; // prettier-ignore
    using untrained = Network.fromJSON(JSON.parse(JSON.stringify(one)));
    expect(codes(untrained)).not.toContain("WARN_STATE");
    one.fitSync({ x: rows, y: values }, { epochs: 1 });
    using trained = Network.fromJSON(JSON.parse(JSON.stringify(one)));
    expect(codes(trained)).toContain("WARN_STATE");
    expect(codes(trained)).not.toContain("WARN_STATE");
  });

  test.each<[string, (state: any) => void]>([
    ["too few numbers", (state) => state.remembered.pop()],
    ["a count below 0", (state) => (state.step = -1)],
    ["a count that is no whole number", (state) => (state.memory = [1.5])],
    ["a power above 1", (state) => (state.power1 = 2)],
    ["no plateau", (state) => delete state.plateau],
    ["text", (state) => (state.remembered[0] = "1")],
  ])("%s is refused", (_, spoil) => {
    using one = new Network({ inputs: 2, layers: [dense(1)], optimizer: "lbfgs" });
    one.fitSync({ x: rows, y: values }, { epochs: 2 });
    const json = JSON.parse(JSON.stringify(one.toJSON({ state: true })));
    Network.fromJSON(json).dispose();
    spoil(json.state);
    expect((failure(() => Network.fromJSON(json)) as { code: string }).code).toMatch(/ERR_FORMAT|ERR_SHAPE/);
  });
});

test.each(["adam", "adamw", "adamax", "nadam", "radam", "adagrad", "rmsprop", "adadelta"] as const)(
  "a mean of squares below 0 in the state of %s is refused",
  (optimizer) => {
    using network = new Network({ inputs: 1, layers: [dense(1)], optimizer });
    network.fitSync({ x: [[1], [2]], y: [1, 2] }, { epochs: 3 });
    const json = JSON.parse(JSON.stringify(network.toJSON({ state: true })));
    Network.fromJSON(json).dispose();
    const place = (optimizer.startsWith("adam") && optimizer !== "adamax" ? 0.5 : 0) * json.state.remembered.length;
    json.state.remembered[place] = -1;
    expect(failure(() => Network.fromJSON(json))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining(`remembered[${place}]`),
    });
  },
);

test("a state that was cut off is refused, however it was cut", () => {
  using network = new Network({ inputs: 1, layers: [dense(1)], optimizer: { name: "adam", averaging: 0.9 } });
  network.fitSync({ x: [[1], [2]], y: [1, 2] }, { epochs: 3 });
  const json = JSON.parse(JSON.stringify(network.toJSON({ state: true })));
  json.state.remembered = [];
  expect(() => Network.fromJSON(json)).toThrow(/ERR_|state\.remembered/);
});
