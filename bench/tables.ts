// Results as Markdown.
import type { Growth, Predictions, Runs, Scaling, Speed, SpeedRow } from "./result-types.ts";
import type { Environment } from "./results.ts";
import { type Estimate, median } from "./statistics.ts";

/** A number with three significant digits: 0.75, 12.3, 1,490. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return "–";
  if (x >= 100) return Math.round(Number(x.toPrecision(3))).toLocaleString("en");
  return x.toFixed(x >= 10 ? 1 : 2);
}

export function markdown(head: readonly string[], align: string, rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line([...align].map((side) => (side === "r" ? "---:" : "---"))), ...rows.map(line)].join("\n");
}

export function machine({ processor, cores, system, node, load }: Environment): string {
  const busy =
    load > 0.5 ? ` The machine had other work when the run began (load ${load}), which lowers all figures.` : "";
  return `${processor.trim()}, ${cores} cores, ${system}, Node ${node}.${busy}`;
}

const times = ({ mean, interval: [from, to] }: Estimate) => `×${digits(mean)} (${digits(from)}–${digits(to)})`;

/** One row for each contestant of each workload. */
export function contestantsTable(result: Speed): string {
  const notes = footnotes(result);
  return markdown(
    ["workload", "library", "samples/s", "GFLOP/s", "share of peak", "propago is", "loss before → after"],
    "llrrrrl",
    result.rows.map((row) => {
      const { workload, contestant, samplesPerSecond, gflops, share, ratio, loss, leftOut } = row;
      const mark = notes.indexOf(noteOf(row)) + 1;
      const name = mark > 0 ? `${contestant} [${mark}]` : contestant;
      if (leftOut || samplesPerSecond === undefined) return [workload, name, "–", "–", "–", "–", leftOut ?? ""];
      return [
        workload,
        name,
        digits(samplesPerSecond),
        digits(gflops ?? NaN),
        share ? share.mean.toFixed(2) : "–",
        ratio ? times(ratio) : "",
        loss ? `${loss.before.toPrecision(3)} → ${loss.after.toPrecision(3)}` : "",
      ];
    }),
  );
}

/** One row for each workload: how many times as fast as each of the others propago is, or as some of them. */
export function ratiosTable(result: Speed, only?: readonly string[]): string {
  const { networks, rows, versions } = result;
  const others = Object.keys(versions).filter((name) => (only ? only.includes(name) : !name.startsWith("propago")));
  return markdown(
    ["network, batch, optimizer", "propago, samples/s", ...others],
    `lr${"r".repeat(others.length)}`,
    Object.entries(networks).map(([workload, { network, batchSize, optimizer }]) => {
      const of = (name: string) => rows.find((row) => row.workload === workload && row.contestant === name);
      return [
        `${workload}: ${network}, ${batchSize}, ${optimizer}`,
        digits(of("propago")?.samplesPerSecond ?? NaN),
        ...others.map((name) => {
          const ratio = of(name)?.ratio;
          return ratio ? times(ratio) : "–";
        }),
      ];
    }),
  );
}

/** One row for each workload: how near propago comes to the peak, and what threads add. */
export function limitTable({ networks, rows }: Speed): string {
  const own = [...new Set(rows.map(({ contestant }) => contestant))].filter((name) => /^propago, .*thread/.test(name));
  return markdown(
    ["workload", "kFLOP a sample", "samples/s", "GFLOP/s", "share of peak", ...own.map((name) => name.slice(9))],
    `lrrrr${"r".repeat(own.length)}`,
    Object.entries(networks).map(([workload, { flops }]) => {
      const of = (name: string) => rows.find((row) => row.workload === workload && row.contestant === name);
      const one = of("propago");
      return [
        workload,
        digits(flops / 1000),
        digits(one?.samplesPerSecond ?? NaN),
        digits(one?.gflops ?? NaN),
        one?.share ? `${one.share.mean.toFixed(2)} (${one.share.interval.map((x) => x.toFixed(2)).join("–")})` : "–",
        ...own.map((name) => {
          const ratio = of(name)?.ratio;
          if (!ratio) return "–";
          const [from, to] = ratio.interval;
          return times({ mean: 1 / ratio.mean, interval: [1 / to, 1 / from] });
        }),
      ];
    }),
  );
}

export function targetsTable({ targets }: Speed): string {
  return markdown(
    ["workload", "target", "asked", "measured", "reached"],
    "llrrl",
    targets.map(({ workload, what, asked, measured, reached }) => [
      workload,
      what,
      `≥ ${asked}`,
      measured ? `${digits(measured.mean)} (${measured.interval.map(digits).join("–")})` : "–",
      reached,
    ]),
  );
}

/** How other libraries differ from what was asked, and which versions took part. */
export function notesOf(result: Speed): string {
  const versions = Object.entries(result.versions)
    .filter(([name]) => !name.startsWith("propago,"))
    .map(([name, version]) => `${name} ${version}`);
  return [...footnotes(result).map((note, k) => `[${k + 1}] ${note}`), versions.join(", ")].join("\n");
}

function footnotes({ rows }: Speed): string[] {
  return [...new Set(rows.map(noteOf))].filter(Boolean);
}

function noteOf({ contestant, differs }: SpeedRow): string {
  return differs ? `${contestant}: ${differs}.` : "";
}

/** Whole trainings: one row for each contestant of each task. */
export function runsTable({ tasks }: Runs): string {
  return markdown(
    ["until", "library", "seconds, median", "from–to", "epochs, median", "propago is", ""],
    "llrrrrl",
    tasks.map(({ task, title, contestant, runs, seconds, differs }) => {
      const own = tasks.find((other) => other.task === task && other.contestant === "propago")?.seconds ?? NaN;
      const times = runs.flatMap(({ seconds }) => seconds ?? []);
      const best = Math.max(...runs.map(({ accuracy }) => accuracy));
      return [
        title,
        contestant,
        seconds === undefined ? "–" : seconds.toPrecision(3),
        times.length > 0 ? `${Math.min(...times).toPrecision(3)}–${Math.max(...times).toPrecision(3)}` : "",
        `${median(runs.map(({ epochs }) => epochs))}`,
        contestant === "propago" || seconds === undefined ? "" : `×${digits(seconds / own)}`,
        [
          times.length < runs.length
            ? `reached by ${times.length} of ${runs.length}, best accuracy ${best.toFixed(3)}`
            : "",
          differs,
        ]
          .filter(Boolean)
          .join("; "),
      ];
    }),
  );
}

/** The points of the plots, with the operations that each takes. */
export function growthTable({ points, peak }: Growth): string {
  const several = points.some(({ auto }) => auto !== undefined);
  return markdown(
    ["axis", "network", "batch", "rows", "kFLOP a sample", "µs a sample", "by the formula", "GFLOP/s"]
      .concat("share of peak")
      .concat(several ? ["µs, threads auto"] : []),
    `llrrrrrrr${several ? "r" : ""}`,
    points.map(({ axis, network, batchSize, rows, flops, one, auto, predicted }) => [
      axis,
      network,
      `${batchSize}`,
      rows.toLocaleString("en"),
      digits(flops / 1000),
      digits(one),
      digits(predicted),
      digits(flops / one / 1000),
      digits(flops / one / 1000 / peak),
      ...(auto === undefined ? [] : [digits(auto)]),
    ]),
  );
}

/** The prices of the parts that the time of a sample is the sum of. */
export function formulaTable({ formula: { costs } }: Growth): string {
  return markdown(
    ["what a sample costs", "µs"],
    "lr",
    Object.entries(costs).map(([name, price]) => [name, price >= 10 ? `${Math.round(price)}` : price.toPrecision(2)]),
  );
}

/** How long predictions take. */
export function predictionsTable({ rows }: Predictions): string {
  return markdown(
    ["network", "rows a call", "threads", "µs a call", "at best", "rows/s", "GFLOP/s", "share of peak"],
    "lrrrrrrr",
    rows.map(({ network, rows, threads, median, best, gflops, share }) => [
      network,
      rows.toLocaleString("en"),
      threads,
      digits(median * 1000),
      digits(best * 1000),
      digits((rows * 1000) / median),
      digits(gflops),
      `${digits(share.mean)} (${digits(share.interval[0])}–${digits(share.interval[1])})`,
    ]),
  );
}

/** What two threads gain, by where they ran. */
export function scalingTable({ rows }: Scaling): string {
  return markdown(
    [
      "workload",
      "where the two ran",
      "hand-over, ns",
      "rounds",
      "one thread, ms",
      "two threads",
      "two trainings at once",
    ],
    "llrrrrr",
    rows.map(({ workload, place, handOver, rounds, one, team, both }) => [
      workload,
      place,
      digits(handOver),
      `${rounds}`,
      digits(one),
      times(team),
      times(both),
    ]),
  );
}
