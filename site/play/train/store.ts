// The run that the view shows, and what makes it go on: a pace in epochs a second, or as fast as it can.
import { batch, computed, signal } from "@preact/signals";
import { type Task } from "../model/data.ts";
import { Run, type Figures } from "../model/run.ts";
import { defaultSetup, readLink, writeLink, type Change, type Link, type Setup } from "../model/setup.ts";
import { Painter } from "../drawing/painter.ts";
import {
  startWorker,
  actions,
  hidden,
  lesson,
  prefersLess,
  say,
  sentenceOf,
  spoken,
  view,
  writeAddress,
} from "../shell/state.ts";
import { Curve } from "./curve.ts";

/** Epochs a second; the last is as fast as it goes. */
export const PACES = [1, 10, 60, 600, Infinity] as const;
export const PACE_NAMES = ["1 epoch/s", "10 epochs/s", "60 epochs/s", "600 epochs/s", "full speed"] as const;

export const setup = signal<Setup>(defaultSetup());
export const running = signal(false);
export const pace = signal(2);
export const figures = signal<Figures>({ epoch: 0, trainLoss: NaN, testLoss: NaN, trainScore: NaN, testScore: NaN });
export const samplesPerSecond = signal(0);
export const epochsPerSecond = signal(0);
/** Grows with each state of the weights that is to be drawn. */
export const frame = signal(0);
/** Grows with each new run: data or shape may be others. */
export const generation = signal(0);
export const ended = signal<string | undefined>(undefined);
export const task = signal<Task>("two");
export const changes = signal<readonly Change[]>([]);
/** What became of the fingerprint that a link brought. */
export const proof = signal<"none" | "waiting" | "same" | "other">("none");
/** Whether the visitor has done anything yet. */
export const touched = signal(false);
export const stopsByItself = signal(true);
export const showsTest = signal(false);
/** A unit whose answer is shown large. */
export const looked = signal<{ layer: number; unit: number } | undefined>(undefined);
export const curve = new Curve();
export const isEmpty = computed(() => (generation.value, run?.isEmpty ?? true));

/** Undefined until the first run is made. */
export let run: Run | undefined;
export let painter: Painter | undefined;

/** Whether a worker can be had, as far as is known. */
let hasWorkers = true;
let hasWorked = false;
let wanted: Link = readLink("");
let beginning = Promise.resolve();
let best = { loss: Infinity, epoch: 0, time: 0 };
const PATIENCE = { epochs: 300, milliseconds: 4000 };

/** Makes the run of a set-up; the newest call wins. */
export function begin(next: Setup, link?: Link): Promise<void> {
  wanted = link ?? { ...readLink(""), setup: next };
  setup.value = next;
  beginning = beginning.then(async () => {
    if (setup.peek() !== next) return;
    const old = [run, painter] as const;
    try {
      isHeld = true;
      await settled;
      const made = await Run.begin(next, { changes: wanted.changes });
      painter = new Painter(made);
      run = made;
    } catch (error) {
      say(sentenceOf(error), "problem");
      return;
    } finally {
      isHeld = false;
    }
    old[0]?.dispose();
    old[1]?.dispose();
    batch(() => {
      ended.value = undefined;
      looked.value = undefined;
      task.value = run!.data.task;
      changes.value = [...run!.changes];
      proof.value = wanted.fingerprint === undefined ? "none" : "waiting";
      generation.value++;
      curve.clear();
      best = { loss: Infinity, epoch: 0, time: performance.now() };
      note();
    });
    writeAddress();
    if (run.isEmpty) running.value = false;
    wake();
  });
  return beginning;
}

/** A change of what the run is made of: it begins again, with the same seed. */
export function reset(part: Partial<Setup>): void {
  touched.value = true;
  const next = { ...(run?.setup ?? setup.peek()), ...part };
  void begin(next);
}

/** Which part of the set-up may change without a new beginning. */
export function alter(
  change:
    | { what: "rate" | "l1" | "l2" | "batch"; value: number }
    | { what: "dropout"; layer: number; value: number }
    | { what: "weight" | "bias"; layer: number; index: number; value: number },
): void {
  touched.value = true;
  if (run === undefined) return;
  pending.push(change);
  if (run.epoch === 0 && change.what !== "weight" && change.what !== "bias") {
    pending.pop();
    if (change.what === "dropout") {
      const layers = run.setup.layers.map((layer, k) =>
        k === change.layer ? { ...layer, dropout: change.value } : layer,
      );
      reset({ layers });
    } else reset({ [change.what]: change.value });
    return;
  }
  if (!busy) void applyPending();
}

type Pending = Parameters<typeof alter>[0];
const pending: Pending[] = [];

async function applyPending(): Promise<void> {
  const current = run;
  if (current === undefined) return;
  while (pending.length > 0) {
    try {
      await current.change(pending.shift()!);
    } catch (error) {
      say(sentenceOf(error), "problem");
    }
  }
  if (current !== run) return;
  batch(() => {
    setup.value = current.setup;
    changes.value = [...current.changes];
    proof.value = "none";
    ended.value = current.ended;
    note();
  });
  writeAddress();
}

let lastPrint = "";
let printed = 0;

/** Takes figures and weights of the moment for the pictures. */
function note(): void {
  if (run === undefined || painter === undefined) return;
  const weights = run.network.getWeights();
  painter.take(weights);
  const now = run.evaluate();
  curve.add(now);
  if (performance.now() - printed > 200) {
    printed = performance.now();
    lastPrint = run.network.fingerprint();
  }
  if (now.testLoss < best.loss) best = { loss: now.testLoss, epoch: now.epoch, time: performance.now() };
  batch(() => {
    figures.value = now;
    samplesPerSecond.value = run!.samplesPerSecond;
    frame.value++;
  });
}

let busy = false;
/** While a run is exchanged for another no epoch begins. */
let isHeld = false;
let settled: Promise<void> = Promise.resolve();
let debt = 0;
let last = 0;
let awake = false;
let speed = 2000;
let spokenAt = 0;

/** Trains for some epochs, and takes their end for the pictures. */
function advance(epochs: number): Promise<void> {
  const current = run!;
  busy = true;
  settled = (async () => {
    const began = performance.now();
    const before = current.epoch;
    // A few short epochs take less time here than a message would; all else is a worker's.
    const isShort = PACES[pace.peek()] <= 60 && epochs / speed < 0.008 && wanted.at === undefined;
    current.worker = hasWorkers && !isShort ? startWorker : undefined;
    await current.advance(epochs);
    const took = performance.now() - began;
    if (epochs > 1 || took > 8) speed = 0.7 * speed + 0.3 * ((1000 * (current.epoch - before)) / Math.max(0.05, took));
    busy = false;
    if (current !== run) return;
    if (pending.length > 0) await applyPending();
    if (changes.peek().length !== current.changes.length) {
      changes.value = [...current.changes];
      setup.value = current.setup;
    }
    note();
    measure(current.epoch);
    afterwards(current);
  })();
  return settled;
}

function afterwards(current: Run): void {
  if (current.lost !== undefined) {
    if (hasWorked) {
      running.value = false;
      say(`${current.lost} Start goes on in a new worker.`, "problem");
    } else {
      // None could be started at all: slower, but all is there.
      hasWorkers = false;
      say(`Training goes on in the page itself. ${current.lost}`);
    }
    return;
  }
  hasWorked ||= current.worker !== undefined;
  if (current.ended !== undefined) {
    ended.value = current.ended;
    running.value = false;
  }
  if (wanted.at !== undefined && current.epoch >= wanted.at) {
    if (current.epoch === wanted.at && proof.peek() === "waiting") {
      const isSame = current.network.fingerprint().startsWith(wanted.fingerprint!);
      proof.value = isSame ? "same" : "other";
      spoken.value = isSame ? "The link's run is repeated: same bits." : "The weights differ from those of the link.";
    }
    wanted = { ...wanted, at: undefined };
    running.value = false;
  }
  const stays = current.epoch - best.epoch >= PATIENCE.epochs && performance.now() - best.time >= PATIENCE.milliseconds;
  if (
    stays &&
    running.peek() &&
    stopsByItself.peek() &&
    PACES[pace.peek()] !== Infinity &&
    current.data.test.count > 0
  ) {
    running.value = false;
    ended.value = "quiet";
  }
  if (!running.peek()) writeAddress();
  if (performance.now() - spokenAt > 2000) {
    spokenAt = performance.now();
    const { epoch, testScore } = figures.peek();
    const kind = task.peek() === "numbers" ? `r squared ${testScore.toFixed(2)}` : `accuracy ${Math.round(100 * testScore)} percent`; // prettier-ignore
    if (running.peek()) spoken.value = `Epoch ${epoch}, ${kind} on points held back.`;
  }
}

let counted = { time: 0, epoch: 0 };
function measure(epoch: number): void {
  const now = performance.now();
  if (now - counted.time < 500) return;
  const rate = (1000 * (epoch - counted.epoch)) / (now - counted.time);
  if (counted.time > 0 && rate >= 0) epochsPerSecond.value = rate;
  counted = { time: now, epoch };
}

/** How many epochs are due. */
function due(now: number): number {
  const eps = PACES[pace.peek()];
  const left = wanted.at === undefined ? Infinity : Math.max(1, wanted.at - run!.epoch);
  // A link's run is caught up at once, so that it is there when it is looked at.
  if (eps === Infinity || wanted.at !== undefined) {
    const slice = document.hidden ? 100 : 28;
    // On the way to a link's epoch often enough for the curve to show.
    const most = wanted.at === undefined ? Infinity : Math.ceil(wanted.at / 60);
    return Math.min(left, most, Math.max(1, Math.round((speed * slice) / 1000)));
  }
  debt = Math.min(debt + ((now - last) * eps) / 1000, Math.max(1, eps / 4));
  const whole = Math.floor(debt);
  debt -= whole;
  return Math.min(left, whole);
}

function turn(now: number): void {
  if (!running.peek() || run === undefined || run.isEmpty) {
    awake = false;
    return;
  }
  requestAnimationFrame(turn);
  if (!busy && !isHeld) {
    const epochs = due(now);
    last = now;
    if (epochs > 0) void flow(epochs);
  }
}

/** At full speed the next slice begins when one ends, not with the next frame. */
async function flow(epochs: number): Promise<void> {
  await advance(epochs);
  while (running.peek() && run !== undefined && PACES[pace.peek()] === Infinity && !busy && !isHeld && !run.isEmpty) {
    await advance(due(performance.now()));
  }
}

function wake(): void {
  if (awake || !running.peek()) return;
  awake = true;
  last = performance.now();
  debt = 1;
  requestAnimationFrame(turn);
}

export function start(): void {
  if (run?.isEmpty) return;
  if (ended.peek() === "quiet") {
    ended.value = undefined;
    best = { loss: Infinity, epoch: run?.epoch ?? 0, time: performance.now() };
  }
  if (ended.peek() !== undefined) return;
  running.value = true;
  counted = { time: 0, epoch: 0 };
  wake();
}

export function pause(): void {
  running.value = false;
  wanted = { ...wanted, at: undefined };
  writeAddress();
}

export function toggle(): void {
  touched.value = true;
  if (running.peek()) pause();
  else start();
}

export function step(): void {
  touched.value = true;
  running.value = false;
  // An epoch that is under way is finished first.
  void settled.then(() => {
    if (!busy && !isHeld && run !== undefined && run.ended === undefined) void advance(1);
  });
}

/** Back to the first weights of the same seed. */
export function rewind(): void {
  touched.value = true;
  const first = run?.first ?? setup.peek();
  void begin({ ...(run?.setup ?? first) });
}

export function renew(): void {
  reset({ seed: (setup.peek().seed + 1) % 1_000_000 });
}

/** What a link to this very moment says. */
export function linkQuery(): string {
  if (run === undefined) return "";
  return writeLink({
    setup: run.first,
    at: run.epoch,
    fingerprint: run.network.fingerprint(),
    changes: run.changes,
    hide: [...hidden.peek()],
    text: lesson.peek(),
  });
}

/** Goes where an address says; the first call starts by itself where motion is welcome. */
export async function follow(query: string): Promise<void> {
  const link = readLink(query);
  hidden.value = link.hide;
  lesson.value = link.text;
  if (link.problems.length > 0) {
    say(`The link has values that cannot be: ${[...new Set(link.problems)].slice(0, 6).join(", ")}. The rest is as it says.`, "problem"); // prettier-ignore
  }
  running.value = false;
  await begin(link.setup, link);
  if (link.at !== undefined && link.at > 0) start();
  else if (!prefersLess.matches && view.peek() === "train") start();
}

actions.train = {
  toggle,
  step,
  rewind,
  renew,
  query: linkQuery,
  leave: pause,
  state: () => {
    const { epoch, trainLoss, testLoss, testScore } = figures.peek();
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    return {
      running: running.peek(),
      epoch,
      samplesPerSecond: samplesPerSecond.peek(),
      trainLoss: finite(trainLoss),
      testLoss: finite(testLoss),
      testAccuracy: task.peek() === "numbers" ? null : finite(testScore),
      dataHash: run?.data.hash ?? "",
      fingerprint: busy ? lastPrint : (lastPrint = run?.network.fingerprint() ?? ""),
    };
  },
};
