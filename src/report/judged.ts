// The rows by which a report judges a model: rows that it has not seen, wherever there are any.
import type { Rows } from "../data/scaling.ts";
import { type Subject, asAnswers, mixOf } from "./subject.ts";

/** Why these rows: they were held back in training, left out in turn, or are simply those that were given. */
export type Origin = "heldBack" | "leftOut" | "given" | "seen";

/** Rows with what is true and what was answered for them. */
export interface Judged {
  origin: Origin;
  /** Their inputs. */
  x: Rows;
  /** Their numbers among the rows that were given. */
  rows: readonly number[];
  /** As `Subject.answer`. */
  answers: Float64Array;
  /** What the model answers for other inputs of some of these rows, which are named by their place. */
  ask(x: Rows, places: readonly number[]): Float64Array;
  /** Whether `ask` asks networks that have not seen the rows. */
  isAskedUnseen: boolean;
}

/**
 * Chooses the rows to judge by among those that were given.
 * @param areTraining whether the model has learnt from the rows given; undefined where it must be found out.
 */
export function judge(subject: Subject, x: Rows, areTraining: boolean | undefined): Judged {
  const { leftOut, heldBack } = subject;
  const isOwn = areTraining ?? (leftOut !== undefined && isTrainedOn(subject, x));
  if (isOwn && heldBack.length > 0 && heldBack.every((row) => row < x.rows)) {
    const own = pickRows(x, heldBack);
    return { origin: "heldBack", x: own, rows: heldBack, answers: subject.answer(own), ask: subject.answer.bind(subject), isAskedUnseen: true }; // prettier-ignore
  }
  if (isOwn && leftOut !== undefined && leftOut.given === x.rows) {
    const { rows, folds, members } = leftOut;
    const answers = asAnswers(subject, leftOut.answers);
    const own = pickRows(x, rows);
    if (members === undefined) return { origin: "leftOut", x: own, rows, answers, ask: subject.answer.bind(subject), isAskedUnseen: false }; // prettier-ignore
    const ask: Judged["ask"] = (some, places) => {
      const width = subject.classes.length || subject.outputs;
      const all = new Float64Array(places.length * width);
      members.forEach((own, fold) => {
        const mine = Array.from(places.keys()).filter((i) => folds[places[i]] === fold);
        if (mine.length === 0) return;
        const given = mixOf(subject, own, pickRows(some, mine));
        mine.forEach((i, k) => all.set(given.subarray(k * width, (k + 1) * width), i * width));
      });
      return all;
    };
    return { origin: "leftOut", x: own, rows, answers, ask, isAskedUnseen: true };
  }
  const rows = Array.from({ length: x.rows }, (_, row) => row);
  const origin = isOwn ? "seen" : "given";
  return { origin, x, rows, answers: subject.answer(x), ask: subject.answer.bind(subject), isAskedUnseen: !isOwn };
}

/** Whether these are the rows that were given to `fit`: as many, and those that were kept to compare are equal. */
function isTrainedOn({ leftOut }: Subject, { data, rows, columns }: Rows): boolean {
  if (leftOut === undefined || leftOut.given !== rows) return false;
  const { known } = leftOut;
  return known.rows.every((row, i) => {
    for (let c = 0; c < columns; c++) if (data[row * columns + c] !== known.inputs[i * columns + c]) return false;
    return true;
  });
}

/** Copies some rows. */
export function pickRows({ data, columns }: Rows, rows: readonly number[]): Rows {
  const own = new (data.constructor as Float64ArrayConstructor)(rows.length * columns);
  rows.forEach((row, i) => own.set(data.subarray(row * columns, (row + 1) * columns), i * columns));
  return { data: own, rows: rows.length, columns };
}
