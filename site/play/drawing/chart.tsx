// The loss against the epochs, drawn by uPlot as often as the eye can follow.
import { effect, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { palette } from "./colours.ts";

export interface Line {
  label: string;
  colour: "train" | "test" | "accent";
  dash?: number[];
  values: () => readonly (number | null)[];
}

interface ChartProps {
  label: string;
  x: () => readonly number[];
  lines: readonly Line[];
  /** A signal that grows when there is something new. */
  version: { value: unknown };
  height: number;
  xLabel?: string;
  /** The axis of the values: logarithmic where they allow it. */
  isLogarithmic?: boolean;
}

const short = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

export function Chart({ label, x, lines, version, height, xLabel = "epoch", isLogarithmic }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const colours = palette.value;
  useEffect(() => {
    const element = box.current!;
    const data = () => [x(), ...lines.map(({ values }) => values())] as unknown as uPlot.AlignedData;
    const axis = { stroke: colours.muted, grid: { stroke: colours.line, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" }; // prettier-ignore
    const chart = new uPlot(
      {
        width: Math.max(120, element.clientWidth),
        height,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        padding: [8, 10, 0, 0],
        scales: {
          x: { time: false, range: (_self, low, high) => [low ?? 0, Math.max((low ?? 0) + 1, high ?? 1)] },
          y: isLogarithmic ? { distr: 3 } : { range: (_self, _low, high) => [0, Math.max(1e-6, high ?? 1) * 1.05] },
        },
        axes: [
          { ...axis, size: 22, gap: 2, space: 60 },
          { ...axis, size: 40, gap: 2, space: 26, values: (_self, splits) => splits.map((value) => (value === null ? "" : String(Number(value.toPrecision(3))))) }, // prettier-ignore
        ],
        series: [
          {},
          ...lines.map(({ label: name, colour, dash }) => ({
            label: name,
            stroke: colours[colour],
            width: 1.8,
            dash,
            points: { show: false },
            spanGaps: false,
          })),
        ],
        hooks: { setCursor: [(self) => tell(self)] },
      },
      data(),
      element,
    );
    const readout = element.parentElement!.querySelector<HTMLElement>(".readout");
    const tell = (self: uPlot) => {
      const at = self.cursor.idx;
      if (readout === null) return;
      if (at === null || at === undefined) readout.textContent = "";
      else readout.textContent = `${xLabel} ${self.data[0][at]}: ${lines.map((line, k) => `${line.label} ${short(self.data[k + 1][at])}`).join(", ")}`; // prettier-ignore
    };
    let drawn = 0;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      waiting = undefined;
      drawn = performance.now();
      chart.setData(data());
    };
    const stop = effect(() => {
      void version.value;
      untracked(() => {
        if (waiting === undefined) waiting = setTimeout(draw, Math.max(0, 66 - (performance.now() - drawn)));
      });
    });
    const size = new ResizeObserver(() => chart.setSize({ width: Math.max(120, element.clientWidth), height }));
    size.observe(element);
    return () => {
      stop();
      clearTimeout(waiting);
      size.disconnect();
      chart.destroy();
    };
  }, [colours, height, isLogarithmic]);
  return (
    <figure class="chart">
      <figcaption>
        {lines.map((line) => (
          <span key={line.label} class="key">
            <svg width="18" height="8" aria-hidden="true">
              <line
                x1="0"
                y1="4"
                x2="18"
                y2="4"
                stroke={colours[line.colour]}
                stroke-width="2"
                stroke-dasharray={line.dash?.join(" ")}
              />{" "}
              {/* prettier-ignore */}
            </svg>
            {line.label}
          </span>
        ))}
        <span class="readout" />
      </figcaption>
      <div ref={box} role="img" aria-label={label} />
    </figure>
  );
}
