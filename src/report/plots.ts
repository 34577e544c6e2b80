// The kinds of plots of a report, each a function from numbers to a drawing. What they show is decided in figures.ts.
import * as Plot from "@observablehq/plot";
import { type Axis, axisOf, logAxisOf } from "./axes.ts";
import { colour, dashes, draw, type Key } from "./canvas.ts";
import type { Bar } from "./residuals.ts";
import { distinct, figure, widthOf } from "./words.ts";

export type Drawing = ReturnType<typeof draw>;

/** A line: its points, and which of the page's colours it has. */
export interface Series {
  name: string;
  series: number;
  points: readonly (readonly [x: number, y: number])[];
  /** Whether its points are marked, or how much each one counts, at most 1. */
  isDotted?: boolean | readonly number[];
}

export interface LineOptions {
  x: string;
  y: string;
  /** Shows y by its powers of ten. */
  isLog?: boolean;
  /** Both axes go from 0 to 1, and a line of equal values is drawn. */
  isUnit?: boolean;
  /** Ticks of x at whole numbers only. */
  isWhole?: boolean;
  /** What x's ticks say. */
  labels?: (value: number) => string;
  width?: number;
  height?: number;
}

/** Margins for axes with a title each. */
function margins(
  x: Axis,
  y: Axis,
): Pick<Plot.PlotOptions, "marginLeft" | "marginBottom" | "marginTop" | "marginRight"> {
  return {
    marginLeft: Math.ceil(y.width) + 16,
    marginBottom: 42,
    marginTop: 26,
    marginRight: Math.max(22, Math.ceil(widthOf(x.labels(x.ticks[x.ticks.length - 1])) / 2) + 4),
  };
}

function scales(x: Axis, y: Axis, names: Pick<LineOptions, "x" | "y">): Plot.PlotOptions {
  return {
    ...margins(x, y),
    x: { domain: x.domain, label: null, type: x.type },
    y: { domain: y.domain, label: null, type: y.type },
    marks: [],
    // The titles of the axes are given with the marks (titles).
    ariaLabel: `${names.x}, ${names.y}`,
  };
}

/** Axes with ticks, thin lines at them, and titles: that of y above it, that of x below. */
function axes(x: Axis, y: Axis, names: Pick<LineOptions, "x" | "y">): Plot.Markish[] {
  return [
    Plot.gridY({ ticks: y.ticks, stroke: "var(--line)", strokeOpacity: 1 }),
    Plot.axisY({ ticks: y.ticks, tickFormat: y.labels, label: null, tickSize: 0, fontSize: 12 }),
    Plot.axisX({ ticks: x.ticks, tickFormat: x.labels, label: null, tickSize: 4, fontSize: 12 }),
    Plot.text([names.x], { frameAnchor: "bottom", dy: 36, fontSize: 12 }),
    Plot.text([names.y], { frameAnchor: "top-left", dy: -22, dx: 0, textAnchor: "start", fontSize: 12 }),
  ];
}

/** Lines over numbers. A series of one point is a dot. */
export function lines(all: readonly Series[], options: LineOptions): Drawing {
  const { width = 420, height = 280, isUnit = false } = options;
  const series = all.map((one) => ({
    ...one,
    points: one.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const points = series.flatMap((one) => one.points);
  const y = isUnit ? axisOf([0, 1], { most: 5 }) : options.isLog ? logAxisOf(points.map(([, v]) => v)) : axisOf(points.map(([, v]) => v)); // prettier-ignore
  const room = width - y.width - 40;
  const found = isUnit ? axisOf([0, 1], { most: 5 }) : axisOf(points.map(([v]) => v), { whole: options.isWhole, room }); // prettier-ignore
  const x = fitting(found, options.labels, room);
  if (options.isWhole && points.length > 0) {
    // Epochs begin where they begin, and not at the tick before.
    const [least, most] = [Math.min(...points.map(([v]) => v)), Math.max(...points.map(([v]) => v))];
    if (most > least) x.domain = [least, most];
    x.ticks = x.ticks.filter((tick) => tick >= x.domain[0] && tick <= x.domain[1]);
  }
  const marks = series.flatMap(({ points: own, series: number, isDotted }) => [
    Plot.line(own, { x: "0", y: "1", stroke: colour(number), strokeWidth: 2, strokeDasharray: dashes(number) }),
    ...(isDotted || own.length === 1
      ? [Plot.dot(own, { x: "0", y: "1", fill: colour(number), r: radii(isDotted) })]
      : []),
  ]);
  const diagonal = isUnit ? [Plot.line([[0, 0], [1, 1]], { stroke: "var(--c6)", strokeDasharray: "3 4" })] : []; // prettier-ignore
  const legend: Key[] = series.length > 1 ? series.map((one) => ({ name: one.name, series: one.series })) : [];
  return draw({ ...scales(x, y, options), width, height, marks: [...axes(x, y, options), ...diagonal, ...marks] }, legend); // prettier-ignore
}

/** The radius of points in pixels: the area follows what each one counts. */
function radii(isDotted: Series["isDotted"]): Plot.ChannelValueSpec {
  if (typeof isDotted !== "object") return 3.5;
  return { value: isDotted.map((part) => 2 + 6 * Math.sqrt(part)), scale: null };
}

/** An axis with other labels, and as many of its ticks as there is room for. */
function fitting(axis: Axis, labels: ((value: number) => string) | undefined, room: number): Axis {
  if (labels === undefined) return axis;
  const width = Math.max(...axis.ticks.map((tick) => widthOf(labels(tick))));
  const step = Math.ceil((width * 1.3 * axis.ticks.length) / room);
  return { ...axis, labels, width, ticks: axis.ticks.filter((_, i) => i % step === 0) };
}

/** Points, and a line where both numbers are equal. */
export function points(
  all: readonly (readonly [number, number])[],
  options: LineOptions & { isEqual: boolean },
): Drawing {
  const { width = 420, height = 300 } = options;
  const y = axisOf(options.isEqual ? all.flat() : all.map(([, v]) => v), { zero: !options.isEqual });
  const room = width - y.width - 40;
  const x = axisOf(options.isEqual ? all.flat() : all.map(([v]) => v), { room });
  const domain = [Math.min(x.domain[0], y.domain[0]), Math.max(x.domain[1], y.domain[1])];
  const line = options.isEqual
    ? Plot.line([[domain[0], domain[0]], [domain[1], domain[1]]].map(([a, b]) => [clamp(a, x, y), clamp(b, x, y)]), { stroke: "var(--c6)", strokeDasharray: "3 4" }) // prettier-ignore
    : Plot.ruleY([0], { stroke: "var(--c6)", strokeDasharray: "3 4" });
  const dots = Plot.dot(all, { x: "0", y: "1", fill: colour(0), fillOpacity: 0.55, r: 2.5 });
  return draw({ ...scales(x, y, options), width, height, marks: [...axes(x, y, options), line, dots] });
}

function clamp(value: number, x: Axis, y: Axis): number {
  return Math.max(x.domain[0], y.domain[0], Math.min(x.domain[1], y.domain[1], value));
}

/** Counts of values, as bars from value to value. */
export function histogram(bars: readonly Bar[], options: LineOptions): Drawing {
  const { width = 420, height = 280 } = options;
  const y = axisOf(bars.map(({ rows }) => rows), { zero: true, whole: true }); // prettier-ignore
  const x = axisOf(bars.flatMap(({ from, to }) => [from, to]), { room: width - y.width - 40 }); // prettier-ignore
  const data = bars.map(({ from, to, rows }) => (from === to ? { from: from - (x.domain[1] - x.domain[0]) / 40, to: from + (x.domain[1] - x.domain[0]) / 40, rows } : { from, to, rows })); // prettier-ignore
  const marks = [
    Plot.rectY(data, { x1: "from", x2: "to", y: "rows", fill: colour(0), inset: 0.5 }),
    Plot.ruleX([0].filter((zero) => zero > x.domain[0] && zero < x.domain[1]), { stroke: "var(--ink)", strokeDasharray: "3 4" }), // prettier-ignore
  ];
  return draw({ ...scales(x, y, options), width, height, marks: [...axes(x, y, options), ...marks] });
}

/** A bar, and how far its value is uncertain. */
export interface NamedBar {
  name: string;
  value: number;
  deviation?: number;
}

/** Values with names, one bar below the other. */
export function bars(all: readonly NamedBar[], label: string): Drawing {
  const names = distinct(
    all.map(({ name }) => name),
    22,
  );
  const left = Math.ceil(Math.max(...names.map(widthOf))) + 16;
  const width = Math.max(420, left + 250);
  const ends = all.flatMap(({ value, deviation = 0 }) => [value, value + deviation, value - deviation]);
  const x = axisOf(ends, { zero: true, room: width - left - 40, most: 5 });
  const data = all.map((one, i) => ({ ...one, i, low: one.value - (one.deviation ?? 0), high: one.value + (one.deviation ?? 0) })); // prettier-ignore
  return draw({
    width,
    height: 22 * all.length + 50,
    marginLeft: left,
    marginTop: 6,
    marginBottom: 44,
    marginRight: 22,
    x: { domain: x.domain, label: null },
    y: { domain: all.map((_, i) => i), label: null, type: "band", padding: 0.25 },
    marks: [
      Plot.gridX({ ticks: x.ticks, stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.axisY({ tickFormat: (i: number) => names[i], label: null, tickSize: 0, fontSize: 12 }),
      Plot.axisX({ ticks: x.ticks, tickFormat: x.labels, label: null, tickSize: 4, fontSize: 12 }),
      Plot.barX(data, { y: "i", x: "value", fill: colour(0) }),
      Plot.ruleY(data, { y: "i", x1: "low", x2: "high", stroke: "var(--ink)", strokeWidth: 1.5 }),
      Plot.ruleX([0], { stroke: "var(--ink)" }),
      Plot.text([label], { frameAnchor: "bottom", dy: 36, fontSize: 12 }),
    ],
  });
}

/** Values of words: a dot for each series in the line of each word. */
export function dots(
  words: readonly string[],
  all: readonly { name: string; series: number; values: readonly number[] }[],
  options: LineOptions,
): Drawing {
  const names = distinct(words, 18);
  const left = Math.ceil(Math.max(...names.map(widthOf))) + 16;
  const width = Math.max(420, left + 230);
  const x = axisOf(all.flatMap(({ values }) => values), { room: width - left - 40, most: 5 }); // prettier-ignore
  const data = all.flatMap(({ series, values }) => values.map((value, i) => ({ i, value, series })));
  const legend: Key[] = all.length > 1 ? all.map(({ name, series }) => ({ name, series })) : [];
  const marks = [
    Plot.gridX({ ticks: x.ticks, stroke: "var(--line)", strokeOpacity: 1 }),
    Plot.axisY({ tickFormat: (i: number) => names[i], label: null, tickSize: 0, fontSize: 12 }),
    Plot.axisX({ ticks: x.ticks, tickFormat: x.labels, label: null, tickSize: 4, fontSize: 12 }),
    ...all.map(({ series }) => Plot.dot(data.filter((one) => one.series === series), { x: "value", y: "i", fill: colour(series), r: 4.5 })), // prettier-ignore
    Plot.text([options.y], { frameAnchor: "bottom", dy: 36, fontSize: 12 }),
  ];
  return draw(
    {
      width,
      height: Math.max(120, 24 * words.length + 50),
      marginLeft: left,
      marginTop: 6,
      marginBottom: 44,
      marginRight: 22,
      x: { domain: x.domain, label: null },
      y: { domain: words.map((_, i) => i), label: null, type: "point", padding: 0.6 },
      marks,
    },
    legend,
  );
}

/** Counts of rows by their true class, downwards, and by what they were taken for. */
export function cells(names: readonly string[], counts: readonly (readonly number[])[]): Drawing {
  const few = names.length <= 10;
  const size = few ? Math.max(38, ...counts.flat().map((n) => widthOf(figure(n)) + 10)) : 25;
  const font = few ? 12 : 10;
  const short = distinct(names, few ? 16 : 14);
  const widest = Math.max(...short.map(widthOf)) * (font / 12);
  const isUpright = widest <= size - 4;
  const top = Math.ceil(isUpright ? 22 : widest + 14) + 24;
  const left = Math.ceil(widest) + 34;
  const data = counts.flatMap((row, t) => {
    const all = row.reduce((a, b) => a + b, 0);
    return row.flatMap((n, p) => (n > 0 ? [{ t, p, n, share: n / all }] : []));
  });
  const width = left + size * names.length + 10;
  const height = top + size * names.length + 6;
  const domain = names.map((_, i) => i);
  const axis = { label: null, tickSize: 0, fontSize: font } as const;
  return draw({
    width,
    height,
    marginLeft: left,
    marginTop: top,
    marginRight: 10,
    marginBottom: 6,
    x: { domain, type: "band", padding: 0.04, label: null },
    y: { domain, type: "band", padding: 0.04, label: null },
    marks: [
      Plot.frame({ stroke: "var(--line)" }),
      Plot.axisX({ ...axis, anchor: "top", tickFormat: (i: number) => short[i], tickRotate: isUpright ? 0 : -90 }),
      Plot.axisY({ ...axis, tickFormat: (i: number) => short[i] }),
      Plot.cell(data, { x: "p", y: "t", fill: (d: { t: number; p: number }) => (d.t === d.p ? colour(0) : colour(1)), fillOpacity: (d: { share: number }) => 0.08 + 0.52 * d.share }), // prettier-ignore
      Plot.text(data, { x: "p", y: "t", text: (d: { n: number }) => figure(d.n), fill: "var(--ink)", fontSize: few ? 12 : 9 }), // prettier-ignore
      Plot.text(["predicted"], { frameAnchor: "top", dy: -top + 10, fontSize: 12, fontWeight: 600 }),
      Plot.text(["true"], { frameAnchor: "left", dx: -left + 10, rotate: -90, fontSize: 12, fontWeight: 600 }),
    ],
  });
}
