// The section on a classifier's answers: which classes are mistaken for which, how good it is at each, whether its
// probabilities hold, and its worst mistakes.
import type { Judging } from "./chapter.ts";
import { originOf } from "./chapter.ts";
import { accuracyOf, calibrationOf, type ClassAnswers, type ClassFigures, type Confused, confusionOf, decided, perClass, rocOf } from "./classes.ts"; // prettier-ignore
import { spread } from "./chance.ts";
import { table } from "./gallery.ts";
import { type Content, type Html, html } from "./html.ts";
import { cells, lines } from "./plots.ts";
import { count, distinct, figure, percent, shortened } from "./words.ts";

/** Of more classes, only so many are drawn and listed: those with most mistakes. */
const MOST_CELLS = 30;
const MOST_CURVES = 6;
const MOST_PAIRS = 12;
const MOST_POINTS = 120;

/** What a classifier answered, and what is known of its classes. */
export interface Answered extends ClassAnswers {
  names: readonly string[];
  figures: readonly ClassFigures[];
}

export function answeredOf({ judged, chapter }: Judging): Answered {
  const { subject, data } = chapter;
  const { classes, threshold } = subject;
  const numbers = new Map(classes.map((label, i) => [label, i]));
  const labels = data?.truth.labels ?? [];
  const truth = Int32Array.from(judged.rows, (row) => numbers.get(labels[row]) ?? -1);
  const predicted = decided(judged.answers, classes.length, threshold);
  const names = classes.map((label) => String(label));
  const answers = { classes: classes.length, truth, predicted, probabilities: judged.answers };
  return { ...answers, names, figures: perClass(answers) };
}

/** The figures that say most, for the head of the report. */
export function classCards({ judged, chapter }: Judging, answered: Answered): [string, string][] {
  const { truth, names, figures } = answered;
  const accuracy = accuracyOf(answered);
  const present = figures.filter(({ support }) => support > 0);
  const recall = present.reduce((sum, one) => sum + one.recall, 0) / present.length;
  const areas = figures.map(({ auc }) => auc).filter((auc) => !Number.isNaN(auc));
  const largest = Math.max(...figures.map(({ support }) => support)) / truth.length;
  const baseline = judged.origin === "given" ? largest : (chapter.subject.estimator?.baseline?.accuracy ?? largest);
  const cards: [string, string][] = [
    ["accuracy", percent(accuracy)],
    ["its standard error", percent(Math.sqrt((accuracy * (1 - accuracy)) / truth.length))],
    ["accuracy of always the largest class", percent(baseline)],
    ["balanced accuracy (mean recall)", percent(recall)],
  ];
  if (areas.length > 0) {
    const area = names.length === 2 ? figures[1].auc : areas.reduce((a, b) => a + b, 0) / areas.length;
    cards.push([names.length === 2 ? "area under the ROC curve" : "mean area under the ROC curves", figure(area)]);
  }
  return cards;
}

export function classification(judging: Judging, answered: Answered): Html {
  const { judged, gallery, chapter } = judging;
  const { figures } = answered;
  const { threshold } = chapter.subject;
  const unknown = answered.truth.reduce((sum, own) => sum + Number(own < 0), 0);
  const said = threshold === 0.5 ? undefined : html`<p>“${shortened(answered.names[1])}” is predicted from a probability of ${figure(threshold)} on.</p>`; // prettier-ignore
  return html`<p>
      Measured on
      ${originOf(judged)}.${unknown > 0 && ` ${count(unknown, "row")} of a class that training has not seen ${unknown === 1 ? "counts" : "count"} as wrong.`}
    </p>
    ${said}
    <div class="plots">
      ${confusion(answered, judging)}${roc(answered, figures, judging)}${calibration(answered, judging)}
    </div>
    ${pairs(answered)}${classTable(answered, figures)}${gallery.heading("Worst mistakes")}${worst(answered, judging)}`;
}

/** The classes, those with most mistakes first. */
function byMistakes(counts: readonly Confused[], classes: number): number[] {
  const wrong = new Int32Array(classes);
  for (const { truth, predicted, rows } of counts) {
    if (truth === predicted) continue;
    wrong[truth] += rows;
    wrong[predicted] += rows;
  }
  return Array.from(wrong.keys()).sort((a, b) => wrong[b] - wrong[a] || a - b);
}

/** Counts of the chosen classes as a table, with one more line and column for all others where there are any. */
function matrixOf(counts: readonly Confused[], chosen: readonly number[], isAll: boolean): number[][] {
  const size = chosen.length + (isAll ? 0 : 1);
  const matrix = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  const place = new Map(chosen.map((c, i) => [c, i]));
  for (const { truth, predicted, rows } of counts) {
    matrix[place.get(truth) ?? chosen.length][place.get(predicted) ?? chosen.length] += rows;
  }
  return matrix;
}

function confusion(answered: Answered, { gallery }: Judging): Html | undefined {
  const { classes, names, truth } = answered;
  if (classes < 2) return undefined;
  const counts = confusionOf(answered);
  const isAll = classes <= MOST_CELLS;
  const chosen = isAll ? names.map((_, c) => c) : byMistakes(counts, classes).slice(0, MOST_CELLS - 10).sort((a, b) => a - b); // prettier-ignore
  const shown = chosen.map((c) => names[c]);
  if (!isAll) shown.push(`${figure(classes - chosen.length)} others`);
  const matrix = matrixOf(counts, chosen, isAll);
  const right = truth.reduce((all, own, row) => all + Number(own === answered.predicted[row]), 0);
  const text = `Table of ${shown.length} true classes by as many predicted ones: ${figure(right)} of ${count(truth.length, "row")} are on the diagonal, where both are the same.`; // prettier-ignore
  const meaning = html`Each line is a true class, each column what was predicted, each number so many rows. Right answers are on the diagonal (blue); the others are mistakes (orange). A colour is the stronger, the larger the part of the line.${!isAll && ` Shown are the ${chosen.length} classes with most mistakes, and all others together; right answers among the others are not told from mistakes among them.`}`; // prettier-ignore
  return gallery.add({ name: "confusion", title: "Confusion matrix (rows)", text, meaning }, cells(shown, matrix));
}

/** The mistakes that are made most often, in words. */
function pairs(answered: Answered): Html | undefined {
  const { names, figures } = answered;
  const found = confusionOf(answered).filter(({ truth, predicted }) => truth !== predicted);
  if (found.length === 0) return undefined;
  found.sort((a, b) => b.rows - a.rows || a.truth - b.truth || a.predicted - b.predicted);
  const rows = found.slice(0, MOST_PAIRS).map(({ truth, predicted, rows: own }) => [shortened(names[truth], 60), shortened(names[predicted], 60), figure(own), percent(own / figures[truth].support)]); // prettier-ignore
  return table("Most frequent mistakes", ["true class", "predicted", "rows", "of the class"], rows, [2, 3]);
}

function roc(answered: Answered, figures: readonly ClassFigures[], { gallery }: Judging): Html | undefined {
  const { classes, names } = answered;
  const possible = classes === 2 ? [1] : names.map((_, c) => c);
  const known = possible.filter((c) => !Number.isNaN(figures[c].auc));
  if (known.length === 0) return undefined;
  const chosen = known.sort((a, b) => figures[a].auc - figures[b].auc || a - b).slice(0, MOST_CURVES).sort((a, b) => a - b); // prettier-ignore
  const short = distinct(chosen.map((c) => names[c]), 18); // prettier-ignore
  const series = chosen.map((c, i) => {
    const { falsePositives, truePositives } = rocOf(answered, c);
    const places = new Set([0, falsePositives.length - 1, ...spread(falsePositives.length, MOST_POINTS)]);
    const points = [...places].sort((a, b) => a - b).map((at) => [falsePositives[at], truePositives[at]] as const);
    return { name: `${short[i]} (area ${figure(figures[c].auc, 3)})`, series: i, points };
  });
  const drawing = lines(series, { x: "part of the other rows that is taken for it", y: "part of its rows that is found", isUnit: true }); // prettier-ignore
  const text = `ROC curves: ${series.map(({ name }) => name).join(", ")}.`;
  const which = classes === 2 ? ` for “${shortened(names[1])}”` : known.length > chosen.length ? ` for the ${chosen.length} classes that are told apart worst` : ""; // prettier-ignore
  const meaning = `What is found of a class, and what is wrongly taken for it, when a lower and lower probability is enough${which}. The curve of a good model goes along the left and the top; guessing gives the dashed line. The area is 1 at best, 0.5 for guessing.`; // prettier-ignore
  return gallery.add({ name: "roc", title: "ROC curve", text, meaning }, drawing);
}

function calibration(answered: Answered, { gallery }: Judging): Html | undefined {
  const { classes, names } = answered;
  if (classes < 2) return undefined;
  const { bins, error } = calibrationOf(answered);
  const points = bins.map(({ probability, observed }) => [probability, observed] as const);
  const what = classes === 2 ? `“${shortened(names[1])}”` : "what is predicted";
  const drawing = lines([{ name: "calibration", series: 0, points, isDotted: bins.map(({ rows }) => rows / answered.truth.length) }], { x: "probability that the model gives", y: "part of the rows where it holds", isUnit: true }); // prettier-ignore
  const text = `Points of probability and observed part: ${bins.map((bin) => `${figure(bin.probability, 2)}: ${figure(bin.observed, 2)} of ${count(bin.rows, "row")}`).join("; ")}.`; // prettier-ignore
  const meaning = `Rows in tenths by the probability of ${what}; the larger a point, the more rows. On the dashed line, a probability of 80 % comes true in 80 of 100 rows; below it the model is too sure. The mean distance, weighted by rows, is ${figure(error, 3)} (expected calibration error).`; // prettier-ignore
  return gallery.add({ name: "calibration", title: "Calibration", text, meaning }, drawing);
}

function classTable({ classes, names }: Answered, figures: readonly ClassFigures[]): Html {
  const order = names.map((_, c) => c);
  const isAll = classes <= MOST_CELLS;
  const worth = ({ f1, support }: ClassFigures): number => (support === 0 ? 2 : Number.isNaN(f1) ? 1.5 : f1);
  if (!isAll) order.sort((a, b) => worth(figures[a]) - worth(figures[b]) || a - b);
  const rows = order.slice(0, MOST_CELLS).map((c) => {
    const { precision, recall, f1, auc, support } = figures[c];
    return [
      shortened(names[c], 60),
      figure(precision, 3),
      figure(recall, 3),
      figure(f1, 3),
      figure(auc, 3),
      figure(support),
    ];
  });
  const note = isAll ? undefined : html`<p>Of ${figure(classes)} classes, the ${MOST_CELLS} with the lowest F1.</p>`;
  const head = ["class", "precision", "recall", "F1", "area under ROC", "rows"];
  return html`${table("Each class", head, rows, [1, 2, 3, 4, 5])}${note}<p>Precision: of the rows that were taken for the class, the part that is of it. Recall: of the rows of the class, the part that was found. F1: their harmonic mean. “–”: there was no row to tell by.</p>`; // prettier-ignore
}

const MOST_WORST = 12;

/** The rows about which the model was surest, and wrong. */
function worst(answered: Answered, judging: Judging): Content {
  const { truth, predicted, probabilities, classes, names } = answered;
  const chance = (row: number): number => (truth[row] < 0 ? 0 : probabilities[row * classes + truth[row]]);
  const wrong = Array.from(truth.keys()).filter((row) => truth[row] !== predicted[row]);
  if (wrong.length === 0) return html`<p>None of these rows is wrong.</p>`;
  wrong.sort((a, b) => chance(a) - chance(b) || a - b);
  const labels = judging.chapter.data?.truth.labels ?? [];
  const told = wrong.slice(0, MOST_WORST).map((place) => ({
    place,
    said: [
      shortened(labels[judging.judged.rows[place]], 40),
      shortened(names[predicted[place]], 40),
      percent(chance(place)),
    ],
  }));
  return mistakes(told, ["true class", "predicted", "probability of the true class"], judging);
}

const MOST_SHOWN = 8;

/** Rows with what is to be said of them, and what stands in them: as pictures, or as their most important columns. */
export function mistakes(
  told: readonly { place: number; said: readonly string[] }[],
  head: readonly string[],
  { judged, inputs, rowName, image, pictureOf, order = [] }: Judging & Shown,
): Html {
  if (image && pictureOf) {
    const items = told.map(({ place, said }) => html`<li>${pictureOf(place)}${rowName(judged.rows[place])}<br>${head.map((name, i) => html`${name}: ${said[i]}<br>`)}</li>`); // prettier-ignore
    return html`<ul class="pictures">
      ${items}
    </ul>`;
  }
  const all = order.length > 0 ? order : inputs.map((_, i) => i);
  const shown = all.slice(0, MOST_SHOWN);
  const { data, columns } = judged.x;
  const rows = told.map(({ place, said }) => [
    rowName(judged.rows[place]),
    ...said,
    ...shown.map((i) => {
      const { first, width, word } = inputs[i];
      const at = place * columns + first;
      return shortened(word(data.subarray(at, at + width)), 30);
    }),
  ]);
  const names = shown.map((i) => shortened(inputs[i].name, 24));
  const note = all.length > shown.length || inputs.length > shown.length ? html`<p>Of ${figure(inputs.length)} columns, ${order.length > 0 ? "those that count most" : "the first ones"}.</p>` : undefined; // prettier-ignore
  return html`${table("Rows that are furthest off", ["row", ...head, ...names], rows)}${note}`;
}

/** How rows are shown. */
export interface Shown {
  /** The picture of a row, by its place among the rows judged. */
  pictureOf?: (place: number) => Html;
  /** The numbers of the columns, those that count most first. */
  order?: readonly number[];
}
