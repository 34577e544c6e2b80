// propago bench: how fast this machine trains, in about ten seconds: samples and operations a second of a few networks, on
// one thread and on all.
import { cpus } from "node:os";
import { Command } from "commander";
import { type Layer, dense } from "../description/helpers.ts";
import { Network } from "../network/network.ts";
import { usefulThreads } from "../threads/machine.ts";
import { Interruption } from "./exit.ts";
import { figure, fitted, jsonLine } from "./text.ts";

/** The package's version, put in by scripts/bundle.ts. */
declare const PROPAGO_VERSION: string;

interface Bench {
  name: string;
  inputs: number;
  layers: Layer[];
  batchSize: number;
  rows: number;
}

/** From small steps, where the way to the core counts, to large ones, where only the processor does. */
const NETWORKS: readonly Bench[] = [
  { name: "table", inputs: 16, layers: [dense(32, "tanh"), dense(3, "softmax")], batchSize: 32, rows: 4096 },
  { name: "digits", inputs: 64, layers: [dense(64, "relu"), dense(10, "softmax")], batchSize: 32, rows: 4096 },
  { name: "images", inputs: 784, layers: [dense(128, "relu"), dense(10, "softmax")], batchSize: 32, rows: 1024 },
  {
    name: "large",
    inputs: 784,
    layers: [dense(512, "relu"), dense(512, "relu"), dense(10, "softmax")],
    batchSize: 256,
    rows: 512,
  },
];
/** Seconds that all measurements take together, and the part of each that is for warming up. */
const SECONDS = 9;
const WARMING = 0.2;

/** What was measured of a network with so many threads. */
interface Measured {
  network: string;
  layers: string;
  batchSize: number;
  threads: number;
  samplesPerSecond: number;
  gigaflops: number;
}

export function benchCommand(): Command {
  return new Command("bench")
    .description("Measure how fast this machine trains, in about ten seconds.")
    .option("--json", "print the figures as one line of JSON", false)
    .action(bench);
}

async function bench({ json }: { json: boolean }): Promise<void> {
  const processor = { cores: cpus().length, model: cpus()[0]?.model.trim() ?? "unknown" };
  const all = usefulThreads();
  const counts = all > 1 ? [1, all] : [1];
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Interruption("interrupted before all was measured"));
  process.once("SIGINT", stop);
  if (!json) process.stdout.write(`${processor.model}, ${processor.cores} cores; Node ${process.versions.node}; propago ${PROPAGO_VERSION}\n\n${HEAD}\n`); // prettier-ignore
  const measured: Measured[] = [];
  try {
    for (const one of NETWORKS) {
      for (const threads of counts) {
        const seconds = SECONDS / (NETWORKS.length * counts.length);
        const result = await measure(one, threads, seconds, controller.signal);
        measured.push(result);
        if (!json) process.stdout.write(`${lineOf(result)}\n`);
      }
    }
  } finally {
    process.off("SIGINT", stop);
  }
  const about = { propago: PROPAGO_VERSION, node: process.versions.node, platform: process.platform, architecture: process.arch, processor }; // prettier-ignore
  if (json) process.stdout.write(jsonLine({ ...about, networks: measured }));
}

/** Trains for so many seconds, after a while of warming up that does not count. */
async function measure(one: Bench, threads: number, seconds: number, signal: AbortSignal): Promise<Measured> {
  const { inputs, layers, batchSize, rows, name } = one;
  const network = new Network({ inputs, layers, optimizer: "adam" });
  // Any numbers do, as long as they stay within −1..1: speed does not depend on them.
  const x = Float32Array.from({ length: rows * inputs }, (_, i) => ((i * 7919) % 2011) / 1005 - 1);
  const y = Int32Array.from({ length: rows }, (_, row) => row % network.outputs);
  const train = async (timeLimit: number): Promise<number> => {
    const before = performance.now();
    const { epochs } = await network.fit({ x, y }, { epochs: 1e6, batchSize, timeLimit, threads, metrics: [], signal });
    // A fit that ends within its first epoch has no report of it.
    const done = epochs.length === 0 ? 0 : epochs[epochs.length - 1].epoch - epochs[0].epoch + 1;
    const spent = epochs.reduce((sum, own) => sum + own.seconds, 0);
    const isThinned = epochs.length < done;
    return (done * rows) / (isThinned ? (performance.now() - before) / 1000 : spent || Infinity);
  };
  try {
    await train(WARMING * seconds);
    const samplesPerSecond = await train((1 - WARMING) * seconds);
    const gigaflops = (samplesPerSecond * flopsOf(network.getWeights())) / 1e9;
    const sizes = [inputs, ...layers.map((layer) => (layer as { units: number }).units)];
    return { network: name, layers: sizes.join("-"), batchSize, threads, samplesPerSecond, gigaflops };
  } finally {
    network.dispose();
  }
}

/** Operations that training takes for a sample: forward and back; the first layer passes no errors on. */
function flopsOf(layers: readonly { weights: ArrayLike<number> }[]): number {
  return layers.reduce((sum, { weights }, l) => sum + (l === 0 ? 4 : 6) * weights.length, 0);
}

const WIDTHS = [10, 20, 8, 9, 14, 10] as const;

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => fitted(cell, WIDTHS[i], i > 1)).join(" ").trimEnd(); // prettier-ignore
}

const HEAD = row(["network", "layers", "batch", "threads", "samples/s", "GFLOP/s"]);

function lineOf({ network, layers, batchSize, threads, samplesPerSecond, gigaflops }: Measured): string {
  const speed = Number(samplesPerSecond.toPrecision(3)).toLocaleString("en-US");
  return row([network, layers, String(batchSize), String(threads), speed, figure(gigaflops, 3)]);
}
