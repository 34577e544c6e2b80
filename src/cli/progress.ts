// Shows the progress of a training: a bar in a terminal, a line now and then elsewhere. It is written to standard error,
// since standard output is for results.
import cliProgress from "cli-progress";

export interface Progress {
  /** Shows how many networks have been trained, and how many there will be. */
  show(trained: number, of: number, which: string): void;
  stop(): void;
}

const SILENT: Progress = { show() {}, stop() {} };
/** Milliseconds between two lines in a log. */
const LINE_SECONDS = 10;

/** @param isWanted whether anything is shown. */
export function showProgress(isWanted: boolean): Progress {
  if (!isWanted) return SILENT;
  const { stderr } = process;
  const isPlain = !stderr.isTTY || process.env.TERM === "dumb" || (stderr.columns ?? 80) < 40;
  return isPlain ? lines() : bar();
}

function bar(): Progress {
  const bar = new cliProgress.SingleBar({
    format: "network {value} of {total}{which} [{bar}] {eta}s left",
    stream: process.stderr,
    barsize: 24,
    // Plain characters without colour respect NO_COLOR and exist in every font.
    barCompleteChar: "=",
    barIncompleteChar: "-",
    hideCursor: true,
    etaBuffer: 50,
  });
  let isStarted = false;
  return {
    show(trained, of, which) {
      if (!isStarted) bar.start(of, trained, { which });
      else {
        bar.setTotal(of);
        bar.update(trained, { which });
      }
      isStarted = true;
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}

function lines(): Progress {
  let last = performance.now();
  return {
    show(trained, of, which) {
      if (performance.now() - last < LINE_SECONDS * 1000) return;
      last = performance.now();
      process.stderr.write(`network ${trained} of ${of}${which}\n`);
    },
    stop() {},
  };
}
