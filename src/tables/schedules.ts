// Learning rates that change from step to step, by name. Rates are made here, in plain arithmetic that every engine
// rounds alike, and handed to the core for all steps of a call at once.
import { type OptionTable, REQUIRED } from "../ground/options.ts";
import { cosineBetween, raised } from "../ground/powers.ts";

/** A schedule: its options, and the rate that comes of them. */
export interface ScheduleRow {
  options: OptionTable;
  /** The rate of step t, counted from 0; `scale` is what reduceOnPlateau has come to. */
  rate(base: number, t: number, options: never, scale: number): number;
  /** Refuses options that do not go together. */
  check?(options: never, where: string): void;
  /** Takes notice of an epoch's value: of reduceOnPlateau. */
  watch?: Watch;
}

/** What reduceOnPlateau is told. */
export interface PlateauSettings {
  monitor: string | undefined;
  factor: number;
  patience: number;
  threshold: number;
  cooldown: number;
}

/** Looks at an epoch's value, which should rise or fall, and lowers the scale after `patience` epochs without gain. */
export type Watch = (plateau: Plateau, settings: PlateauSettings, value: number, rises: boolean) => void;

/** Kinds of options. */
export const steps = { kind: "number", whole: true, least: 1, default: REQUIRED } as const;
export const positive = { kind: "number", above: 0, default: REQUIRED } as const;
export const min = { kind: "number", least: 0, default: 0 } as const;
export const count = { kind: "number", whole: true, least: 0, default: 0 } as const;

export type Numbers<O extends string> = Record<O, number>;

/** What most trainings use; rare-schedules.ts has the others. Formulas are PyTorch's, where it has them. */
export const SCHEDULES = {
  constant: { options: {}, rate: (base) => base },
  step: {
    options: {
      /** Steps between two changes. */
      every: steps,
      /** What the rate is multiplied by at each. Default 0.1. */
      factor: { ...positive, default: 0.1 },
    },
    rate: (base, t, { every, factor }: Numbers<"every" | "factor">) => base * raised(factor, Math.floor(t / every)),
  },
  exponential: {
    options: {
      /** What the rate is multiplied by after each step. */
      factor: positive,
    },
    rate: (base, t, { factor }: Numbers<"factor">) => base * raised(factor, t),
  },
  cosine: {
    options: {
      /** Steps until `min` is reached. */
      steps,
      /** The rate at the end. Default 0. */
      min,
    },
    rate: (base, t, { steps, min }: Numbers<"steps" | "min">) => cosineBetween(base, min, t / steps),
  },
} as const satisfies Record<string, ScheduleRow>;

/** What reduceOnPlateau remembers. */
export interface Plateau {
  /** What the rate is multiplied with. */
  scale: number;
  best?: number;
  /** Epochs without improvement. */
  bad: number;
  /** Epochs still to come in which none are counted. */
  cooldown: number;
}
