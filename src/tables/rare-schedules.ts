// The schedules that most trainings do without: they come with the part "complete".
import { REQUIRED, isArray, readNumber } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { cosineBetween, raised } from "../ground/powers.ts";
import {
  type Numbers,
  type Plateau,
  type PlateauSettings,
  type ScheduleRow,
  count,
  min,
  positive,
  steps,
} from "./schedules.ts";

const numbers = { kind: "other", default: REQUIRED, read: readNumbers } as const;

/** Formulas are PyTorch's, where it has them. */
export const RARE_SCHEDULES = {
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
      return cosineBetween(base, min, t / steps);
    },
  },
  linearWarmup: {
    options: {
      /** Steps until the full rate is reached. */
      steps,
      /** The part of the rate to begin with. Default 1/3. */
      start: { ...positive, most: 1, default: 0.3333333333333333 },
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
      return t < top
        ? cosineBetween(start, base, t / top)
        : cosineBetween(base, start / o.endDivisor, (t - top) / (o.steps - 1 - top));
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
    check({ boundaries, rates }: Record<"boundaries" | "rates", number[]>, where) {
      if (rates.length === boundaries.length + 1) return;
      throw new PropagoError("ERR_CONFIG", `${where}.rates needs one number more than boundaries, got ${rates.length}`);
    },
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
    watch,
  },
} as const satisfies Record<string, ScheduleRow>;

/** As `Watch` says. */
function watch(plateau: Plateau, settings: PlateauSettings, value: number, rises: boolean): void {
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
