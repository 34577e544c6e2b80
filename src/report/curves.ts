// The section on training: how loss and metrics went, epoch by epoch, and how it ended.
import type { EpochReport, History } from "../training/reports.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { Chapter } from "./chapter.ts";
import type { Gallery } from "./gallery.ts";
import { type Html, html } from "./html.ts";
import { lines, type Series } from "./plots.ts";
import { figure } from "./words.ts";

/** Of more epochs, so many are drawn. */
const MOST_POINTS = 250;

const NAMES: Readonly<Record<string, string>> = {
  loss: "loss",
  accuracy: "accuracy",
  r2: "r²",
  rootMeanSquaredError: "root mean squared error",
  meanAbsoluteError: "mean absolute error",
  binaryAccuracy: "binary accuracy",
  logLoss: "log loss",
  topK: "top-k accuracy",
  rocAuc: "area under the ROC curve",
};

/** What reports hold beside loss and metrics. */
const OTHERS = new Set(["epoch", "seconds", "samplesPerSecond", "learningRate", "evaluations", "penalty", "loss"]);

const ENDS: Readonly<Record<History["stopped"], string>> = {
  epochs: "all epochs were made",
  earlyStopping: "the rows held back did not get better any more",
  targetLoss: "the loss that was asked for was reached",
  timeLimit: "the time was over",
  aborted: "it was stopped from outside",
  converged: "the gradient was as good as zero",
  stalled: "no step was found that lowers the loss further",
};

/** The curves of a training; nothing where there is no history. */
export function curves({ history, subject }: Chapter, gallery: Gallery): Html | undefined {
  const epochs = history?.epochs ?? [];
  const [first, last] = [epochs[0], epochs[epochs.length - 1]];
  if (history === undefined || first === undefined) return undefined;
  const shown = thinned(epochs);
  const metrics = Object.keys(last).filter((key) => !OTHERS.has(key) && typeof (last as unknown as Record<string, unknown>)[key] === "number"); // prettier-ignore
  const validated = Object.keys(last.validation ?? {}).filter((key) => key !== "loss" && typeof (last.validation as unknown as Record<string, unknown>)[key] === "number"); // prettier-ignore
  const keys = ["loss", ...new Set([...metrics, ...validated])];
  const plots = keys.map((key) => curve(key, shown, gallery));
  const rates = shown.map(({ epoch, learningRate }) => [epoch, learningRate] as const);
  if (new Set(rates.map(([, rate]) => rate)).size > 1 && rates.every(([, rate]) => Number.isFinite(rate))) {
    const drawing = lines([{ name: "learning rate", series: 0, points: rates }], { x: "epoch", y: "learning rate", isWhole: true }); // prettier-ignore
    const text = `Line: the learning rate over the epochs, from ${figure(rates[0][1])} to ${figure(rates[rates.length - 1][1])}.`;
    plots.push(gallery.add({ name: "learning-rate", title: "Learning rate", text, meaning: "How large the steps were." }, drawing)); // prettier-ignore
  }
  const bad = epochs.find(({ loss }) => !Number.isFinite(loss));
  const { best } = history;
  const many = subject.networks.length;
  return html`${bad && html`<p class="warn"><strong>The training diverged:</strong> at epoch ${bad.epoch} the loss was no finite number any more. A smaller learning rate or scaled inputs help most often.</p>`}
    <p>
      ${figure(last.epoch - first.epoch + 1)} ${last.epoch === first.epoch ? "epoch" : "epochs"}; the training ended
      because
      ${ENDS[history.stopped]}.${best && ` The weights are those of epoch ${figure(best.epoch)}, the best one.`}${
        many > 1 && ` The model mixes ${many} networks; the curves are those of the one that was trained last.`
      }
    </p>
    <div class="plots">${plots}</div>`;
}

function curve(key: string, shown: readonly EpochReport[], gallery: Gallery): Html {
  const name = NAMES[key] ?? key;
  const value = (report: Evaluation | undefined): number => Number((report as unknown as Record<string, unknown>)?.[key] ?? NaN); // prettier-ignore
  const training = shown.map((report) => [report.epoch, value(report)] as const);
  const held = shown.map(({ epoch, validation }) => [epoch, value(validation)] as const);
  const series: Series[] = [
    { name: "training rows", series: 0, points: training },
    { name: "rows held back", series: 1, points: held },
  ].filter(({ points }) => points.some(([, v]) => Number.isFinite(v)));
  const values = series.flatMap(({ points }) => points.map(([, v]) => v)).filter(Number.isFinite);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const isLog = least > 0 && values.reduce((a, b) => Math.max(a, b), 0) / least > 50;
  const drawing = lines(series, { x: "epoch", y: isLog ? `${name} (each line ten times the next)` : name, isWhole: true, isLog }); // prettier-ignore
  const ends = series.map(({ name: rows, points }) => {
    const finite = points.filter(([, v]) => Number.isFinite(v));
    const [from, to] = [finite[0], finite[finite.length - 1]];
    return `${rows} from ${figure(from[1])} at epoch ${from[0]} to ${figure(to[1])} at epoch ${to[0]}`;
  });
  const isLoss = key === "loss";
  const meaning = isLoss
    ? "What training makes smaller. Where the curve of the rows held back rises while that of the training rows still falls, the network learns its rows by heart."
    : `Measured while training, on each row before its own update.`;
  const title = isLoss ? "Loss" : name.charAt(0).toUpperCase() + name.slice(1);
  return gallery.add({ name: isLoss ? "loss" : key, title, text: `Lines over the epochs, ${name}: ${ends.join("; ") || "no finite number"}.`, meaning }, drawing); // prettier-ignore
}

/** Every so many epochs one, with the first and the last. */
function thinned(epochs: readonly EpochReport[]): EpochReport[] {
  const step = Math.ceil(epochs.length / MOST_POINTS);
  return epochs.filter((_, i) => i % step === 0 || i === epochs.length - 1);
}
