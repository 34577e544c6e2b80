// --checkpoint, --every and --resume of propago train: which checkpoint a training goes on from, and what a new one holds.
import { type Command, InvalidArgumentError } from "commander";
import { crc32 } from "../files/inflate.ts";
import { PropagoError } from "../ground/errors.ts";
import { RELEASE, open } from "../keeping/checkpoint.ts";
import { differ } from "../keeping/fit.ts";
import { CheckpointFolder } from "../keeping/folder.ts";
import { readRhythm } from "../keeping/keeper.ts";
import { type PackedArray, pack } from "../keeping/packing.ts";
import { warn } from "./exit.ts";
import { type Logged, NOTHING_LOGGED, readLogged } from "./log.ts";

export interface CheckpointFlags {
  checkpoint?: string;
  every?: string;
  resume?: boolean;
}

/** Options on which no weight depends; a training that goes on may have others. */
const FREE = ["out", "force", "json", "progress", "report", "plots", "log", "checkpoint", "every", "resume", "timeLimit"]; // prettier-ignore

export function addCheckpointOptions(command: Command): Command {
  return command
    .option("--checkpoint <folder>", "keep there what is needed to go on after an interruption")
    .option("--every <time>", "how often: 30s, 5m, 1h, or 10epochs (default: 30s)", rhythm)
    .option("--resume", "go on from the newest checkpoint of that folder", false);
}

function rhythm(text: string): string {
  try {
    readRhythm(text);
    return text;
  } catch {
    throw new InvalidArgumentError("Expected a time such as 30s, 5m or 1h, or 10epochs.");
  }
}

/** The table that is learnt from. */
interface Table {
  file: string;
  targets: readonly string[];
  data: ArrayBufferView;
  rows: number;
}

/** The checkpoints of one run of the command: those of its targets' trainings, one after the other. */
export class RunCheckpoints {
  readonly every: string | undefined;
  readonly #folder: CheckpointFolder | undefined;
  readonly #models: Uint8Array[] = [];
  #about: Record<string, unknown> = {};
  #found: Uint8Array | undefined;
  /** What of --log belongs to the checkpoint. */
  logged: Logged = NOTHING_LOGGED;

  /**
   * Looks for a checkpoint, and whether one can be written.
   * @throws PropagoError ERR_USAGE for options that do not go together, ERR_IO for a folder that cannot be used.
   */
  constructor({ checkpoint, every, resume }: CheckpointFlags) {
    this.every = every;
    if (checkpoint === undefined) {
      const flag = resume ? "--resume" : every === undefined ? undefined : "--every";
      if (flag === undefined) return;
      throw new PropagoError("ERR_USAGE", `${flag} needs --checkpoint, the folder of the checkpoints`);
    }
    const folder = new CheckpointFolder(checkpoint, { warn });
    folder.check();
    if (!resume && !folder.isEmpty) {
      const advice = "--resume goes on from the newest one; to begin anew, name another folder or empty this one";
      throw new PropagoError("ERR_IO", `${checkpoint} has checkpoints already: ${advice}`);
    }
    this.#folder = folder;
    this.#found = folder.from;
    if (resume && this.#found === undefined)
      warn(`${checkpoint} has no checkpoint to go on from: training begins anew`);
  }

  get isKept(): boolean {
    return this.#folder !== undefined;
  }

  /** The folder, as users have named it. */
  get path(): string {
    return this.#folder?.path ?? "";
  }

  /** The model file of the run that goes on, which may have been written when it was interrupted. */
  get ownOut(): unknown {
    return this.#found && open(this.#found, "run").head.out;
  }

  /**
   * Compares the run that goes on with this one.
   * @throws PropagoError ERR_USAGE or ERR_DATA with the first difference.
   */
  begin(flags: Readonly<Record<string, unknown>>, table: Table): void {
    if (this.#folder === undefined) return;
    const options = Object.fromEntries(Object.entries(flags).filter(([name]) => !FREE.includes(name)));
    const { data } = table;
    const sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#about = {
      out: flags.out,
      options: JSON.parse(JSON.stringify(options)) as unknown,
      table: { rows: table.rows, targets: table.targets, content: sum },
    };
    if (this.#found === undefined) return;
    const { head, arrays } = open(this.#found, "run");
    const advice = "Go on with what it was made with, or begin anew in another folder";
    differ(head.options, this.#about.options as Record<string, unknown>, (name, before, now) => {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const text = `${flag} was ${before} when the checkpoint was made, and is ${now} now. ${advice}`;
      return new PropagoError("ERR_USAGE", text);
    });
    differ(head.table, this.#about.table as Record<string, unknown>, (name, before, now) => {
      const what = name === "content" ? "has other values" : `has other ${name}, ${now} instead of ${before},`;
      return new PropagoError("ERR_DATA", `${table.file} ${what} than when the checkpoint was made. ${advice}`);
    });
    this.logged = readLogged(head.logged);
    for (let i = 0; arrays.get(`model ${i}`) instanceof Uint8Array; i++) {
      this.#models.push(arrays.get(`model ${i}`) as Uint8Array);
    }
  }

  /** From where the training of the i-th target goes on, if it had begun. */
  from(i: number): Uint8Array | undefined {
    return this.#models[i];
  }

  /** Saves the state of the i-th target's training; undefined where no checkpoints are kept. `logged`: state of --log. */
  saver(i: number, logged: () => Logged | undefined): ((bytes: Uint8Array) => void) | undefined {
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    return (bytes) => {
      this.#models[i] = bytes;
      const arrays: Record<string, PackedArray> = {};
      for (const [k, model] of this.#models.entries()) arrays[`model ${k}`] = model;
      folder.save(pack({ kind: "run", propago: RELEASE, ...this.#about, logged: logged() }, arrays));
    };
  }
}
