// Learning rates that change from step to step, by name. Rates are made here, in plain arithmetic that every engine
// rounds alike, and handed to the core for all steps of a call at once.
import { type OptionTable, REQUIRED, isArray, readNamed, readNumber } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { raised } from "../ground/powers.ts";

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
    options: { every: steps, factor: { ...positive, default: 0.1 } },
    rate: (base, t, { every, factor }: Numbers<"every" | "factor">) => base * raised(factor, Math.floor(t / every)),
  },
  exponential: {
    options: { factor: positive },
    rate: (base, t, { factor }: Numbers<"factor">) => base * raised(factor, t),
  },
  inverseTime: {
    options: { decay: positive },
    rate: (base, t, { decay }: Numbers<"decay">) => base / (1 + decay * t),
  },
  polynomial: {
    options: { steps, power: { ...steps, default: 1 }, min },
    rate: (base, t, { steps, power, min }: Numbers<"steps" | "power" | "min">) =>
      min + (base - min) * raised(1 - Math.min(1, t / steps), power),
  },
  cosine: {
    options: { steps, min },
    rate: (base, t, { steps, min }: Numbers<"steps" | "min">) => fall(base, min, t / steps),
  },
  // Each cycle is `factor` times as long as the one before it (Loshchilov and Hutter 2017).
  cosineRestarts: {
    options: { steps, factor: { ...steps, default: 1 }, min },
    rate(base, t, { steps, factor, min }: Numbers<"steps" | "factor" | "min">) {
      if (factor === 1) t %= steps;
      else for (; t >= steps; steps *= factor) t -= steps;
      return fall(base, min, t / steps);
    },
  },
  linearWarmup: {
    options: { steps, start: { ...positive, most: 1, default: 1 / 3 } },
    rate: (base, t, { steps, start }: Numbers<"steps" | "start">) =>
      base * (start + (1 - start) * Math.min(1, t / steps)),
  },
  // From rate / startDivisor up to the rate and far down again, along half a cosine each (Smith and Topin 2018).
  oneCycle: {
    options: {
      steps: { ...steps, least: 2 },
      rise: { ...positive, below: 1, default: 0.3 },
      startDivisor: { ...positive, default: 25 },
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
    options: { boundaries: numbers, rates: numbers },
    rate: (_base, t, { boundaries, rates }: Record<"boundaries" | "rates", number[]>) =>
      rates[boundaries.filter((boundary) => t >= boundary).length],
  },
  // The only one that goes by epochs: see watch.
  reduceOnPlateau: {
    options: {
      monitor: { kind: "other", default: undefined, read: (value: unknown) => value },
      factor: { ...positive, below: 1, default: 0.1 },
      patience: { ...count, default: 10 },
      threshold: { ...min, default: 1e-4 },
      cooldown: count,
      min,
    },
    rate: (base, _t, { min }: Numbers<"min">, scale) => Math.max(base * scale, Math.min(base, min)),
  },
} as const satisfies Record<string, ScheduleRow>;

type Value<K> = K extends "boundaries" | "rates" ? readonly number[] : K extends "monitor" ? string : number;

/**
 * A learning rate that changes, by name. `rate` is what the formula starts from, by default the optimizer's own; over
 * the first `warmup` steps the rate rises evenly to that of the schedule's first step, which follows.
 */
export type ScheduleSpec = {
  [N in keyof typeof SCHEDULES]: { name: N; rate?: number; warmup?: number } & {
    [K in keyof (typeof SCHEDULES)[N]["options"]]?: Value<K>;
  };
}[keyof typeof SCHEDULES];

/** A number, a schedule, or a function of the step (0 for the first update), which is asked ahead of the step. */
export type LearningRate = number | ScheduleSpec | ((step: number) => number);

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
    return {
      rate: (step) => readNumber((value as (step: number) => unknown)(step), `${where}(${step})`, { least: 0 }),
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
