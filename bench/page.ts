// `npm run bench:page`: writes the newest results into docs/performance.md and README.md, between the comments that name
// them: <!-- bench: ratios --> … <!-- /bench -->.
import { readFileSync, writeFileSync } from "node:fs";
import prettier from "prettier";
import { root } from "../scripts/root.ts";
import type { Growth, Predictions, Runs, Scaling, Speed } from "./result-types.ts";
import { newest } from "./results.ts";
import {
  contestantsTable,
  formulaTable,
  growthTable,
  limitTable,
  machine,
  notesOf,
  predictionsTable,
  ratiosTable,
  runsTable,
  scalingTable,
  targetsTable,
} from "./tables.ts";

const speed = newest<Speed>("speed");
const runs = newest<Runs>("runs");
const growth = newest<Growth>("growth");
const scaling = newest<Scaling>("threads");
const predictions = newest<Predictions>("predict");

const parts: Record<string, string | undefined> = {
  limit:
    speed &&
    `${machine(speed.environment)} The peak of one core was ${speed.peak.toFixed(1)} GFLOP/s. ` +
      `Medians of ${speed.settings.rounds} rounds.\n\n${limitTable(speed)}`,
  ratios: speed && ratiosTable(speed),
  summary: speed && ratiosTable(speed, ["plain TypeScript", "brain.js", "tfjs-wasm", "jax-js"]),
  contestants: speed && `${contestantsTable(speed)}\n\n${notesOf(speed).replaceAll("\n", "\\\n")}`,
  targets: speed && targetsTable(speed),
  runs: runs && runsTable(runs),
  formula:
    growth &&
    `${formulaTable(growth)}\n\nOver the points below it is off by ${Math.round(100 * growth.formula.off)} % at worst.`,
  growth: growth && growthTable(growth),
  scaling: scaling && `${machine(scaling.environment)}\n\n${scalingTable(scaling)}`,
  predictions:
    predictions &&
    `${machine(predictions.environment)} The peak of one core was ${predictions.peak.toFixed(1)} GFLOP/s.\n\n` +
      predictionsTable(predictions),
};

for (const file of ["docs/performance.md", "README.md"]) {
  const path = `${root}/${file}`;
  const text = readFileSync(path, "utf8").replace(
    /(<!-- bench: (\w+) -->\n)[^]*?(<!-- \/bench -->)/g,
    (all, start: string, name: string, end: string) => {
      if (!Object.hasOwn(parts, name)) throw new Error(`${file}: there is no result “${name}”`);
      const part = parts[name];
      console.log(`${file}: ${name} ${part ? "renewed" : "left as it is: not measured"}`);
      return part ? `${start}\n${part}\n\n${end}` : all;
    },
  );
  const options = await prettier.resolveConfig(path);
  writeFileSync(path, await prettier.format(text, { ...options, filepath: path }));
}
