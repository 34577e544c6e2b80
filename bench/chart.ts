// A line chart as SVG text, both axes logarithmic; legible on light and on dark pages.
export interface Series {
  name: string;
  dashed?: boolean;
  points: readonly (readonly [x: number, y: number])[];
}

const width = 440;
const height = 300;
const left = 58;
const right = 30;
const top = 34;
const bottom = 58;
const colours = ["#2f81f7", "#d9822b", "#8a8f98"];

const style = `text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600; font-size: 13px }
    .grid { stroke: #8a8f98; stroke-opacity: 0.3 }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }`;

export function chart(title: string, xLabel: string, yLabel: string, series: readonly Series[]): string {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y));
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  // The axis covers at least a factor of ten. Otherwise a flat line would look steep.
  const spare = Math.max(1, Math.sqrt((10 * Math.min(...ys)) / Math.max(...ys)));
  const yTicks = powers(Math.min(...ys) / spare, Math.max(...ys) * spare);
  const [y0, y1] = [Math.min(...yTicks, ...ys), Math.max(...yTicks, ...ys)];
  const X = (x: number) => round(left + ((width - left - right) * Math.log(x / x0)) / Math.log(x1 / x0));
  const Y = (y: number) => round(height - bottom - ((height - top - bottom) * Math.log(y / y0)) / Math.log(y1 / y0));

  const xTicks = [...new Set(xs)].sort((a, b) => a - b);
  const parts = [
    `<text class="title" x="${left}" y="18">${title}</text>`,
    ...yTicks.flatMap((y) => [
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${Y(y)}" y2="${Y(y)}"/>`,
      `<text x="${left - 6}" y="${Y(y) + 4}" text-anchor="end">${label(y)}</text>`,
    ]),
    ...xTicks.flatMap((x) => [
      `<line class="grid" x1="${X(x)}" x2="${X(x)}" y1="${top}" y2="${height - bottom}"/>`,
      `<text x="${X(x)}" y="${height - bottom + 16}" text-anchor="middle">${label(x)}</text>`,
    ]),
    `<text x="${(left + width - right) / 2}" y="${height - bottom + 33}" text-anchor="middle">${xLabel}</text>`,
    `<text transform="rotate(-90)" x="${-(top + height - bottom) / 2}" y="13" text-anchor="middle">${yLabel}</text>`,
  ];
  let legend = left;
  series.forEach(({ name, dashed, points }, k) => {
    const stroke = `fill="none" stroke="${colours[k % colours.length]}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ""}`;
    parts.push(`<polyline ${stroke} points="${points.map(([x, y]) => `${X(x)},${Y(y)}`).join(" ")}"/>`);
    if (!dashed) {
      for (const [x, y] of points) {
        parts.push(`<circle cx="${X(x)}" cy="${Y(y)}" r="3" fill="${colours[k % colours.length]}"/>`);
      }
    }
    parts.push(
      `<line ${stroke} x1="${legend}" x2="${legend + 22}" y1="${height - 10}" y2="${height - 10}"/>`,
      `<text x="${legend + 27}" y="${height - 6}">${name}</text>`,
    );
    legend += 44 + 6.6 * name.length;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>${title}</title>
  <style>
    ${style}
  </style>
  ${parts.join("\n  ")}
</svg>
`;
}

/** Ticks: 1, 2 and 5 times the powers of ten, from below `from` to above `to`. Some are left out where they would crowd. */
function powers(from: number, to: number): number[] {
  const decades = Math.log10(to / from);
  const steps = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5];
  const all: number[] = [];
  for (let e = Math.floor(Math.log10(from)); e <= Math.ceil(Math.log10(to)); e++) {
    for (const step of steps) all.push(Number(`${step}e${e}`));
  }
  const below = all.filter((tick) => tick <= from).at(-1) ?? all[0];
  const above = all.find((tick) => tick >= to) ?? all[all.length - 1];
  return all.filter((tick) => tick >= below && tick <= above);
}

function label(x: number): string {
  return x >= 1 ? x.toLocaleString("en") : `${x}`;
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}
