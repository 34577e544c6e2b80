// A campaign against the public interface: valid calls of which something is exchanged for what nobody should pass. A call
// may give a value, or throw a PropagoError with a known code, or what the user's own code has thrown. Whatever it does,
// prototypes stay as they are, a network beside it keeps its bits, and its own network goes on working.
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { Classifier, dense, dropout, Network, PropagoError, Regressor, type Layer } from "../src/index.ts";
import { root } from "../scripts/root.ts";

/** How many calls the whole campaign makes. */
export const CAMPAIGN = 60_000;

/** What code of the user's throws here. */
class Own extends Error {}

const CODES = new Set(readFileSync(`${root}/src/ground/errors.ts`, "utf8").match(/"ERR_\w+"/g)?.map((code) => code.slice(1, -1))); // prettier-ignore

/** Numbers of 32 bits without pattern (Vigna's splitmix, shortened). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  };
}

const realm = createContext({});
const foreign = (code: string): unknown => runInContext(code, realm);
const LONG = "n\u009b31m\u202e".repeat(250_000);

function raise(): never {
  throw new Own("thrown by a getter");
}

function deep(levels: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { x: value };
  return value;
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function detached(): Float32Array {
  const array = new Float32Array(8);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** A subclass that lies about its length. */
class Lying extends Float32Array {
  override get length(): number {
    return 1e6;
  }
}

/** Each makes a value anew. */
const STRANGE: readonly ((neighbour: Network) => unknown)[] = [
  ...[undefined, null, NaN, Infinity, -1, 0, -0, 1.5, 2 ** 53, 1e300, 5e-324, 1n, 10n ** 50n, true, "", "8", "NaN", "adam", LONG].map((value) => () => value), // prettier-ignore
  () => Symbol("s"),
  () => () => 1,
  // What a function gives is the library's: whoever refuses a promise has to take care of its end.
  () => () => Promise.reject(new Own("rejected")),
  () => async () => {
    await Promise.resolve();
    throw new Own("rejected later");
  },
  () => () => Promise.resolve(0.1),
  () => () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(new Own("rejected by another kind")) }),
  () => () => ({ get then() { return raise(); } }), // prettier-ignore
  () => raise,
  () => new Date(0),
  () => new Map([["epochs", 1]]),
  () => new Set([1]),
  () => /x/,
  () => new Own("an error"),
  () =>
    new (class Options {
      epochs = 1;
    })(),
  () => Promise.resolve(1),
  () => ({ then: raise }),
  () => [],
  () => [, 1], // eslint-disable-line no-sparse-arrays -- holes are what it is about
  () => new Array(1e9),
  () => [[]],
  () => [["a"]],
  () => [1, 2, 3],
  () => [[1, 2], [3]],
  () => ({}),
  () => Object.create(null) as object,
  () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as object,
  () => deep(100_000),
  () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    return cyclic;
  },
  () => revoked({}),
  () => revoked([]),
  () => Object.defineProperty({}, "name", { enumerable: true, get: raise }),
  () => ({ get aborted() { return raise(); } }), // prettier-ignore
  () => ({ aborted: false, addEventListener: raise, removeEventListener: raise, throwIfAborted() {} }),
  () => new Proxy([1, 2], { get: (target, key) => (key === "length" ? 2 ** 40 : Reflect.get(target, key)) as unknown }),
  () => new Proxy([[1, 2]], { get: (target, key) => (key === "0" ? new Array(1 + Math.floor(performance.now() % 7)).fill(1) : Reflect.get(target, key)) as unknown }), // prettier-ignore
  () => new Proxy({}, { has: raise, ownKeys: raise }),
  () => new Proxy(new Float32Array(8), {}),
  () => new Lying(8),
  () => Object.defineProperty(new Float64Array(4), "length", { value: 1e5 }),
  () => detached(),
  () => new BigInt64Array(4),
  () => new DataView(new ArrayBuffer(8)),
  () => new Float32Array(0),
  () => new Float32Array(8).fill(NaN),
  () => new Uint8ClampedArray(8),
  () => new Float32Array(new SharedArrayBuffer(32)),
  () => foreign("new Float32Array(8)"),
  () => foreign("[[0, 1], [1, 0]]"),
  () => foreign("({ epochs: 2 })"),
  () => foreign("new Map([[1, 2]])"),
  () => AbortSignal.abort(new Own("aborted")),
  () => Object.create(Float32Array.prototype) as object,
  // Rows that change while they are read, and code that works with other networks meanwhile.
  (neighbour) => [
    Object.defineProperty([0, 0], "1", {
      get: () => {
        neighbour.predict(new Float32Array(2 * 5000));
        return 1;
      },
    }),
    [0, 1],
  ],
];

type Random = () => number;

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)];

/** A copy in which something is exchanged, left out, or put beside the rest. */
function mutated(random: Random, value: unknown, neighbour: Network, depth = 0): unknown {
  const isLeaf = typeof value !== "object" || value === null || ArrayBuffer.isView(value);
  if (isLeaf || random() < 0.15 + depth / 10) return pick(random, STRANGE)(neighbour);
  if (Array.isArray(value)) {
    const copy: unknown[] = value.slice();
    const at = Math.floor(random() * copy.length);
    if (random() < 0.1) copy.push(pick(random, STRANGE)(neighbour));
    else if (random() < 0.11) copy.splice(at, 1);
    else if (random() < 0.05) Object.defineProperty(copy, at, { get: raise, enumerable: true });
    else copy[at] = mutated(random, copy[at], neighbour, depth + 1);
    return copy;
  }
  const copy: Record<string, unknown> = { ...value };
  const keys = Object.keys(copy);
  const key = pick(random, keys);
  if (keys.length === 0 || random() < 0.1)
    copy[pick(random, ["", "x", "epochs", "name", "toString"])] = pick(random, STRANGE)(neighbour); // prettier-ignore
  else if (random() < 0.05) delete copy[key];
  else if (random() < 0.06) Object.defineProperty(copy, key, { get: raise, enumerable: true });
  else copy[key] = mutated(random, copy[key], neighbour, depth + 1);
  return copy;
}

/** Text of JSON with some letters exchanged. */
function garbled(random: Random, json: unknown): string {
  let text = JSON.stringify(json);
  for (let i = 0; i < 1 + random() * 3; i++) {
    const at = Math.floor(random() * text.length);
    text =
      text.slice(0, at) +
      pick(random, ["", "0", "-", "9e9", '"', "[", "}", ",", "null", "\u0000"]) +
      text.slice(at + 1);
  }
  return text;
}

const layers: Layer[] = [dense(3, "tanh", { name: "first" }), dropout(0.1), dense(1, "sigmoid")];
const network = { inputs: 2, layers, loss: "binaryCrossEntropy", optimizer: { name: "adam", learningRate: { name: "step", rate: 0.1, every: 3 } }, seed: 3, l2: 1e-4 }; // prettier-ignore
const x = [[0, 0], [0, 1], [1, 0], [1, 1]]; // prettier-ignore
const data = { x, y: [0, 1, 1, 0] };
const flat = { x: { data: new Float32Array(x.flat()), shape: [4, 2] }, y: new Uint8Array([0, 1, 1, 0]), sampleWeights: [1, 2, 1, 1] }; // prettier-ignore
const fit = { epochs: 2, batchSize: 2, shuffle: true, validation: 0.25, metrics: ["accuracy"], classWeights: [1, 2], earlyStopping: { monitor: "loss", patience: 3 }, threads: 1, onEpoch: () => {}, onBatch: () => {} }; // prettier-ignore
const estimator = { hidden: [3], effort: "quick", ensemble: 1, optimizer: "adam", activation: "tanh", seed: 1 };
const rows = Array.from({ length: 12 }, (_, i) => [i, (i * 7) % 5]);
const labels = rows.map(([a]) => (a > 5 ? "large" : "small"));

interface Course {
  random: Random;
  /** Something that nobody should pass, or give back. */
  strange: () => unknown;
  subject: Network;
  neighbour: Network;
  classifier: Classifier;
  regressor: Regressor;
  change: <T>(value: T) => any;
}

/** Calls by name; those of `careful` change nothing but where they succeed. */
const CALLS: Readonly<Record<string, (course: Course) => unknown>> = {
  make: ({ change }) => new Network(change(network)).dispose(),
  fitSync: ({ subject, change, random }) => (random() < 0.5 ? subject.fitSync(change(data), fit as never) : subject.fitSync(flat, change(fit))), // prettier-ignore
  fit: ({ subject, change, random }) => (random() < 0.5 ? subject.fit(change(flat), fit as never) : subject.fit(data, change(fit))), // prettier-ignore
  rates: async ({ strange, random }) => {
    const learningRate = (step: number): unknown => (step < 2 ? 0.1 : strange());
    using own = new Network({ ...network, optimizer: { name: "sgd", learningRate } } as never);
    const options = { epochs: 3, batchSize: 1 + Math.floor(random() * 4) };
    return random() < 0.5 ? own.fitSync(data, options) : await own.fit(data, options);
  },
  callbacks: async ({ subject, strange, random }) => {
    const options = { epochs: 2, batchSize: 2, [random() < 0.5 ? "onEpoch" : "onBatch"]: strange };
    return random() < 0.5 ? subject.fitSync(data, options) : await subject.fit(data, options);
  },
  onSearch: async ({ strange, random }) => {
    const options = { epochs: 1, onSearch: strange };
    const own = new Classifier(estimator as never);
    if (random() < 0.5) own.fitSync(rows, labels, options);
    else await own.fit(rows, labels, options);
    own.dispose();
  },
  trainOnBatch: ({ subject, change, random }) => subject.trainOnBatch(change(random() < 0.5 ? data : flat)),
  findLearningRate: ({ subject, change }) => subject.findLearningRate(data, change({ from: 1e-3, to: 1, steps: 10, batchSize: 2 })), // prettier-ignore
  predict: ({ subject, change, random }) => (random() < 0.7 ? subject.predict(change(random() < 0.5 ? x : flat.x)) : subject.predict(x, change({ threads: 1, averaged: false }))), // prettier-ignore
  evaluate: ({ subject, change, random }) => (random() < 0.5 ? subject.evaluate(change(data)) : subject.evaluate(data, change({ metrics: ["accuracy"], classWeights: { 0: 1 } }))), // prettier-ignore
  gradients: ({ subject, change }) => subject.gradients(change(data)),
  trace: ({ subject, change, random }) => (random() < 0.5 ? subject.trace(change([0, 1]), 1) : subject.trace([0, 1], change([1]))), // prettier-ignore
  checkGradients: ({ subject, change }) => subject.checkGradients(change(data)),
  initialize: ({ subject, change }) => subject.initialize(change(x)),
  setWeights: ({ subject, change }) => subject.setWeights(change(subject.getWeights())),
  getWeights: ({ subject, change }) => subject.getWeights(change({ averaged: false })),
  toJSON: ({ subject, change }) => subject.toJSON(change({ state: true })),
  fromJSON: ({ subject, change }) => Network.fromJSON(change(subject.toJSON({ state: true }))).dispose(),
  fromText: ({ subject, random }) => Network.fromJSON(garbled(random, subject.toJSON({ state: true }))).dispose(),
  makeClassifier: ({ change }) => new Classifier(change(estimator)).fitSync(rows, labels, { epochs: 1 }),
  classify: ({ change }) => new Classifier(estimator as never).fitSync(change(rows), change(labels), { epochs: 1 }),
  classifyAsync: ({ change }) => new Classifier(estimator as never).fit(rows, labels, change({ epochs: 1, validation: 0.2, onSearch: () => {} })), // prettier-ignore
  regress: ({ change }) => new Regressor(estimator as never).fitSync(rows, change(rows.map(([a]) => a)), change({ epochs: 1 })), // prettier-ignore
  predictClasses: ({ classifier, change }) => classifier.predict(change(rows)),
  predictNumbers: ({ regressor, change }) => regressor.predict(change(rows), change({ interval: 0.5 })),
  evaluateClasses: ({ classifier, change }) => classifier.evaluate(change(rows), labels),
  partialFit: ({ classifier, change }) => classifier.partialFit(rows, change(labels), change({ batchSize: 4 })),
  classifierFromJSON: ({ classifier, change }) => Classifier.fromJSON(change(classifier.toJSON())).dispose(),
  regressorFromJSON: ({ regressor, change }) => Regressor.fromJSON(change(regressor.toJSON())).dispose(),
};

/** Calls that may have made updates before they failed. */
const TRAINING = new Set(["fit", "fitSync", "callbacks", "trainOnBatch", "partialFit"]);

function prototypes(): string {
  return [Object, Array, Function, Map, Float32Array, String, Number].map(({ prototype }) => Reflect.ownKeys(prototype as object).length).join(); // prettier-ignore
}

export interface Outcome {
  runs: number;
  values: number;
  codes: Record<string, number>;
}

/** Makes so many calls; throws at the first that does what it may not, naming the seed that shows it again. */
export async function campaign(runs: number, seed: number): Promise<Outcome> {
  const outcome: Outcome = { runs: 0, values: 0, codes: {} };
  const make = (): Network => new Network(network as never);
  const neighbour = make();
  const bits = neighbour.fingerprint();
  const before = prototypes();
  const classifier = new Classifier(estimator as never);
  const regressor = new Regressor(estimator as never);
  classifier.fitSync(rows, labels, { epochs: 1 });
  regressor.fitSync(rows, rows.map(([a]) => a), { epochs: 1 }); // prettier-ignore
  const names = Object.keys(CALLS);
  const unhandled: unknown[] = [];
  const hear = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", hear);
  for (let run = 0; run < runs; run++) {
    const own = (seed + run) >>> 0;
    const random = generator(own);
    const name = pick(random, names);
    const change = (value: unknown): unknown => mutated(random, value, neighbour);
    const strange = (): unknown => {
      const value = pick(random, STRANGE)(neighbour);
      return typeof value === "function" && random() < 0.8 ? (value as () => unknown)() : value;
    };
    const subject = make();
    const first = subject.fingerprint();
    const began = performance.now();
    const fail = (what: string, cause?: unknown): never => {
      throw new Error(`seed ${own}, ${name}: ${what}`, { cause });
    };
    try {
      await CALLS[name]({
        random,
        strange,
        subject,
        neighbour,
        classifier,
        regressor,
        change,
      });
      outcome.values++;
    } catch (error) {
      if (error instanceof PropagoError) {
        if (!CODES.has(error.code)) fail(`unknown code ${error.code}`, error);
        if (error.code === "ERR_BUSY") fail("a network is busy", error);
        if (error.message.length > 10_100) fail(`a message of ${error.message.length} letters`, error);
        // eslint-disable-next-line no-control-regex -- what must not be there
        if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(error.message))
          fail("control characters", error);
        outcome.codes[error.code] = (outcome.codes[error.code] ?? 0) + 1;
        if (!TRAINING.has(name) && subject.fingerprint() !== first) fail("it failed, and weights changed", error);
      } else if (!(error instanceof Own)) fail("an error of another kind", error);
      else outcome.codes.own = (outcome.codes.own ?? 0) + 1;
    }
    // Rejections that nobody handles are told once the event loop turns.
    await new Promise(setImmediate);
    if (unhandled.length > 0) fail("a rejection that nobody handles", unhandled[0]);
    if (performance.now() - began > 10_000) fail(`it took ${Math.round(performance.now() - began)} ms`);
    if (prototypes() !== before || "polluted" in {}) fail("a prototype was changed");
    if (neighbour.fingerprint() !== bits) fail("the network beside it changed");
    try {
      subject.trainOnBatch(data);
      subject.dispose();
    } catch (error) {
      // Weights at the end of the numbers' range may leave it, which is no lock.
      if (!(error instanceof PropagoError && error.code === "ERR_DIVERGED")) fail("its network does not go on", error);
      subject.dispose();
    }
    outcome.runs++;
  }
  process.off("unhandledRejection", hear);
  for (const one of [neighbour, classifier, regressor]) one.dispose();
  return outcome;
}
