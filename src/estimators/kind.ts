// Types of what differs between a classifier and a regressor, as far as pages need it at once.
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";

/** Y is the type of the user's targets. A Codec translates them to numbers. */
export interface Kind<Y, Codec> {
  name: "classifier" | "regressor";
  /** The metric that `evaluate` and `score` compute in addition to the loss. */
  metric: "accuracy" | "r2";
  /** The name of the targets in messages. */
  targets: "labels" | "targets";
  /** Targets that are plain arrays, each read once; `prefix` stands before their name in messages. */
  copy: (y: Y, prefix?: string) => Y;
  /** The number of rows, if the form of the targets shows it. */
  rowsOf: (y: Y) => number | undefined;
  /** Learns how to translate targets of so many rows. */
  learn: (y: Y, rows: number) => Codec;
  /** Targets as numbers: the numbers themselves, or the numbers of their classes. */
  encode: (codec: Codec, y: Y, rows: number, prefix?: string) => Rows;
  /** All classes. Empty if targets are numbers. */
  classes: (codec: Codec) => readonly Label[];
  /** How many outputs a network has. */
  outputs: (codec: Codec) => number;
}
