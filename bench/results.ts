// Results of benchmarks: JSON files in bench/results, and the newest of each kind.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { root } from "../scripts/root.ts";

const folder = `${root}/bench/results`;

export interface Environment {
  date: string;
  processor: string;
  cores: number;
  system: string;
  node: string;
  v8: string;
  /** How busy the machine was with other work when the run began: runnable processes, mean of a minute. */
  load: number;
}

export function environment(): Environment {
  return {
    date: new Date().toISOString(),
    processor: os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    v8: process.versions.v8,
    load: Math.round(os.loadavg()[0] * 10) / 10,
  };
}

/** Writes a result; gives its path from the repository. */
export function save(kind: string, result: { environment: Environment }): string {
  mkdirSync(folder, { recursive: true });
  const name = `${kind}-${result.environment.date.replaceAll(":", "-").slice(0, 19)}.json`;
  writeFileSync(`${folder}/${name}`, JSON.stringify(result, null, 2) + "\n");
  return `bench/results/${name}`;
}

/** The newest result of a kind, or nothing where there is none. */
export function newest<T>(kind: string): T | undefined {
  mkdirSync(folder, { recursive: true });
  const name = readdirSync(folder)
    .filter((name) => name.startsWith(`${kind}-`))
    .sort()
    .at(-1);
  return name === undefined ? undefined : (JSON.parse(readFileSync(`${folder}/${name}`, "utf8")) as T);
}
