// Checkpoints in a folder, where the host is Node: each is a file of its own that is there completely or not at all, and the
// last two are kept. A file that is not whole is passed over for the one before.
import { type Modules, readFileBytes, withDisk, writeFiles } from "../files/disk.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readObject } from "../ground/options.ts";
import type { CheckpointOptions } from "../training/options.ts";
import { unpack } from "./packing.ts";

/** How checkpoints are kept in a folder. */
export interface CheckpointFolderOptions {
  /** As in fit's `checkpoint`: how often they are made. Default 30 seconds. */
  every?: number | string;
  /** Told of a file that was passed over. Default: a warning of the process. */
  warn?: (message: string) => void;
}

const NAME = /^(\d{8,15})\.checkpoint$/;
const LEFT_OVER = /^\.\d{8,15}\.checkpoint\.\d+\.tmp$/;
/** How many are kept. */
const KEPT = 2;
/** The most bytes of a file. */
const MOST_BYTES = 2 ** 32;
/** Milliseconds after which a temporary file is nobody's any more. */
const ABANDONED = 60_000;

/**
 * Checkpoints in a folder, for the option `checkpoint` of `fit`: the training goes on from the newest one, if there is one.
 *
 * ```ts
 * await network.fit(data, { epochs: 100, checkpoint: checkpointFolder("runs/digits", { every: "1m" }) });
 * ```
 */
export class CheckpointFolder implements CheckpointOptions {
  readonly path: string;
  readonly every: number | string | undefined;
  readonly #warn: (message: string) => void;

  constructor(path: string, options: CheckpointFolderOptions = {}) {
    if (typeof path !== "string" || path === "") {
      throw new PropagoError("ERR_CONFIG", `checkpointFolder: expected the path of a folder, got ${show(path)}`);
    }
    const { every, warn = emit } = readObject(options, "checkpointFolder options", ["every", "warn"]);
    this.path = path;
    this.every = every as CheckpointFolderOptions["every"];
    this.#warn = warn as typeof emit;
  }

  /**
   * The newest checkpoint that is whole; nothing where there is none.
   * @throws PropagoError ERR_IO where the folder cannot be read.
   */
  get from(): Uint8Array<ArrayBuffer> | undefined {
    const names = this.#names();
    for (const [i, name] of names.entries()) {
      const path = `${this.path}/${name}`;
      const bytes = readFileBytes(path, MOST_BYTES);
      try {
        unpack(bytes);
        return bytes;
      } catch (error) {
        if (!(error instanceof PropagoError)) throw error;
        const next = i + 1 < names.length ? `; ${names[i + 1]} is taken instead` : "; there is none before it";
        this.#warn(`${path} is passed over: ${error.message}${next}`);
      }
    }
    return undefined;
  }

  /**
   * Writes a checkpoint to a file of its own, then deletes those before the last two.
   * @throws PropagoError ERR_IO where that cannot be done; those that are there stay as they are.
   */
  readonly save = (bytes: Uint8Array): void => {
    withDisk(this.path, "cannot write checkpoints to", (modules) => makeFolder(this.path, modules));
    const [newest] = this.#names();
    const number = newest === undefined ? 1 : Number.parseInt(newest) + 1;
    writeFiles([[`${this.path}/${String(number).padStart(8, "0")}.checkpoint`, bytes]]);
    this.#tidy();
  };

  /**
   * Finds out before any work is done whether checkpoints can be written.
   * @throws PropagoError ERR_IO where they cannot.
   */
  check(): void {
    withDisk(this.path, "cannot write checkpoints to", (modules) => {
      const { fs } = modules;
      makeFolder(this.path, modules);
      const probe = `${this.path}/.${"0".repeat(8)}.checkpoint.${Date.now()}.tmp`;
      fs.writeFileSync(probe, "", { flag: "wx" });
      fs.rmSync(probe);
    });
  }

  /** Whether there are any. */
  get isEmpty(): boolean {
    return this.#names().length === 0;
  }

  /** The files, the newest first. */
  #names(): string[] {
    return withDisk(this.path, "cannot read checkpoints of", ({ fs }) => {
      const names = fs.existsSync(this.path) ? fs.readdirSync(this.path) : [];
      return names.filter((name) => NAME.test(name)).sort((a, b) => Number.parseInt(b) - Number.parseInt(a));
    });
  }

  /** Deletes what is older, and what killed processes have left. The new file is in place, so a failure is none. */
  #tidy(): void {
    try {
      withDisk(this.path, "", ({ fs }) => {
        for (const name of this.#names().slice(KEPT)) fs.rmSync(`${this.path}/${name}`, { force: true });
        for (const name of fs.readdirSync(this.path).filter((own) => LEFT_OVER.test(own))) {
          const path = `${this.path}/${name}`;
          if (Date.now() - fs.statSync(path).mtimeMs > ABANDONED) fs.rmSync(path, { force: true });
        }
      });
    } catch (error) {
      if (!(error instanceof PropagoError)) throw error;
    }
  }
}

/** Makes a folder and those above it. Node's own way never ends where a file system takes no folders, as /proc. */
function makeFolder(path: string, modules: Modules): void {
  if (modules.fs.existsSync(path)) return;
  makeFolder(modules.path.dirname(modules.path.resolve(path)), modules);
  modules.fs.mkdirSync(path);
}

function emit(message: string): void {
  const { process } = globalThis as Partial<typeof globalThis>;
  process?.emitWarning(message, "PropagoWarning");
}

/** As `new CheckpointFolder`. */
export function checkpointFolder(path: string, options: CheckpointFolderOptions = {}): CheckpointFolder {
  return new CheckpointFolder(path, options);
}
