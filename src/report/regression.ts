// The section on a regressor's answers: predicted against true, the errors, and the rows that are furthest off.
import { spread } from "./chance.ts";
import { type Judging, originOf } from "./chapter.ts";
import { mistakes, type Shown } from "./classification.ts";
import { type Html, html } from "./html.ts";
import { histogram, points } from "./plots.ts";
import { type ErrorFigures, errorsOf, histogramOf } from "./residuals.ts";
import { figure } from "./words.ts";

const MOST_POINTS = 500;
const MOST_WORST = 12;
/** Of more outputs, only the first ones are shown. */
const MOST_OUTPUTS = 4;

/** The true and the predicted numbers of one output. */
export interface Column {
  truth: Float64Array;
  predicted: Float64Array;
  errors: ErrorFigures;
}

export function outputsOf({ judged, chapter }: Judging): Column[] {
  const { data, subject } = chapter;
  if (data?.truth.values === undefined) return [];
  const { values, width } = data.truth;
  return Array.from({ length: Math.min(MOST_OUTPUTS, subject.outputs) }, (_, o) => {
    const truth = Float64Array.from(judged.rows, (row) => values[row * width + o]);
    const predicted = Float64Array.from(judged.rows, (_, place) => judged.answers[place * subject.outputs + o]);
    return { truth, predicted, errors: errorsOf(truth, predicted) };
  });
}

/** The figures that say most, for the head of the report. */
export function errorCards(columns: readonly Column[], unit: string | undefined): [string, string][] {
  const [{ errors }] = columns;
  const of = columns.length > 1 ? " (output 0)" : "";
  const inUnit = unit === undefined ? "" : ` ${unit}`;
  return [
    [`r²${of}`, figure(errors.r2)],
    [`mean absolute error${of}`, `${figure(errors.meanAbsoluteError)}${inUnit}`],
    [`root mean squared error${of}`, `${figure(errors.rootMeanSquaredError)}${inUnit}`],
    [`half of the errors are below${of}`, `${figure(errors.medianAbsoluteError)}${inUnit}`],
  ];
}

export function regression(judging: Judging & Shown, columns: readonly Column[]): Html {
  const { judged, chapter, gallery } = judging;
  const { outputs } = chapter.subject;
  const more = outputs > columns.length ? ` Of ${outputs} outputs, the first ${columns.length}.` : "";
  const parts = columns.map((column, o) => html`${outputs > 1 && gallery.heading(`Output ${o}`)}<div class="plots">${plotsOf(column, judging, outputs > 1 ? `-${o}` : "")}</div>`); // prettier-ignore
  return html`<p>
      Measured on ${originOf(judged)}. r² is 1 where all is explained and 0 for always giving the mean.${more}
    </p>
    ${parts} ${gallery.heading("Worst mistakes")}${worst(judging, columns)}`;
}

function plotsOf({ truth, predicted, errors }: Column, { gallery, chapter }: Judging, ending: string): Html[] {
  const places = spread(truth.length, MOST_POINTS);
  const unit = chapter.unit === undefined ? "" : ` (${chapter.unit})`;
  const some = truth.length > places.length ? ` Shown are ${places.length} of ${figure(truth.length)} rows.` : "";
  const pairs = places.map((row) => [truth[row], predicted[row]] as const).filter((pair) => pair.every(Number.isFinite)); // prettier-ignore
  const residuals = places.map((row) => [predicted[row], predicted[row] - truth[row]] as const).filter((pair) => pair.every(Number.isFinite)); // prettier-ignore
  const all = truth.map((value, row) => predicted[row] - value).filter(Number.isFinite);
  const words = `mean absolute error ${figure(errors.meanAbsoluteError)}, r² ${figure(errors.r2)}`;
  return [
    gallery.add(
      {
        name: `predicted${ending}`,
        title: "Predicted against true",
        text: `Points of ${places.length} rows, true against predicted: ${words}.`,
        meaning: `Each point is a row. On the dashed line, what is predicted is true.${some}`,
      },
      points(pairs, { x: `true${unit}`, y: `predicted${unit}`, isEqual: true }),
    ),
    gallery.add(
      {
        name: `residuals${ending}`,
        title: "Residuals",
        text: `Points of ${places.length} rows, predicted against the error; the mean error is ${figure(errors.bias)}.`,
        meaning: `Predicted minus true. A curve or a funnel in these points says that something is still to be learnt, or that large values are less certain.${some}`,
      },
      points(residuals, { x: `predicted${unit}`, y: `predicted − true${unit}`, isEqual: false }),
    ),
    gallery.add(
      {
        name: `errors${ending}`,
        title: "How the errors are spread",
        text: `Histogram of the errors: half of them are within ±${figure(errors.medianAbsoluteError)}.`,
        meaning: "How many rows are off by how much. Bars to the right of 0 are predicted too high.",
      },
      histogram(histogramOf(all), { x: `predicted − true${unit}`, y: "rows" }),
    ),
  ];
}

function worst(judging: Judging & Shown, columns: readonly Column[]): Html {
  const error = (row: number): number => Math.max(...columns.map(({ truth, predicted }) => Math.abs(predicted[row] - truth[row]))); // prettier-ignore
  const order = Array.from(judging.judged.rows.keys()).sort((a, b) => error(b) - error(a) || a - b);
  const said = (row: number): string[] => {
    const of = (pick: (column: Column) => number): string => columns.map((column) => figure(pick(column))).join(", ");
    return [of(({ truth }) => truth[row]), of(({ predicted }) => predicted[row]), of(({ truth, predicted }) => predicted[row] - truth[row])]; // prettier-ignore
  };
  const told = order.slice(0, MOST_WORST).map((place) => ({ place, said: said(place) }));
  return mistakes(told, ["true", "predicted", "predicted − true"], judging);
}
