// The view "Race": the core on one thread and on several against the same network in plain TypeScript, in this browser.
// One lane runs at a time, in three rounds that take turns; what is shown side by side is a replay, and says so.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Chart } from "../drawing/chart.tsx";
import { Select } from "../shell/controls.tsx";
import { actions, openWorker, prefersLess, say, sentenceOf, spoken } from "../shell/state.ts";
import { TASKS, type LaneName, type Order, type TaskName, type Turn } from "./tasks.ts";

const ROUNDS = 3;
const SECONDS = 2;

const cores = Math.max(1, navigator.hardwareConcurrency || 1);
const hasThreads = globalThis.crossOriginIsolated && cores > 1;
const threads = Math.min(8, cores);

const LANES: readonly { name: LaneName; title: string }[] = [
  { name: "plain", title: "plain TypeScript" },
  { name: "one", title: "propago, 1 thread" },
  ...(hasThreads ? [{ name: "many", title: `propago, ${threads} threads` } as const] : []),
];

const task = signal<TaskName>("middle");
const running = signal(false);
const turns = signal<readonly { lane: LaneName; turn: Turn }[]>([]);
const current = signal<{ lane: LaneName; round: number } | undefined>(undefined);
/** Of the replay, from 0 to 1. */
const replayed = signal(0);

let worker: Worker | undefined;
let stop: ((reason: Error) => void) | undefined;

/** One turn in the worker; rejects where it is stopped, fails, or does not answer. */
function run(order: Order): Promise<Turn> {
  worker ??= openWorker("racer", "./race/worker.ts");
  const of = worker;
  return new Promise<Turn>((resolve, reject) => {
    const end = (error: Error) => {
      of.terminate();
      worker = undefined;
      reject(error);
    };
    const late = setTimeout(() => end(new Error("The worker does not answer. Start the race again.")), 20_000);
    stop = (reason) => {
      clearTimeout(late);
      end(reason);
    };
    of.onmessage = ({ data }: MessageEvent<{ result?: Turn; error?: string }>) => {
      clearTimeout(late);
      if (data.result !== undefined) resolve(data.result);
      else end(new Error(data.error));
    };
    of.onerror = () => {
      clearTimeout(late);
      end(new Error("The worker could not start. Reload the page to try again."));
    };
    of.postMessage(order);
  });
}

async function race(): Promise<void> {
  running.value = true;
  turns.value = [];
  replayed.value = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (let k = 0; k < LANES.length; k++) {
        // Each round begins with another lane, so that none is always the first.
        const { name: lane } = LANES[(k + round) % LANES.length];
        current.value = { lane, round };
        const turn = await run({ lane, task: task.peek(), threads, seconds: SECONDS });
        turns.value = [...turns.peek(), { lane, turn }];
      }
    }
    replay();
    const best = results.peek().at(-1);
    if (best?.ratio) spoken.value = `The core is ${best.ratio.toFixed(1)} times as fast as plain TypeScript.`;
  } catch (error) {
    turns.value = [];
    say(sentenceOf(error), "problem");
  }
  stop = undefined;
  current.value = undefined;
  running.value = false;
}

function halt(reason: string): void {
  stop?.(new Error(reason));
}

function replay(): void {
  if (prefersLess.matches) {
    replayed.value = 1;
    return;
  }
  const began = performance.now();
  const frame = (now: number) => {
    replayed.value = Math.min(1, Math.max(0, (now - began) / 3500));
    if (replayed.peek() < 1 && turns.peek().length > 0) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

interface Result {
  name: LaneName;
  title: string;
  median: number;
  low: number;
  high: number;
  ratio: number | undefined;
  build: string;
  course: Turn["course"];
}

const results = computed<Result[]>(() => {
  const list = LANES.map(({ name, title }) => {
    const of = turns.value.filter(({ lane }) => lane === name).map(({ turn }) => turn);
    const sorted = [...of].sort((a, b) => a.samplesPerSecond - b.samplesPerSecond);
    const middle = sorted[Math.floor(sorted.length / 2)];
    return {
      name,
      title,
      median: middle?.samplesPerSecond ?? 0,
      low: sorted[0]?.samplesPerSecond ?? 0,
      high: sorted.at(-1)?.samplesPerSecond ?? 0,
      ratio: undefined as number | undefined,
      build: middle?.build ?? "",
      course: middle?.course ?? [],
    };
  });
  const base = list[0].median;
  for (const lane of list) lane.ratio = base > 0 && lane.median > 0 ? lane.median / base : undefined;
  return list;
});

const start = () => {
  if (!running.peek()) void race();
};

actions.race = {
  toggle: () => (running.peek() ? halt("The race was stopped: nothing is counted.") : start()),
  leave: () => running.peek() && halt("The race was left: nothing is counted."),
  state: () => ({
    running: running.peek(),
    epoch: turns.peek().length,
    samplesPerSecond: results.peek().at(-1)?.median ?? 0,
    trainLoss: results.peek().at(-1)?.course.at(-1)?.[1] ?? null,
    testLoss: null,
    testAccuracy: null,
    dataHash: "",
    fingerprint: "",
  }),
};

const count = (value: number) => (value === 0 ? "–" : Math.round(Number(value.toPrecision(3))).toLocaleString("en"));

export function View() {
  useEffect(() => {
    const hidden = () => {
      if (document.hidden && running.peek())
        halt("The page was hidden, where browsers slow it down: the race is not counted.");
    };
    document.addEventListener("visibilitychange", hidden);
    return () => document.removeEventListener("visibilitychange", hidden);
  }, []);
  const list = results.value;
  const isDone = !running.value && turns.value.length > 0;
  const most = Math.max(1, ...list.map(({ median }) => median));
  return (
    <div class="race">
      <section class="panel" aria-labelledby="race-title">
        <div class="panel-head race-head">
          <h2 id="race-title">The same training, in the same browser</h2>
          <div class="row">
            <Select
              label="Network"
              quiet
              value={task.value}
              disabled={running.value}
              options={(Object.keys(TASKS) as TaskName[]).map((name) => [name, TASKS[name].title])}
              onChange={(name) => {
                task.value = name;
                turns.value = [];
              }}
            />
            <button class="primary" onClick={actions.race!.toggle}>
              {running.value ? "Stop" : isDone ? "Race again" : "Start the race"}
            </button>
          </div>
        </div>
        <ol class="lanes">
          {list.map((lane) => {
            const isOn = current.value?.lane === lane.name;
            const part = isDone
              ? Math.min(1, (replayed.value * most) / most) * (lane.median / most)
              : lane.median / most;
            return (
              <li key={lane.name} class={`lane ${isOn ? "on" : ""} ${lane.name}`}>
                <span class="lane-name">
                  {lane.title}
                  <small>
                    {isOn
                      ? `running, round ${current.value!.round + 1} of ${ROUNDS}`
                      : lane.build === ""
                        ? "waiting"
                        : buildOf(lane.build)}
                  </small>
                </span>
                <span class="track">
                  <i style={{ width: `${100 * part}%` }} />
                </span>
                <span class="lane-figures">
                  <b>{count(lane.median)}</b>
                  <small>
                    {lane.median === 0 ? "samples/s" : `samples/s, ${count(lane.low)} to ${count(lane.high)}`}
                  </small>
                </span>
                <span class="ratio">
                  {lane.ratio === undefined || lane.name === "plain"
                    ? ""
                    : `×${lane.ratio < 10 ? lane.ratio.toFixed(1) : Math.round(lane.ratio)}`}
                </span>
              </li>
            );
          })}
        </ol>
        <p class="note">
          {running.value
            ? "One lane runs at a time, or they would slow each other down."
            : isDone
              ? "Replayed side by side: each lane ran alone, 2 s a turn, three turns in mixed order; shown is the middle one."
              : `Each lane runs alone, ${SECONDS} s a turn in ${ROUNDS} rounds: about ${Math.round(LANES.length * ROUNDS * (SECONDS + 0.5))} s in all. Keep this page in front.`}
          {!hasThreads &&
            (cores > 1
              ? " This page is not isolated, so browsers give it no shared memory, and the core one thread."
              : " This machine has one core.")}
        </p>
      </section>
      <section class="panel" aria-labelledby="loss-title">
        <h2 id="loss-title">Loss against seconds of training</h2>
        {isDone ? (
          <Chart
            label="Loss against seconds, for each lane"
            x={() => grid()}
            xLabel="second"
            lines={list.map((lane, k) => ({
              label: lane.title,
              colour: (["train", "accent", "test"] as const)[k],
              dash: [undefined, undefined, [5, 3]][k],
              values: () => along(lane.course),
            }))}
            version={turns}
            height={240}
            isLogarithmic
          />
        ) : (
          <p class="empty">The curves of all lanes appear here when the race is over.</p>
        )}
        <p class="note">
          {TASKS[task.value].title}, adam, {TASKS[task.value].rows.toLocaleString("en")} made-up rows. {cores} cores;{" "}
          {browser()}. The plain lane is the baseline of the package's benchmarks, over Float32Array.
        </p>
      </section>
    </div>
  );
}

const buildOf = (build: string) => (build === "simd" ? "WebAssembly, SIMD" : build === "threads" ? "WebAssembly, SIMD, threads" : build); // prettier-ignore

function browser(): string {
  const [, name, version] = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(navigator.userAgent) ?? [];
  return name === undefined ? "an unknown browser" : `${{ Edg: "Edge", Version: "Safari" }[name] ?? name} ${version}`;
}

/** Common seconds of all lanes. */
const grid = () => Array.from({ length: 81 }, (_, k) => Number(((SECONDS * k) / 80).toFixed(3)));

/** The loss of a course at the common seconds, on straight lines between what was measured. */
function along(course: Turn["course"]): (number | null)[] {
  let at = 0;
  return grid().map((second) => {
    while (at + 1 < course.length && course[at + 1][0] < second) at++;
    const [from, to] = [course[at], course[at + 1]];
    if (from === undefined || to === undefined) return from?.[1] ?? null;
    const part = Math.min(1, Math.max(0, (second - from[0]) / Math.max(1e-9, to[0] - from[0])));
    return Math.max(1e-5, from[1] + (to[1] - from[1]) * part);
  });
}
