// What a thread of a team runs. It is built apart, into src/generated/worker.ts, as text that a worker is made from.
// The first worker makes whole training steps and shares their stages out; the others wait for stages.
import type { CoreExports } from "./generated/exports.ts";
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
  TELL,
  TURN,
  type Start,
  type Word,
  arrivedOf,
  pass,
  set,
  wordsOf,
} from "./team.ts";

function serve({ module, memory, address, size, me }: Start, tell: (word: Word) => void): void {
  const words = new Int32Array(memory.buffer, address, wordsOf(size));
  let turn = 0;
  // Every worker answers every turn, also one without a share: so none can mistake a turn for the next one.
  const threads = {
    fork(plan: number, stage: number): void {
      words[PLAN] = plan;
      words[STAGE] = stage;
      set(words, TURN, ++turn);
    },
    join(): void {
      for (let other = 1; other < size; other++) {
        for (let done; (done = Atomics.load(words, arrivedOf(other))) !== turn;) pass(words, arrivedOf(other), done);
      }
    },
  };
  const core = new WebAssembly.Instance(module, { env: { memory }, threads }).exports as unknown as CoreExports;
  Atomics.add(words, READY, 1);
  Atomics.notify(words, READY);
  tell(0);
  for (let command = 0; me === 0;) {
    command = pass(words, COMMAND, command);
    const [plan, data, steps, epochs] = words.subarray(CALL);
    words[RESULT] = core.train(plan, data, steps, epochs, words[SHARED]);
    set(words, DONE, command);
    if (words[TELL]) tell(command);
  }
  for (;;) {
    turn = pass(words, TURN, turn);
    if (me < words[SHARED]) core.work(words[PLAN], words[STAGE], me, words[SHARED]);
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
