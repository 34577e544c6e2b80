// Functions of the user's that give promises where a value is needed at once: refused, with no rejection left behind.
import { afterEach, beforeEach, expect, it } from "vitest";
import { Classifier, dense, Network } from "../src/index.ts";
import { failure, rejection } from "./failure.ts";

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", hear));
afterEach(async () => {
  // Node tells of rejections that nobody handles once the event loop turns.
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", hear);
  expect(unhandled.splice(0)).toEqual([]);
});

const data = { x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 1, 0] }; // prettier-ignore
const never = (): never => {
  throw new Error("the user's own");
};
/** What gives promises, of each kind. */
const KINDS: readonly [string, () => unknown][] = [
  ["an async function that throws", async () => never()],
  ["one that throws later", () => new Promise((_, reject) => setTimeout(() => reject(new Error("later")), 1))],
  ["one that gives a rate", async () => 0.1],
  ["a promise of another library", () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error("theirs")) })], // prettier-ignore
];

const withRate = (learningRate: unknown): Network =>
  new Network({ inputs: 2, layers: [dense(1)], optimizer: { name: "sgd", learningRate } } as never);

it.each(KINDS)("as learning rate, at once and in the middle of a training: %s", async (_, give) => {
  const message = (step: number): RegExp => new RegExp(`^optimizer\\.learningRate\\(${step}\\) gave a promise`);
  expect(failure(() => withRate(give))).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message(0)) as string }); // prettier-ignore
  for (const isSync of [true, false]) {
    const network = withRate((step: number) => (step < 5 ? 0.1 : give()));
    const options = { epochs: 4, batchSize: 2 };
    const error = isSync ? failure(() => network.fitSync(data, options)) : await rejection(network.fit(data, options));
    expect(error).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message(5)) as string });
    // Nobody holds the network any longer.
    network.fitSync(data, { epochs: 1, batchSize: "full" });
    network.dispose();
  }
});

it.each(KINDS)("as callback of fitSync: %s", (_, give) => {
  for (const name of ["onEpoch", "onBatch"]) {
    const network = withRate(0.1);
    const error = failure(() => network.fitSync(data, { epochs: 2, [name]: give }));
    expect(error).toMatchObject({ code: "ERR_CONFIG", message: expect.stringContaining(`${name} gave a promise`) as string }); // prettier-ignore
    network.dispose();
  }
});

it.each(KINDS)("as onSearch: %s", async (_, give) => {
  const classifier = new Classifier({ hidden: [2], effort: "quick", seed: 1 });
  const options = { epochs: 1, onSearch: give };
  const labels = ["a", "b", "b", "a"];
  await classifier.fit(data.x, labels, options).catch((error: unknown) => expect(String(error)).toMatch(/own|later|theirs/)); // prettier-ignore
  await rejectionOrNot(() => classifier.fitSync(data.x, labels, options));
});

/** Makes a call that may throw what the user's function gave. */
async function rejectionOrNot(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    expect(String(error)).toMatch(/own|later|theirs|promise/);
  }
}
