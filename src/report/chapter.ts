// What a report is told of one target: the model for it, its history, and rows with what is true of them.
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";
import type { History } from "../training/reports.ts";
import type { Gallery } from "./gallery.ts";
import type { Image } from "./images.ts";
import type { Input } from "./inputs.ts";
import type { Judged } from "./judged.ts";
import type { Subject } from "./subject.ts";

/** What is true of the rows: a class each, or numbers. */
export type Truth =
  { labels: readonly Label[]; values?: undefined } | { values: Float64Array; width: number; labels?: undefined };

/** One target with everything that is known of its model. */
export interface Chapter {
  /** What is predicted; undefined where it has no name. */
  target: string | undefined;
  subject: Subject;
  history: History | undefined;
  /** The rows that were given, and what is true of them; absent where there are none. */
  data: { x: Rows; truth: Truth; areTraining: boolean | undefined } | undefined;
  /** What the numbers are measured in, where that is known. */
  unit?: string;
}

/** What the parts of a chapter share while it is written. */
export interface Writing {
  chapter: Chapter;
  gallery: Gallery;
  inputs: readonly Input[];
  image: Image | undefined;
  /** How a row is called, by its number among the rows that were given. */
  rowName: (row: number) => string;
}

/** As `Writing`, where there are rows to judge by. */
export interface Judging extends Writing {
  judged: Judged;
}

/** Says which rows the figures are of. */
export function originOf({ origin, x }: Judged): string {
  const rows = `${x.rows} ${x.rows === 1 ? "row" : "rows"}`;
  if (origin === "heldBack") return `${rows} that were held back in training`;
  if (origin === "leftOut") return `${rows} that were left out in turn, each judged by networks that had not seen it`;
  if (origin === "seen") return `${rows} that the model has learnt from, so figures of new rows will be lower`;
  return `the ${rows} given`;
}
