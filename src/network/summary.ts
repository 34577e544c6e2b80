// A network's layers as a table, in text.
import { ACTIVATING_KINDS } from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Layer } from "../description/helpers.ts";

import { cut, printable } from "../ground/errors.ts";
import { countParameters } from "../description/tensors.ts";

export function summaryOf(description: NetworkDescription): string {
  const rows = [["layer", "kind", "inputs", "units", "activation", "parameters"]];
  for (const layer of description.layers) {
    rows.push([
      printable(cut(layer.name)).replaceAll("\n", " "),
      layer.spec.type,
      String(layer.inputs),
      String(layer.units),
      isOneOf(layer.kind, ACTIVATING_KINDS) ? layer.activation.name : optionsText(layer.spec),
      countParameters([layer]).toLocaleString("en-US"),
    ]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = [false, false, true, true, false, true];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("──"));
  const { loss, optimizer, dtype, seed } = description;
  lines.push(
    "",
    `${countParameters(description.layers).toLocaleString("en-US")} parameters, ${dtype}, loss ${loss.name}, ` +
      `optimizer ${optimizer.name}${optimizer.search ? "" : ` at ${Number(optimizer.learningRate.toPrecision(4))}`}, ` +
      `seed ${seed}`,
  );
  return lines.join("\n");
}

/** What was chosen for a layer, as in "rate 0.1". */
function optionsText({ type: _type, name: _name, ...options }: Layer): string {
  return Object.entries(options)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
}
