// Shows a training while it runs, on standard error, since standard output is for results: a panel in a terminal, a line now
// and then in a terminal that cannot move its cursor, and nothing in a pipe.
import cliProgress from "cli-progress";
import type { Task } from "../estimators/job.ts";
import type { Loop } from "../training/loop.ts";
import { curve } from "./curve.ts";
import { figure, fitted } from "./text.ts";

export interface Progress {
  /** Shows how many networks have been trained, and how many there will be. */
  show(trained: number, of: number, which: string): void;
  /** Shows the network that is being trained, after one more slice. */
  watch(task: Task, loop: Loop): void;
  stop(): void;
}

const SILENT: Progress = { show() {}, watch() {}, stop() {} };
/** Milliseconds between two lines, and between two looks at a network. */
const BETWEEN_LINES = 10_000;
const BETWEEN_LOOKS = 100;
/** Rows of the curve of the loss, and the lines below which a terminal has no room for it. */
const CURVE_ROWS = 3;
const LEAST_LINES = 12;
/** Fewer columns than this hold no bar. */
const LEAST_COLUMNS = 40;

/** @param isWanted whether anything is shown. */
export function showProgress(isWanted: boolean): Progress {
  const { stderr } = process;
  if (!isWanted || !stderr.isTTY) return SILENT;
  const isPlain = process.env.TERM === "dumb" || (stderr.columns ?? 80) < LEAST_COLUMNS;
  return isPlain ? lines() : new Panel();
}

/** Whether the terminal shows characters beyond ASCII, as far as its locale tells. */
function isUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = LC_ALL || LC_CTYPE || LANG;
  return process.platform === "win32" ? Boolean(process.env.WT_SESSION) : /utf-?8/i.test(locale ?? "");
}

/** A bar, a line about the network that is being trained, and the curve of its loss. */
class Panel implements Progress {
  #bars: cliProgress.MultiBar | undefined;
  #main: cliProgress.SingleBar | undefined;
  #status: cliProgress.SingleBar | undefined;
  #curve: cliProgress.SingleBar[] = [];
  #looked = 0;
  #network: unknown;
  #losses: number[] = [];
  #epoch = 0;
  #place = { trained: 0, of: 0, which: "" };

  show(trained: number, of: number, which: string): void {
    this.#place = { trained, of, which };
    if (this.#main === undefined) return;
    this.#main.setTotal(Math.max(of, 1));
    this.#main.update(trained, { which, count: `${trained} of ${of}` });
  }

  watch(task: Task, loop: Loop): void {
    if (this.#network !== task.network) {
      this.#network = task.network;
      this.#losses = [];
      this.#epoch = 0;
    }
    const now = performance.now();
    if (now - this.#looked < BETWEEN_LOOKS || loop.epochs.count === 0) return;
    this.#looked = now;
    this.#begin();
    this.#gather(task, loop);
    const columns = process.stderr.columns ?? 80;
    this.#status?.update(0, { text: fitted(statusOf(task, loop), columns - 1) });
    const rows = curve(this.#losses, columns - 12, this.#curve.length, isUnicode());
    const [most, least] = [Math.max(...this.#losses), Math.min(...this.#losses)];
    for (const [i, bar] of this.#curve.entries()) {
      const label = i === 0 ? figure(most, 3) : i === rows.length - 1 ? figure(least, 3) : "";
      bar.update(0, { text: `${label.padStart(9)} ${rows[i]}` });
    }
  }

  stop(): void {
    this.#bars?.stop();
    this.#bars = undefined;
    this.#main = this.#status = undefined;
  }

  /** Opens the panel at the first look: what is over at once needs none. */
  #begin(): void {
    if (this.#bars !== undefined) return;
    const { stderr } = process;
    // Plain characters without colour respect NO_COLOR and exist in every font.
    this.#bars = new cliProgress.MultiBar({
      stream: stderr,
      hideCursor: true,
      clearOnComplete: true,
      fps: 10,
      barsize: Math.max(8, Math.min(30, (stderr.columns ?? 80) - 52)),
      barCompleteChar: "=",
      barIncompleteChar: "-",
      etaBuffer: 50,
      autopadding: false,
      gracefulExit: false,
    });
    const { trained, of, which } = this.#place;
    const format = "network {count}{which} [{bar}] {eta_formatted} left";
    this.#main = this.#bars.create(Math.max(of, 1), trained, { which, count: of > 0 ? `${trained} of ${of}` : "1" }, { format }); // prettier-ignore
    const line = (): cliProgress.SingleBar | undefined => this.#bars?.create(1, 0, { text: "" }, { format: "{text}" });
    this.#status = line();
    const room = (stderr.rows ?? 24) >= LEAST_LINES ? CURVE_ROWS : 1;
    for (let i = 0; i < room; i++) this.#curve.push(line() as cliProgress.SingleBar);
  }

  /** Notes the losses of new epochs; of many, every second one, fourth one and so on. */
  #gather(task: Task, loop: Loop): void {
    for (;;) {
      const report = loop.epochs.after(this.#epoch);
      if (report === undefined) break;
      this.#epoch = report.epoch;
      this.#losses.push((task.inUnits?.(report) ?? report).loss);
    }
    while (this.#losses.length > 2048) this.#losses = this.#losses.filter((_, i) => i % 2 === 0);
  }
}

/** What a network has come to, in a line: its loss first, since a narrow terminal cuts off the end. */
function statusOf(task: Task, loop: Loop): string {
  const last = loop.epochs.lastReport();
  const { loss, validation, learningRate, samplesPerSecond, ...more } = task.inUnits?.(last) ?? last;
  const metric = more.accuracy ?? more.r2;
  const speed = samplesPerSecond >= 1e6 ? `${figure(samplesPerSecond / 1e6, 3)}M` : samplesPerSecond >= 1000 ? `${figure(samplesPerSecond / 1000, 3)}k` : figure(samplesPerSecond, 3); // prettier-ignore
  return [
    `loss ${figure(loss)}`,
    validation && `validation ${figure(validation.loss)}`,
    metric !== undefined && `${more.accuracy === undefined ? "r2" : "accuracy"} ${figure(metric, 3)}`,
    `epoch ${loop.epochs.count} of ${loop.total}`,
    `rate ${figure(learningRate, 3)}`,
    `${speed} samples/s`,
    task.kind,
  ]
    .filter((part) => part)
    .join("  ");
}

function lines(): Progress {
  let last = performance.now();
  let place = "";
  const say = (text: string): void => {
    if (performance.now() - last < BETWEEN_LINES) return;
    last = performance.now();
    process.stderr.write(`${text}\n`);
  };
  return {
    show(trained, of, which) {
      place = `network ${trained} of ${of}${which}`;
      say(place);
    },
    watch(task, loop) {
      if (loop.epochs.count > 0) say(`${place === "" ? "" : `${place}: `}${statusOf(task, loop)}`);
    },
    stop() {},
  };
}
