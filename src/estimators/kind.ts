// What a classifier and a regressor differ in, as far as pages need it at once. Types only.
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";

/** Y: targets as users pass them. Codec: what translates them. */
export interface Kind<Y, Codec> {
  name: "classifier" | "regressor";
  /** What `evaluate` and `score` measure beside the loss. */
  metric: "accuracy" | "r2";
  /** How messages call the targets. */
  targets: "labels" | "targets";
  /** Targets that are plain arrays, each read once; `prefix` stands before their name in messages. */
  copy: (y: Y, prefix?: string) => Y;
  /** How many rows the targets are for, where their form tells. */
  rowsOf: (y: Y) => number | undefined;
  /** Learns how to translate targets of so many rows. */
  learn: (y: Y, rows: number) => Codec;
  /** Targets as numbers: their own, or of classes. */
  encode: (codec: Codec, y: Y, rows: number, prefix?: string) => Rows;
  /** All classes; none where targets are numbers. */
  classes: (codec: Codec) => readonly Label[];
  /** How many outputs a network has. */
  outputs: (codec: Codec) => number;
}
