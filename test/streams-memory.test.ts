// A training on batches takes as much memory for many rows as for few: a twentieth of scripts/stream-campaign.ts, in a
// process of its own.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { root } from "../scripts/root.ts";

const program = (rows: number): string => `
  import { Network, dense } from "${root}/dist/node.js";
  const x = new Float32Array(4096 * 12);
  const y = new Float32Array(4096);
  function* batches() {
    for (let at = 0; at < ${rows}; at += 4096) {
      for (let i = 0; i < x.length; i++) x[i] = ((Math.imul(at * 12 + i, 0x9e3779b1) >>> 8) % 2001) / 1000 - 1;
      for (let i = 0; i < y.length; i++) y[i] = x[12 * i] - 0.5 * x[12 * i + 1];
      yield { x, y };
    }
  }
  const network = new Network({ inputs: 12, layers: [dense(16, "relu"), dense(1)] });
  const { epochs } = await network.fit(batches, { epochs: 2, batchSize: 256, threads: 1 });
  console.log(JSON.stringify({ resident: process.resourceUsage().maxRSS * 1024, loss: epochs.at(-1).loss }));
`;

test("a million rows twice, in arrays that are used again for each batch", () => {
  const run = (rows: number) => {
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program(rows)], { encoding: "utf8" });
    return JSON.parse(said) as { resident: number; loss: number };
  };
  const few = run(50_000);
  const many = run(1_000_000);
  expect(many.loss).toBeLessThan(0.001);
  // All rows would take 52 MB more.
  expect(many.resident - few.resident).toBeLessThan(25e6);
  expect(many.resident).toBeLessThan(300e6);
});
