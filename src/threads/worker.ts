// What a thread of a team runs. It is built apart, into src/generated/worker.ts, as text that a worker is made from.
// The first worker makes whole training steps and shares their stages out; the others wait for stages.
import type { CoreExports } from "../generated/exports.ts";
import {
  CALL,
  COMMAND,
  DONE,
  LOST,
  PLAN,
  READY,
  RESULT,
  SHARED,
  STAGE,
  type Start,
  type Word,
  arrivedOf,
  set,
  sharesOf,
  tookOf,
  turnOf,
  wordsOf,
} from "./words.ts";
import { Watch } from "./waiting.ts";
import { TICKS, leaderOf } from "./leader.ts";

function serve({ module, memory, address, size, me }: Start, tell: (word: Word) => void): void {
  const words = new Int32Array(memory.buffer, address, wordsOf(size));
  const watch = new Watch(words);
  const threads = leaderOf(words, size, (at, old) => watch.pass(at, old));
  const core = new WebAssembly.Instance(module, { env: { memory }, threads: { ...threads } })
    .exports as unknown as CoreExports;
  Atomics.add(words, READY, 1);
  Atomics.notify(words, READY);
  tell(0);
  for (let command = 0; me === 0;) {
    command = watch.pass(COMMAND, command);
    const [plan, data, steps, epochs] = words.subarray(CALL);
    if (steps) words[RESULT] = core.train(plan, data, steps, epochs, words[SHARED]);
    else core.evaluate(plan, data, words[SHARED]);
    set(words, DONE, command);
    tell(command);
  }
  for (let turn = 0; ;) {
    turn = watch.pass(turnOf(me), turn);
    const since = performance.now();
    core.runShare(words[PLAN], words[STAGE], me, words[SHARED], address + 4 * sharesOf(size));
    words[tookOf(me)] = (performance.now() - since) * TICKS;
    set(words, arrivedOf(me), turn);
  }
}

/** Says that this worker ends, so that a thread that waits without an event loop learns of it. */
function watched(start: Start, tell: (word: Word) => void): void {
  const end = (): void => {
    const words = new Int32Array(start.memory.buffer, start.address, wordsOf(start.size));
    Atomics.store(words, LOST, start.me + 1);
    Atomics.notify(words, DONE);
  };
  try {
    if (typeof process === "object") process.on("exit", end);
    serve(start, tell);
  } finally {
    end();
  }
}

const node = (globalThis as Partial<typeof globalThis>).process?.getBuiltinModule?.("node:worker_threads");
if (node) watched(node.workerData as Start, (word) => node.parentPort?.postMessage(word));
else onmessage = ({ data }) => watched(data as Start, (word) => postMessage(word));
