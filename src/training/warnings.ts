// What a network was told about its training: each thing once.
import { printable } from "../ground/errors.ts";

/** What a warning is about. Stable, for programs. */
export type WarningCode =
  | "WARN_DEAD_UNITS" // more than half of a layer's relu units give 0 for all rows
  | "WARN_SATURATED_UNITS" // more than half of a layer's sigmoid or tanh units stay at the ends of their range
  | "WARN_VANISHING_GRADIENTS" // those of the first layer are less than 1e-4 of those of the last
  | "WARN_EXPLODING_GRADIENTS" // those of the first layer are more than 1e4 times those of the last
  | "WARN_LEARNING_RATE" // the loss rises, or jumps up and down
  | "WARN_SCHEDULE" // a schedule of learning rates has come to 0, and training goes on
  | "WARN_NO_CHANGE" // all gradients are 0, or no layer is trainable
  | "WARN_CONSTANT_COLUMN" // an input is the same number, other than 0, in all rows
  | "WARN_BLURRED_COLUMN" // an input varies, but by less than float32's digits
  | "WARN_CONSTANT_TARGETS" // all rows have the same target
  | "WARN_UNSCALED_INPUTS" // inputs above 1,000, or columns of very different sizes
  | "WARN_UNSCALED_TARGETS" // targets so large that outputs take long to get there, or that float32 cannot tell apart
  | "WARN_UNREACHABLE_TARGETS" // targets that the last activation cannot give
  | "WARN_PRECISION" // a search stalled in float32
  | "WARN_BASELINE" // a model that is no better than the largest class or the mean
  | "WARN_MONITOR" // what is watched is not a number
  | "WARN_STATE" // a network was read without the state of its training, so its schedule begins anew
  | "WARN_BATCH_SIZE" // more than there are rows
  | "WARN_THREADS" // threads were asked for where there are none
  | "WARN_WORKER"; // a worker was asked for where none can be started

/** Something that is wrong with a training, though it runs. */
export interface TrainingWarning {
  /** Stable, for programs. */
  code: WarningCode;
  /** What was seen, where, and what to do. */
  message: string;
  /** The layer that it is about, by name. */
  layer?: string;
  /** The column of x that it is about, from 0. */
  column?: number;
}

/** What the diagnosis of a network's trainings remembers from one to the next. */
export interface Looks {
  /** Mean loss of the very first epoch. */
  first: number | undefined;
  /** Rows trained on in all, up to the last look, and those before the next. */
  trained: number;
  looked: number;
  due: number;
}

/** All that one network was told. */
export class Warnings {
  readonly looks: Looks = { first: undefined, trained: 0, looked: 0, due: 0 };
  readonly told = new Set<string>();
  #news: TrainingWarning[] = [];

  /** Warnings since this was last asked; nothing where there are none. */
  take(): TrainingWarning[] | undefined {
    const news = this.#news;
    if (news.length === 0) return undefined;
    this.#news = [];
    return news;
  }

  /** Tells what was not told before, of a layer or a column of x. */
  tell(code: WarningCode, message: string, place?: Pick<TrainingWarning, "layer" | "column">): void {
    const key = `${code} ${place?.layer}`;
    if (this.told.has(key)) return;
    this.told.add(key);
    this.#news.push({ code, message: printable(message), ...place });
  }
}
