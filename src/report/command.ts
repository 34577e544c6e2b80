// The report of the command: of all targets of a table, with the table's own columns and lines.
import type { Column } from "../columns/columns.ts";
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";
import type { Classifier } from "../estimators/classifier.ts";
import type { Regressor } from "../estimators/regressor.ts";
import type { History } from "../training/reports.ts";
import { compose, type Composed } from "./compose.ts";
import { NO_PNG, pngMaker } from "./files.ts";
import { findImage, imageOf } from "./images.ts";
import { tableInputs } from "./inputs.ts";
import { subjectOf } from "./subject.ts";

/** What the command knows of one target. */
export interface CommandTarget {
  name: string;
  estimator: Classifier | Regressor;
  history?: History;
  /** What is true of the rows: labels, or numbers. */
  truth: readonly Label[] | Float64Array;
}

/** What the command knows of a training, or of a measurement. Of one that was interrupted there may be no target yet. */
export interface CommandReport {
  title: string;
  targets: readonly CommandTarget[];
  columns: readonly Column[];
  /** The rows to judge by, and whether the models were trained on them. */
  x: Rows;
  areTraining: boolean;
  /** Height and width, and values a pixel, where the rows are images. */
  image?: readonly [height: number, width: number, channels?: number];
  /** How a row is called. */
  rowName: (row: number) => string;
  notes: readonly string[];
  warnings: readonly string[];
  settings: readonly (readonly [string, string])[];
  command: string;
}

/** The page and its plots; `png` makes an image of a plot, or is missing, and `noPNG` says what to install. */
export interface CommandComposed extends Composed {
  png: ((svg: string) => Uint8Array) | undefined;
  noPNG: string;
}

export function commandReport(given: CommandReport): CommandComposed {
  const { targets, columns, x, areTraining, image, ...rest } = given;
  const inputs = tableInputs(columns);
  const chapters = targets.map(({ name, estimator, history, truth }) => ({
    target: name,
    subject: subjectOf(estimator),
    history,
    data: { x, truth: truth instanceof Float64Array ? { values: truth, width: 1 } : { labels: truth }, areTraining },
  }));
  const found = image ? imageOf(...image) : findImage(inputs, true);
  return { ...compose({ ...rest, chapters, inputs, image: found }), png: pngMaker(), noPNG: NO_PNG };
}
