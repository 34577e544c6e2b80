// Axes whose labels do not overlap: where their ticks are, what stands at them, and how much room that takes.
import { exponential, figure, widthOf } from "./words.ts";

/** An axis of numbers. */
export interface Axis {
  domain: [number, number];
  ticks: number[];
  labels: (value: number) => string;
  /** The width of the widest label. */
  width: number;
  type: "linear" | "log";
}

/** An axis that shows all these numbers, with about so many ticks. */
export function axisOf(
  values: Iterable<number>,
  { most = 6, zero = false, room = Infinity, whole = false } = {},
): Axis {
  let [least, largest] = zero ? [0, 0] : [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  if (!(least <= largest)) [least, largest] = [0, 1];
  // Beyond this, differences of doubles are no numbers any more.
  [least, largest] = [Math.max(least, -1e300), Math.min(largest, 1e300)];
  // Rounding alone is no difference.
  if (largest - least <= 1e-9 * Math.max(Math.abs(least), Math.abs(largest))) {
    const margin = Math.abs(least) * 0.1 || 1;
    [least, largest] = zero && least === 0 ? [0, 1] : [least - margin, largest + margin];
  }
  for (let count = most; ; count--) {
    const step = Math.max(stepOf((largest - least) / count), whole ? 1 : 0);
    const [first, last] = [Math.floor(least / step), Math.ceil(largest / step)];
    const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
    const labels = labelsOf(ticks);
    const width = Math.max(...ticks.map((tick) => widthOf(labels(tick))));
    if (count > 1 && width * 1.5 * ticks.length > room) continue;
    return { domain: [ticks[0], ticks[ticks.length - 1]], ticks, labels, width, type: "linear" }; // prettier-ignore
  }
}

/** From here on numbers are written with a power of ten: 2e6. */
const LARGE = 1e6;

/** Labels with as few digits as tell the ticks apart. */
function labelsOf(ticks: readonly number[]): (value: number) => string {
  const isLarge = ticks.some((tick) => Math.abs(tick) >= LARGE);
  for (let digits = 4; ; digits++) {
    const label = (value: number): string =>
      isLarge && value !== 0 ? exponential(value, digits) : figure(value, digits);
    if (digits === 15 || new Set(ticks.map(label)).size === ticks.length) return label;
  }
}

/** The next 1, 2 or 5 times a power of ten. */
function stepOf(raw: number): number {
  let power = 1;
  while (power > raw) power /= 10;
  while (power * 10 <= raw) power *= 10;
  const step = raw <= power ? 1 : raw <= 2 * power ? 2 : raw <= 5 * power ? 5 : 10;
  return Number((step * power).toPrecision(6));
}

/** An axis of positive numbers that differ much: a tick at every power of ten, or at fewer. */
export function logAxisOf(values: Iterable<number>): Axis {
  let [least, largest] = [Infinity, 0];
  for (const value of values) {
    if (!(Number.isFinite(value) && value > 0)) continue;
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  let power = 1;
  while (power > least) power /= 10;
  while (power * 10 <= least) power *= 10;
  const ticks = [Number(power.toPrecision(6))];
  while (ticks[ticks.length - 1] < largest) ticks.push(Number((ticks[ticks.length - 1] * 10).toPrecision(6)));
  const step = Math.ceil(ticks.length / 7);
  const shown = ticks.filter((_, i) => i % step === 0);
  const width = Math.max(...shown.map((tick) => widthOf(figure(tick))));
  return { domain: [ticks[0], ticks[ticks.length - 1]], ticks: shown, labels: (value) => figure(value), width, type: "log" }; // prettier-ignore
}
