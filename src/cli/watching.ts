// Who looks on while the command trains: the progress, the log, the checkpoints, and Ctrl-C, which lets the training come to
// its end with what was reached.
import type { Orders } from "../keeping/keeper.ts";
import type { RunCheckpoints } from "./checkpoints.ts";
import { INTERRUPTED, TERMINATED } from "./exit.ts";
import { Log } from "./log.ts";
import { type Progress, showProgress } from "./progress.ts";
import { called } from "./text.ts";

/** What one training is given. */
export interface Watching {
  onSearch: (progress: { trained: number; of: number }) => void;
  orders: Partial<Orders>;
}

export interface WatchFlags {
  progress: boolean;
  json: boolean;
  log?: string;
}

/** Looks on while one target after the other is learnt. */
export class Watch {
  /** The exit code of whoever wants an end, once somebody does. */
  interrupted: number | undefined;
  /** What was reached when that was said. */
  reached = "before the first network was trained";
  readonly #progress: Progress;
  readonly #log: Log | undefined;
  readonly #checkpoints: RunCheckpoints;
  readonly #listeners: (readonly [NodeJS.Signals, () => void])[];

  constructor({ progress, json, log }: WatchFlags, checkpoints: RunCheckpoints) {
    this.#checkpoints = checkpoints;
    this.#log = log === undefined ? undefined : new Log(log, checkpoints.logged);
    this.#progress = showProgress(progress && !json);
    const listener = (code: number) => (): void => {
      // The second one does not wait.
      if (this.interrupted !== undefined) {
        this.#progress.stop();
        process.exit(this.interrupted);
      }
      this.interrupted = code;
    };
    this.#listeners = [
      ["SIGINT", listener(INTERRUPTED)],
      ["SIGTERM", listener(TERMINATED)],
    ];
    for (const [signal, listen] of this.#listeners) process.on(signal, listen);
  }

  /** For the training of one of so many targets. */
  of(target: string, i: number, targets: number): Watching {
    const which = targets > 1 ? `, target ${i + 1} of ${targets}` : "";
    const log = this.#log;
    return {
      onSearch: ({ trained, of }) => {
        if (this.interrupted === undefined) this.reached = `after ${trained} of ${of} networks${which}`;
        this.#progress.show(trained, of, which);
      },
      orders: {
        every: this.#checkpoints.every,
        from: this.#checkpoints.from(i),
        save: this.#checkpoints.saver(i, () => log?.state),
        isHurried: () => this.interrupted !== undefined,
        watchTask: (task, loop) => {
          log?.add(called(target), task, loop);
          this.#progress.watch(task, loop);
        },
      },
    };
  }

  stop(): void {
    this.#progress.stop();
    this.#log?.close();
    for (const [signal, listen] of this.#listeners) process.off(signal, listen);
  }
}
