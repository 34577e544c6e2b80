// Kills trainings at random moments with SIGKILL, starts them again, and compares what they end with. CI makes a twentieth
// of the kills (test/kills.test.ts), `npm run campaign` all of them.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/root.ts";
import { unpack } from "../src/keeping/packing.ts";
import { generator } from "./reference.ts";

/** How many kills the whole campaign has. */
export const KILLS = 500;

/** A way of training that goes on where it was killed: its words after `node`, and what it came to at its end. */
interface Kind {
  words: (folder: string) => string[];
  result: (folder: string, said: string) => string;
}

const KINDS: readonly Kind[] = [
  { words: (folder) => [`${root}/test/killed-training.js`, `${folder}/checkpoints`], result: (_, said) => said },
  {
    words: (folder) => [
      `${root}/dist/cli.js`,
      ...`train ${root}/examples/data/iris.csv --target species --effort quick --epochs 60 --ensemble 2 --out ${folder}/model.propago`.split(" "),
      ...`--force --checkpoint ${folder}/checkpoints --every 1ms --resume --json`.split(" "),
    ],
    result: (folder) => createHash("sha256").update(readFileSync(`${folder}/model.propago`)).digest("hex"),
  },
]; // prettier-ignore

/** Runs a process; kills it after so many milliseconds, if it still runs. */
function run(words: readonly string[], milliseconds: number): Promise<{ isKilled: boolean; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } }); // prettier-ignore
    let said = "";
    let wrong = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (wrong += chunk.toString()));
    const timer = milliseconds < Infinity ? setTimeout(() => child.kill("SIGKILL"), milliseconds) : undefined;
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const isPassedOver = /passed over/.test(said + wrong);
      if ((code !== 0 && signal !== "SIGKILL") || isPassedOver) {
        reject(new Error(`ended with ${String(code ?? signal)}: ${said}${wrong}`));
      } else resolve({ isKilled: signal === "SIGKILL", said });
    });
  });
}

/** Every checkpoint of a folder, checked. Gives how many there are. */
function checkAll(folder: string): number {
  if (!existsSync(folder)) return 0;
  const names = readdirSync(folder).filter((name) => name.endsWith(".checkpoint"));
  for (const name of names) unpack(readFileSync(join(folder, name)));
  return names.length;
}

export interface Killed {
  kills: number;
  /** Trainings that were brought to their end, and kills after which there was a checkpoint. */
  runs: number;
  resumed: number;
}

/** Makes so many kills. Throws where a training ends otherwise than one that was left alone, or a file is not whole. */
export async function killing(count: number, seed: number, kinds = KINDS): Promise<Killed> {
  const draw = generator(seed);
  const done: Killed = { kills: 0, runs: 0, resumed: 0 };
  const parent = mkdtempSync(join(tmpdir(), "propago-killing-"));
  const folderOf = (name: string): string => join(parent, name);
  const fresh = (name: string): string => mkdtempSync(folderOf(name));
  try {
    const expected: string[] = [];
    const lasts: number[] = [];
    for (const { words, result } of kinds) {
      const folder = fresh("whole-");
      const began = performance.now();
      expected.push(result(folder, (await run(words(folder), Infinity)).said));
      lasts.push(performance.now() - began);
    }
    while (done.kills < count) {
      const k = done.runs % 3 === 2 ? kinds.length - 1 : 0; // the command takes longer
      const { words, result } = kinds[k];
      const folder = fresh("killed-");
      for (let left = 1 + Math.floor(6 * (1 + draw())); ; left--) {
        // Drawn evenly: some before anything is there, some in the middle of a write, some after the end.
        const wait = done.kills < count && left > 0 ? (0.5 + draw() / 2) * lasts[k] : Infinity;
        const { isKilled, said } = await run(words(folder), wait);
        const files = checkAll(`${folder}/checkpoints`);
        if (isKilled) {
          done.kills++;
          done.resumed += Number(files > 0);
          continue;
        }
        const got = result(folder, said);
        if (got !== expected[k]) throw new Error(`after ${done.kills} kills: ${got} instead of ${expected[k]}`);
        break;
      }
      done.runs++;
      rmSync(folder, { recursive: true });
    }
    return done;
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
