// The whole campaign against the public interface, of which CI runs a twentieth (test/campaign.test.ts): prints how many
// calls were made and what they came to. `npm run campaign -- 200000 7`: so many calls, from that seed on.
import { spawnSync } from "node:child_process";
import "../src/node.ts";
import { CAMPAIGN, campaign } from "../test/fuzzing.ts";
import { KILLS, killing } from "../test/killing.ts";
import { root } from "./root.ts";

const [runs = CAMPAIGN, seed = 1] = process.argv.slice(2).map(Number);
process.on("unhandledRejection", (error) => {
  console.error("unhandled rejection:", error);
  process.exitCode = 1;
});
const began = performance.now();
const step = 5000;
for (let done = 0; done < runs; done += step) {
  const outcome = await campaign(Math.min(step, runs - done), seed + done);
  console.log(`${done + outcome.runs} of ${runs}, ${((performance.now() - began) / 1000).toFixed(0)} s:`, JSON.stringify(outcome)); // prettier-ignore
}
// Trainings that are killed and resumed, as many times as the share of the calls.
const kills = Math.ceil((KILLS * runs) / CAMPAIGN);
const { runs: ended, resumed } = await killing(kills, seed);
console.log(`${kills} kills, ${resumed} of them after a checkpoint: ${ended} trainings ended as they should`);

// The formats of files: cut off at every byte, and 100,000 random changes of each.
const { status } = spawnSync(process.execPath, [`${root}/node_modules/vitest/vitest.mjs`, "run", "test/files"], {
  cwd: root,
  env: { ...process.env, PROPAGO_CAMPAIGN: "1" },
  stdio: "inherit",
});
if (status !== 0) process.exitCode = 1;
