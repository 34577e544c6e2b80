// Learning rates that change from step to step, by name. Rates are made here, in plain arithmetic that every engine
// rounds alike, and handed to the core for all steps of a call at once.
import { type OptionTable, REQUIRED, isArray, readNamed, readNumber } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { refusePromise } from "../ground/promises.ts";
import { raised } from "../ground/powers.ts";
import type { Monitor } from "./monitors.ts";

interface ScheduleRow {
  options: OptionTable;
  /** The rate of step t, counted from 0; `scale` is what reduceOnPlateau has come to. */
  rate(base: number, t: number, options: never, scale: number): number;
}

const steps = { kind: "number", whole: true, least: 1, default: REQUIRED } as const;
const positive = { kind: "number", above: 0, default: REQUIRED } as const;
const min = { kind: "number", least: 0, default: 0 } as const;
const count = { kind: "number", whole: true, least: 0, default: 0 } as const;
const numbers = { kind: "other", default: REQUIRED, read: readNumbers } as const;

type Numbers<O extends string> = Record<O, number>;

/** Formulas are PyTorch's, where it has them. */
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
  inverseTime: {
    options: {
      /** The rate of step t is divided by 1 + decay · t. */
      decay: positive,
    },
    rate: (base, t, { decay }: Numbers<"decay">) => base / (1 + decay * t),
  },
  polynomial: {
    options: {
      /** Steps until `min` is reached. */
      steps,
      /** The power of the fall: 1 falls evenly. Default 1. */
      power: { ...steps, default: 1 },
      /** The rate at the end. Default 0. */
      min,
    },
    rate: (base, t, { steps, power, min }: Numbers<"steps" | "power" | "min">) =>
      min + (base - min) * raised(1 - Math.min(1, t / steps), power),
  },
  cosine: {
    options: {
      /** Steps until `min` is reached. */
      steps,
      /** The rate at the end. Default 0. */
      min,
    },
    rate: (base, t, { steps, min }: Numbers<"steps" | "min">) => fall(base, min, t / steps),
  },
  // Each cycle is `factor` times as long as the one before it (Loshchilov and Hutter 2017).
  cosineRestarts: {
    options: {
      /** Steps of the first cycle. */
      steps,
      /** How many times as long each cycle is as the one before it. Default 1. */
      factor: { ...steps, default: 1 },
      /** The rate at the end of a cycle. Default 0. */
      min,
    },
    rate(base, t, { steps, factor, min }: Numbers<"steps" | "factor" | "min">) {
      if (factor === 1) t %= steps;
      else for (; t >= steps; steps *= factor) t -= steps;
      return fall(base, min, t / steps);
    },
  },
  linearWarmup: {
    options: {
      /** Steps until the full rate is reached. */
      steps,
      /** The part of the rate to begin with. Default 1/3. */
      start: { ...positive, most: 1, default: 1 / 3 },
    },
    rate: (base, t, { steps, start }: Numbers<"steps" | "start">) =>
      base * (start + (1 - start) * Math.min(1, t / steps)),
  },
  // From rate / startDivisor up to the rate and far down again, along half a cosine each (Smith and Topin 2018).
  oneCycle: {
    options: {
      /** Steps of the whole cycle. */
      steps: { ...steps, least: 2 },
      /** The part of the steps in which the rate rises. Default 0.3. */
      rise: { ...positive, below: 1, default: 0.3 },
      /** The first rate is the highest divided by this. Default 25. */
      startDivisor: { ...positive, default: 25 },
      /** The last rate is the first divided by this. Default 10,000. */
      endDivisor: { ...positive, default: 1e4 },
    },
    rate(base, t, o: Numbers<"steps" | "rise" | "startDivisor" | "endDivisor">) {
      const start = base / o.startDivisor;
      const top = Math.max(0, o.rise * o.steps - 1);
      return t < top ? fall(start, base, t / top) : fall(base, start / o.endDivisor, (t - top) / (o.steps - 1 - top));
    },
  },
  // rates[k] from step boundaries[k − 1] on.
  piecewise: {
    options: {
      /** The steps at which the rate changes. */
      boundaries: numbers,
      /** The rates before, between and after them: one more than boundaries. */
      rates: numbers,
    },
    rate: (_base, t, { boundaries, rates }: Record<"boundaries" | "rates", number[]>) =>
      rates[boundaries.filter((boundary) => t >= boundary).length],
  },
  // The only one that goes by epochs: see watch.
  reduceOnPlateau: {
    options: {
      /** What must improve. Default: the validation loss, or the loss where there is no validation. */
      monitor: { kind: "other", default: undefined, read: (value: unknown) => value },
      /** What the rate is multiplied by. Default 0.1. */
      factor: { ...positive, below: 1, default: 0.1 },
      /** Epochs without improvement before that. Default 10. */
      patience: { ...count, default: 10 },
      /** The least improvement that counts, as a part of the value. Default 1e-4. */
      threshold: { ...min, default: 1e-4 },
      /** Epochs after a change that do not count. Default 0. */
      cooldown: count,
      /** The least rate. Default 0. */
      min,
    },
    rate: (base, _t, { min }: Numbers<"min">, scale) => Math.max(base * scale, Math.min(base, min)),
  },
} as const satisfies Record<string, ScheduleRow>;

type Value<K> = K extends "boundaries" | "rates" ? readonly number[] : K extends "monitor" ? Monitor : number;

/**
 * A learning rate that changes, by name. `rate` is what the formula starts from, by default the optimizer's own; over
 * the first `warmup` steps the rate rises evenly to that of the schedule's first step, which follows.
 */
export type ScheduleSpec = {
  [N in keyof typeof SCHEDULES]: {
    /** Which schedule. */
    name: N;
    /** What the formula starts from. Default: the optimizer's own rate. */
    rate?: number;
    /** Over so many steps the rate rises evenly to the schedule's first one. Default 0. */
    warmup?: number;
  } & {
    [K in keyof (typeof SCHEDULES)[N]["options"]]?: Value<K>;
  };
}[keyof typeof SCHEDULES];

/**
 * No value has this type. It gives TypeScript something to say of a name that no schedule has: without it, the compiler
 * takes the object for a function that went wrong.
 */
export interface NoScheduleHasThisName {
  /** Which schedule. */
  name: string & {};
  /** Never given: it only says what is wrong. */
  "name must be one of the schedules in docs/reference.md, for example cosine, step or oneCycle": never;
}

/** A number, a schedule, or a function of the step (0 for the first update), which is asked ahead of the step. */
export type LearningRate = number | ScheduleSpec | ((step: number) => number) | NoScheduleHasThisName;

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

export interface Schedule {
  rate(step: number, scale: number): number;
  /** reduceOnPlateau's settings. */
  plateau?: { monitor: string | undefined; factor: number; patience: number; threshold: number; cooldown: number };
  /** As JSON holds it; a function cannot be held. */
  spec?: ScheduleSpec;
}

/** The schedule that an object or a function describes. */
export function readSchedule(value: unknown, where: string, base: number): Schedule {
  if (typeof value === "function") {
    const rateAt = value as (step: number) => unknown;
    return {
      rate: (step) => {
        const rate = rateAt(step);
        refusePromise(rate, `${where}(${step})`, "but steps do not wait; give a number");
        return readNumber(rate, `${where}(${step})`, { least: 0 });
      },
    };
  }
  const shared: OptionTable = { rate: { ...positive, default: base }, warmup: count };
  const { name, options } = readNamed(value, where, "schedule", SCHEDULES, shared);
  const { rate, warmup, boundaries, rates } = options as Record<string, number> & Record<string, number[]>;
  if (boundaries !== undefined && rates.length !== boundaries.length + 1) {
    throw new PropagoError("ERR_CONFIG", `${where}.rates needs one number more than boundaries, got ${rates.length}`);
  }
  const row: ScheduleRow = SCHEDULES[name];
  return {
    rate: (step, scale) =>
      row.rate(rate, Math.max(0, step - warmup), options as never, scale) * Math.min(1, (step + 1) / (warmup + 1)),
    plateau: name === "reduceOnPlateau" ? (options as unknown as Schedule["plateau"]) : undefined,
    spec: { name, ...options },
  };
}

/** Looks at an epoch's value, which should rise or fall, and lowers the scale after `patience` epochs without gain. */
export function watch(
  plateau: Plateau,
  settings: NonNullable<Schedule["plateau"]>,
  value: number,
  rises: boolean,
): void {
  const { best } = plateau;
  const { factor, patience, threshold, cooldown } = settings;
  const isBetter = best === undefined || (rises ? value > best * (1 + threshold) : value < best * (1 - threshold));
  if (isBetter) plateau.best = value;
  plateau.bad = isBetter || plateau.cooldown > 0 ? 0 : plateau.bad + 1;
  plateau.cooldown = Math.max(0, plateau.cooldown - 1);
  if (plateau.bad <= patience) return;
  plateau.scale *= factor;
  plateau.bad = 0;
  plateau.cooldown = cooldown;
}

function readNumbers(value: unknown, where: string): number[] {
  if (!isArray(value)) {
    throw new PropagoError("ERR_CONFIG", `${where} must be an array of numbers, got ${show(value)}`);
  }
  return Array.from(value, (item, i) => readNumber(item, `${where}[${i}]`, { least: 0 }));
}

/** From `high` to `low` along half a cosine, for x from 0 to 1: (1 + cos πx) / 2 = sin²(π (1 − x) / 2). */
function fall(high: number, low: number, x: number): number {
  const z = (Math.PI / 2) * (1 - Math.min(1, x));
  // The sine's series, which is exact to the last bits up to π / 2.
  let term = z;
  let sine = z;
  for (let k = 2; k < 24; k += 2) {
    term *= (-z * z) / (k * (k + 1));
    sine += term;
  }
  return low + (high - low) * sine * sine;
}
