// What is seen of a training while it runs: a bar in a terminal, a line now and then elsewhere. Always on standard
// error, so that standard output belongs to results.
import cliProgress from "cli-progress";

export interface Progress {
  /** So many networks have been trained, of so many. */
  show(trained: number, of: number, which: string): void;
  stop(): void;
}

const SILENT: Progress = { show() {}, stop() {} };
/** Between two lines in a log. */
const LINE_SECONDS = 10;

/** @param isWanted false shows nothing. */
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
    // Plain characters without colour: right under NO_COLOR and in any font.
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
