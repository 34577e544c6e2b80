// The speeds that the library aims at, and whether a run of the benchmark reaches them.
import type { Estimate } from "./statistics.ts";

export interface Target {
  workload: string;
  what: string;
  asked: number;
  measured?: Estimate;
  /** "unclear" where the interval contains the target. */
  reached: "yes" | "no" | "unclear" | "not measured";
}

/** A workload's share of the peak, or ratio, by the names of contestants; nothing where it was not measured. */
export interface Lookup {
  share: (workload: string) => Estimate | undefined;
  ratio: (workload: string, fast: string, slow: string) => Estimate | undefined;
}

const shares = { mnist: 0.75, mlp: 0.85, wide: 0.85, deep: 0.55, ex4: 0.7, digits: 0.45 };
const overBrain = { online: 20, iris: 6, xor: 3 };
/** 1: never slower; then the library may choose how many threads to take. */
const overOneThread = { mnist: 1.3, mlp: 1.8, wide: 1.85, deep: 1.3, ex4: 1.7, digits: 1, online: 1, iris: 1, xor: 1 };

export function targets(workloads: readonly string[], { share, ratio }: Lookup): Target[] {
  const rows: Target[] = [];
  const add = (workload: string, what: string, asked: number, measured: Estimate | undefined, slack = 0) =>
    rows.push({ workload, what, asked, measured, reached: judge(asked - slack, measured) });
  const asked = (table: Record<string, number>, workload: string) =>
    Object.hasOwn(table, workload) ? table[workload] : undefined;

  for (const workload of workloads) {
    const part = asked(shares, workload);
    if (part) add(workload, "share of the peak", part, share(workload));
    const brain = asked(overBrain, workload);
    if (brain) add(workload, "over brain.js", brain, ratio(workload, "propago", "brain.js"));
    add(workload, "over tfjs-wasm", 12, ratio(workload, "propago", "tfjs-wasm"));
    add(workload, "over jax-js", 1.6, ratio(workload, "propago", "jax-js"));
    if (!brain) add(workload, "over plain TypeScript", 8, ratio(workload, "propago", "plain TypeScript"));
    const threads = asked(overOneThread, workload);
    const several = threads === 1 ? "propago, threads auto" : "propago, 2 threads";
    // "Never slower" is judged within 2 %.
    if (threads)
      add(workload, "two threads over one", threads, ratio(workload, several, "propago"), threads === 1 ? 0.02 : 0);
    add(workload, "two threads over tfjs-wasm", 20, ratio(workload, several, "tfjs-wasm"));
  }
  return rows;
}

function judge(asked: number, measured: Estimate | undefined): Target["reached"] {
  if (!measured) return "not measured";
  const [from, to] = measured.interval;
  if (from >= asked) return "yes";
  return to < asked ? "no" : "unclear";
}
