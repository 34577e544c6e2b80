// The section on the columns: how much each one counts, and how the answers follow the strongest.
import type { Judging } from "./chapter.ts";
import { accuracyOf, decided } from "./classes.ts";
import { type Point, dependenceOf } from "./dependence.ts";
import { type Html, html } from "./html.ts";
import { type Importances, importancesOf } from "./importance.ts";
import { pixelMap } from "./pictures.ts";
import { dots, lines, bars } from "./plots.ts";
import { errorsOf } from "./residuals.ts";
import { workOf } from "./subject.ts";
import { count, distinct, figure, shortened } from "./words.ts";
import { dateWord } from "./inputs.ts";

const MOST_BARS = 20;
const MOST_EFFECTS = 6;
const MOST_SERIES = 6;
const MOST_OUTPUTS = 4;
/** Of more classes, names are not compared. */
const MOST_NAMES = 200;

/** With fewer rows, shuffling tells nothing. */
const LEAST_ROWS = 5;

/** Measures the columns; nothing where there are too few rows. */
export function measureColumns({ judged, chapter, inputs }: Judging): Importances | undefined {
  const { subject, data } = chapter;
  if (data === undefined || judged.x.rows < LEAST_ROWS || inputs.length === 0) return undefined;
  const { truth } = data;
  if (truth.labels !== undefined) {
    const { classes, threshold } = subject;
    const numbers = new Map(classes.map((label, i) => [label, i]));
    const own = Int32Array.from(judged.rows, (row) => numbers.get(truth.labels[row]) ?? -1);
    const score = (answers: Float64Array, places: readonly number[]): number =>
      accuracyOf({
        truth: Int32Array.from(places, (place) => own[place]),
        predicted: decided(answers, classes.length, threshold),
      });
    return importancesOf(judged, inputs, score, workOf(subject));
  }
  const { values, width } = truth;
  const score = (answers: Float64Array, places: readonly number[]): number => {
    let sum = 0;
    for (let o = 0; o < width; o++) {
      const own = Float64Array.from(places, (place) => values[judged.rows[place] * width + o]);
      sum +=
        errorsOf(
          own,
          Float64Array.from(places, (_, i) => answers[i * width + o]),
        ).r2 / width;
    }
    return sum;
  };
  return importancesOf(judged, inputs, score, workOf(subject));
}

export function columnsSection(judging: Judging, importances: Importances): Html {
  const { judged, chapter, inputs, gallery, image } = judging;
  const { list, rows, repeats, skipped } = importances;
  const shown = list.slice(0, MOST_BARS);
  const what = chapter.subject.task === "classification" ? "accuracy" : "r²";
  const names = shown.map(({ input }) => inputs[input].name);
  const drawing = bars(shown.map(({ input, drop, deviation }) => ({ name: inputs[input].name, value: drop, deviation })), `fall of ${what} when the column is shuffled`); // prettier-ignore
  const text = `Bars, the fall of ${what} when a column is shuffled: ${shown.slice(0, 10).map(({ drop }, i) => `${shortened(names[i], 40)} ${figure(drop, 3)}`).join(", ")}.`; // prettier-ignore
  const unseen = judged.isAskedUnseen
    ? "by networks that have not seen these rows"
    : "by the model itself, which has learnt from these rows: columns that it knows by heart seem to count more than they do";
  const rest = list.length > shown.length ? ` The other ${list.length - shown.length} columns count less.` : "";
  const left = skipped > 0 ? ` ${count(skipped, "column")} that hardly ${skipped === 1 ? "goes" : "go"} with the answers ${skipped === 1 ? "was" : "were"} not measured.` : ""; // prettier-ignore
  const meaning = `By how much ${what} falls when the values of one column are shuffled among the rows, so that they tell nothing: the mean of ${repeats} ${repeats === 1 ? "shuffle" : "shuffles"} of ${figure(rows)} rows, with its standard deviation as a line, measured ${unseen}. Columns that say the same stand in for each other and seem to count less.${rest}${left}`; // prettier-ignore
  const plot = gallery.add({ name: "importance", title: "How much each column counts", text, meaning }, drawing);
  if (image)
    return html`<div class="plots">${plot}</div>
      ${pixelMap(importances, image, what)}`;
  const strongest = list.filter(({ change }) => change > 0).slice(0, MOST_EFFECTS);
  const effects = strongest.map(({ input }, i) => effect(judging, input, i + 1));
  const head = effects.length > 0 && html`${gallery.heading("Effect of the strongest columns")}<p>The mean answer over the rows when the column has the same value in all of them (partial dependence). It shows what the model does, and not what causes what.</p>`; // prettier-ignore
  return html`<div class="plots">${plot}</div>
    ${head}
    <div class="plots">${effects}</div>`;
}

/** The outputs that are drawn: of two classes the second, of many those that change most. */
function outputsOf({ chapter }: Judging, points: readonly Point[]): { name: string; output: number }[] {
  const { classes, outputs, task } = chapter.subject;
  if (task === "regression") {
    return Array.from({ length: Math.min(MOST_OUTPUTS, outputs) }, (_, output) => ({
      name: `output ${output}`,
      output,
    }));
  }
  const names = classes.length > MOST_NAMES ? classes.map((label) => shortened(label, 18)) : distinct(classes, 18);
  const all = names.map((name, output) => ({ name, output }));
  if (classes.length === 2) return all.slice(1);
  const range = ({ output }: { output: number }): number => {
    const means = points.map((point) => point.means[output]);
    return Math.max(...means) - Math.min(...means);
  };
  const kept = new Set([...all].sort((a, b) => range(b) - range(a) || a.output - b.output).slice(0, MOST_SERIES));
  return all.filter((one) => kept.has(one));
}

function effect(judging: Judging, number: number, place: number): Html {
  const { judged, inputs, gallery, chapter } = judging;
  const input = inputs[number];
  const found = dependenceOf(judged, input, workOf(chapter.subject));
  const outputs = outputsOf(judging, found);
  const { task, classes } = chapter.subject;
  const unit = chapter.unit === undefined ? "" : ` (${chapter.unit})`;
  const y = task === "regression" ? `mean prediction${unit}` : classes.length === 2 ? `mean probability of “${shortened(classes[1], 18)}”` : "mean probability"; // prettier-ignore
  const name = shortened(input.name, 40);
  const told = { name: `effect-${place}`, title: name };
  const says = (point: Point): string => `${point.word}: ${outputs.map(({ output }) => figure(point.means[output], 3)).join(", ")}`; // prettier-ignore
  const some = found.length > 8 ? [found[0], found[found.length >> 1], found[found.length - 1]] : found;
  const text = `${y} by ${name}. ${outputs.length > 1 ? `${outputs.map((one) => one.name).join(", ")}. ` : ""}${some.map(says).join("; ")}.`; // prettier-ignore
  const least = found.reduce((a, { value }) => Math.min(a, value), Infinity);
  const most = found.reduce((a, { value }) => Math.max(a, value), -Infinity);
  if (input.kind === "category") {
    const series = outputs.map(({ name: own, output }, i) => ({ name: own, series: i, values: found.map(({ means }) => means[output]) })); // prettier-ignore
    const drawing = dots(found.map(({ word }) => word), series, { x: name, y }); // prettier-ignore
    const meaning = `The ${found.length} most frequent words, that of most rows first.`;
    return gallery.add(
      { ...told, text, meaning: found.length < 12 ? "The word of most rows first." : meaning },
      drawing,
    );
  }
  const series = outputs.map(({ name: own, output }, i) => ({ name: own, series: i, points: found.map(({ value, means }) => [value, means[output]] as const), isDotted: found.length <= 12 })); // prettier-ignore
  const isTime = input.kind === "date" && input.more.startsWith("time");
  const labels = input.kind === "date" ? (value: number) => dateWord(isTime ? value : Math.round(value), isTime) : undefined; // prettier-ignore
  const drawing = lines(series, { x: shortened(input.name, 40), y, labels });
  const spread = input.kind === "date" ? "" : `Of values from ${figure(least)} to ${figure(most)}, those that equally many rows lie between.`; // prettier-ignore
  return gallery.add({ ...told, text, meaning: spread }, drawing);
}
