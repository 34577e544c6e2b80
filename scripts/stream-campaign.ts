// Trains on a CSV file that is larger than memory may be, streamed anew in each epoch, and says how much memory that took:
// `npx tsx scripts/stream-campaign.ts 2000 2` for 2,000 MB and two epochs, after a build. CI runs a twentieth of it
// (test/streams-memory.test.ts) on rows that are made as they come. It fails above 300 MB.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { root } from "./root.ts";

interface Library {
  Network: new (options: object) => {
    fit(data: unknown, options: object): PromiseLike<{ epochs: { loss: number }[] }>;
  };
  dense: (units: number, activation?: string) => object;
}

interface Files {
  tableBatches?: (source: string, options: object) => Promise<AsyncIterable<unknown> & { inputs: number }>;
}

const MOST = 300e6;
const COLUMNS = 12;
const [megabytes = 2000, epochs = 2] = process.argv.slice(2).map(Number);

/** Writes a table of so many bytes, and gives how many rows it has. */
function write(path: string, bytes: number): number {
  const file = openSync(path, "w");
  let written = writeSync(file, `${Array.from({ length: COLUMNS }, (_, c) => `x${c}`).join(",")},y\n`);
  let rows = 0;
  while (written < bytes) {
    const lines: string[] = [];
    for (let i = 0; i < 10_000; i++, rows++) {
      const cells = Array.from({ length: COLUMNS }, (_, c) => ((Math.imul(rows * COLUMNS + c, 0x9e3779b1) >>> 8) % 20001) / 10000 - 1); // prettier-ignore
      lines.push(`${cells.join(",")},${(cells[0] - 0.5 * cells[1]).toFixed(5)}\n`);
    }
    written += writeSync(file, lines.join(""));
  }
  closeSync(file);
  return rows;
}

const folder = mkdtempSync(`${tmpdir()}/propago-stream-`);
try {
  const { Network, dense } = (await import(`${root}/dist/node.js`)) as Library;
  const { tableBatches } = (await import(`${root}/dist/files-node.js`)) as Files;
  if (tableBatches === undefined) throw new Error("this build has no reader of tables in batches");
  const path = `${folder}/large.csv`;
  const rows = write(path, megabytes * 1e6);
  const before = process.resourceUsage().maxRSS * 1024;
  const began = performance.now();
  const batches = await tableBatches(path, { target: "y", batchSize: 4096 });
  const network = new Network({ inputs: batches.inputs, layers: [dense(32, "relu"), dense(1)], seed: 1 });
  const { epochs: reports } = await network.fit(batches, { epochs, batchSize: 256 });
  const seconds = (performance.now() - began) / 1000;
  const most = process.resourceUsage().maxRSS * 1024;
  const figures = { rows, megabytes, epochs, seconds, megabytesPerSecond: (megabytes * epochs) / seconds, losses: reports.map(({ loss }) => loss), residentBefore: before / 1e6, resident: most / 1e6 }; // prettier-ignore
  console.log(JSON.stringify(figures));
  if (most > MOST) throw new Error(`${(most / 1e6).toFixed(0)} MB were resident, the limit is ${MOST / 1e6} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
