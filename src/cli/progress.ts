// What is seen of a training while it runs: a bar in a terminal, a line now and then elsewhere. Always on standard
// error, so that standard output belongs to results.
import cliProgress from "cli-progress";
import type { EpochReport } from "../types.ts";
import { figure } from "./text.ts";

export interface Progress {
  show(report: EpochReport): void;
  stop(): void;
}

const SILENT: Progress = { show() {}, stop() {} };
/** Between two lines in a log. */
const LINE_SECONDS = 10;

/**
 * @param epochs how many there will be at most.
 * @param isWanted false shows nothing.
 */
export function showProgress(epochs: number, isWanted: boolean): Progress {
  if (!isWanted) return SILENT;
  const { stderr } = process;
  const isPlain = !stderr.isTTY || process.env.TERM === "dumb" || (stderr.columns ?? 80) < 40;
  return isPlain ? lines(epochs) : bar(epochs);
}

function bar(epochs: number): Progress {
  const bar = new cliProgress.SingleBar({
    format: "epoch {value}/{total} [{bar}] {figures} {eta}s left",
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
    show(report) {
      const payload = { figures: figuresOf(report) };
      if (!isStarted) bar.start(epochs, report.epoch, payload);
      else bar.update(report.epoch, payload);
      isStarted = true;
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}

function lines(epochs: number): Progress {
  let last = performance.now();
  return {
    show(report) {
      if (performance.now() - last < LINE_SECONDS * 1000) return;
      last = performance.now();
      process.stderr.write(`epoch ${report.epoch}/${epochs} ${figuresOf(report)}\n`);
    },
    stop() {},
  };
}

/** The loss, and beside it what the held-back rows say. */
export function figuresOf({ loss, validation }: EpochReport): string {
  const parts = [`loss ${figure(loss)}`];
  if (validation?.accuracy !== undefined) parts.push(`validation accuracy ${figure(validation.accuracy)}`);
  else if (validation?.r2 !== undefined) parts.push(`validation r2 ${figure(validation.r2)}`);
  return parts.join(" ");
}
