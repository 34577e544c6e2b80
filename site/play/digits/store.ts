// The network that learns to read: its data, its training in rounds that the eye can follow, and what it says of a picture.
import { batch, signal } from "@preact/signals";
import { dense, Network } from "propago";
import { actions, prefersLess, say, sentenceOf, spoken, startWorker, writeAddress } from "../shell/state.ts";
import { drawnDigits } from "./drawn.ts";
import { PIXELS, readDigits, type Digits, type DigitsData } from "./images.ts";

export const HIDDEN = 96;
/** Warped copies of each digit, and drawn ones of each kind. */
const COPIES = 3;
const DRAWN = 700;
/** An epoch goes in so many parts, so that progress is seen from the first moment on. */
const PARTS = 8;
export const EPOCHS = 14;
/** The whole training should take about so long that it can be watched. */
const MILLISECONDS = 3000;
const SEED = 1;

export const status = signal<"loading" | "ready" | "failed">("loading");
export const running = signal(false);
export const round = signal(0);
export const accuracy = signal(NaN);
export const loss = signal(NaN);
export const rate = signal(0);
/** Grows with the weights. */
export const frame = signal(0);
/** What it says of each digit held back. */
export let answers = new Int32Array(0);
export let sureness = new Float32Array(0);
export let data: DigitsData | undefined;
export let network: Network | undefined;
let parts: { x: Float32Array; y: Int32Array }[] = [];
let busy = Promise.resolve();
let print = "";
let learnt = 0;
let hasWorkers = true;

export async function load(): Promise<void> {
  if (data !== undefined) return;
  try {
    const response = await fetch("./digits.bin");
    if (!response.ok) throw new Error(`The digits could not be loaded (${response.status}).`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const read = readDigits(bytes, COPIES, SEED);
    const drawn: Digits[] = [];
    // In pieces, so that the page answers meanwhile.
    for (let piece = 0; piece < 10; piece++) {
      drawn.push(drawnDigits(DRAWN / 10, SEED + 1000 * piece));
      await new Promise((resolve) => setTimeout(resolve));
    }
    data = read;
    parts = partsOf([read.train, ...drawn]);
    fresh();
    status.value = "ready";
    if (!prefersLess.matches) start();
  } catch (error) {
    status.value = "failed";
    say(sentenceOf(error), "problem");
  }
}

/** All digits, dealt out over the parts. */
function partsOf(sources: readonly Digits[]): { x: Float32Array; y: Int32Array }[] {
  const count = sources.reduce((sum, source) => sum + source.count, 0);
  const made = Array.from({ length: PARTS }, (_, part) => {
    const rows = Math.floor((count - part + PARTS - 1) / PARTS);
    return { x: new Float32Array(rows * PIXELS), y: new Int32Array(rows) };
  });
  let row = 0;
  for (const { x, y, count: rows } of sources) {
    for (let k = 0; k < rows; k++, row++) {
      const to = made[row % PARTS];
      const at = Math.floor(row / PARTS);
      to.x.set(x.subarray(k * PIXELS, (k + 1) * PIXELS), at * PIXELS);
      to.y[at] = y[k];
    }
  }
  return made;
}

function fresh(): void {
  network?.dispose();
  network = new Network({
    inputs: PIXELS,
    layers: [dense(HIDDEN, "relu"), dense(10, "softmax")],
    optimizer: { name: "adam", learningRate: 3e-3 },
    seed: SEED,
  });
  learnt = 0;
  round.value = 0;
  note();
}

function note(): void {
  const { test } = data!;
  const outputs = network!.predict(test.x);
  answers = new Int32Array(test.count);
  sureness = new Float32Array(test.count);
  let right = 0;
  let sum = 0;
  for (let row = 0; row < test.count; row++) {
    let best = 0;
    for (let k = 1; k < 10; k++) if (outputs[10 * row + k] > outputs[10 * row + best]) best = k;
    answers[row] = best;
    sureness[row] = outputs[10 * row + best];
    if (best === test.y[row]) right++;
    sum -= Math.log(Math.max(1e-12, outputs[10 * row + test.y[row]]));
  }
  print = network!.fingerprint();
  batch(() => {
    accuracy.value = right / test.count;
    loss.value = sum / test.count;
    frame.value++;
  });
}

export const isDone = () => round.peek() >= EPOCHS * PARTS;

async function learn(): Promise<void> {
  const part = parts[round.peek() % PARTS];
  const options = { epochs: 1, batchSize: 32, metrics: [] } as const;
  const history = await network!.fit(part, hasWorkers ? { ...options, worker: startWorker } : options).then(
    (reached) => reached,
    (error: unknown) => {
      if ((error as { code?: unknown }).code !== "ERR_WORKER") throw error;
      // Without a worker the page does it, with the same bits.
      hasWorkers = false;
      return network!.fit(part, options);
    },
  );
  learnt += part.y.length;
  rate.value = history.epochs.at(-1)!.samplesPerSecond;
  round.value++;
  note();
}

export function start(): void {
  if (running.peek() || network === undefined) return;
  if (isDone()) fresh();
  running.value = true;
  busy = (async () => {
    const began = performance.now();
    const first = round.peek();
    try {
      while (running.peek() && !isDone()) {
        await learn();
        const due = began + ((round.peek() - first) * MILLISECONDS) / (EPOCHS * PARTS);
        const wait = due - performance.now();
        await new Promise((resolve) => (wait > 4 ? setTimeout(resolve, wait) : requestAnimationFrame(resolve)));
      }
    } catch (error) {
      say(sentenceOf(error), "problem");
    }
    running.value = false;
    spoken.value = `It reads ${Math.round(100 * accuracy.peek())} percent of the digits that were held back.`;
    writeAddress();
  })();
}

export function pause(): void {
  running.value = false;
}

export function toggle(): void {
  if (running.peek()) pause();
  else start();
}

export async function rewind(): Promise<void> {
  pause();
  await busy;
  if (data === undefined) return;
  fresh();
}

async function step(): Promise<void> {
  pause();
  await busy;
  if (network === undefined || isDone()) return;
  busy = learn();
  await busy;
}

/** Ten probabilities for a picture of 64 numbers. */
export function read(image: Float32Array): Float32Array {
  return network === undefined ? new Float32Array(10) : network.predict(image);
}

actions.digits = {
  toggle,
  step: () => void step(),
  rewind: () => void rewind(),
  leave: pause,
  state: () => ({
    running: running.peek(),
    epoch: Math.floor(round.peek() / PARTS),
    samplesPerSecond: rate.peek(),
    trainLoss: null,
    testLoss: Number.isFinite(loss.peek()) ? loss.peek() : null,
    testAccuracy: Number.isFinite(accuracy.peek()) ? accuracy.peek() : null,
    dataHash: data?.hash ?? "",
    fingerprint: print,
  }),
};

/** How many digits it has looked at. */
export const looks = () => learnt;
