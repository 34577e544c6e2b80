// The sections on where the model comes from: what it was chosen from and why, what it is made of, and the data's columns.
import type { Rows } from "../data/scaling.ts";
import type { Chapter, Writing } from "./chapter.ts";
import { table } from "./gallery.ts";
import { type Html, html } from "./html.ts";
import type { Importances } from "./importance.ts";
import { valuesOf } from "./inputs.ts";
import { count, figure, percent, shortened } from "./words.ts";

/** What was chosen, from what, and by which figures; nothing where nothing was compared. */
export function choice({ subject }: Chapter): Html | undefined {
  const chosen = subject.estimator?.chosen;
  if (chosen === undefined) return undefined;
  const { candidates, by, folds, networks, effort, isCutShort } = chosen;
  const tried = [...candidates].sort((a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity));
  const how =
    by === "folds"
      ? `With effort “${effort}”, ${count(candidates.length, "kind")} of networks were compared by their loss on rows that were left out in training (${folds > 1 ? `${folds} parts in turn` : "one part, once"}). Kinds with a lower loss have a larger share of the answer.`
      : by === "trainingLoss"
        ? "The rows are all that there can be, so none was left out: the network that learnt them by heart was taken."
        : "There was one kind of network to take.";
  const rows = tried.map(({ description, loss, weight, networks: own }) => [shortened(description, 120), figure(loss), weight > 0 ? percent(weight) : "–", own > 0 ? figure(own) : "–"]); // prettier-ignore
  const head = ["kind of network", "loss on rows left out", "share of the answer", "networks"];
  return html`<p>
      ${how} The model consists of
      ${count(networks, "network")}.${isCutShort && " The time limit ended the search, so another machine may choose otherwise."}
    </p>
    ${table("What was compared", head, rows, [1, 2, 3])}`;
}

/** What the model is made of. */
export function madeOf({ subject }: Chapter): Html {
  const { networks, kind } = subject;
  const parameters = networks.reduce((sum, network) => sum + network.parameterCount, 0);
  const [first] = networks;
  const rows = [
    ["model", kind === "network" ? "a network" : `a ${kind} of ${count(networks.length, "network")}`],
    ["weights and biases", figure(parameters)],
    ["numbers in, for a row", figure(subject.columns)],
    ["seed", String(first.seed)],
    ["precision", first.dtype],
    [networks.length > 1 ? "fingerprint of the weightiest network" : "fingerprint", first.fingerprint()],
  ];
  return html`${table("The model", ["what", "value"], rows)}<pre tabindex="0" role="region" aria-label="Layers">${first.summary()}</pre>${networks.length > 1 && html`<p>The layers are those of the weightiest network.</p>`}`; // prettier-ignore
}

const MOST_COLUMNS = 60;
const MOST_ROWS = 10_000;

/** The data's columns: what each holds, and how much it counts. */
export function dataTable({ inputs }: Writing, x: Rows | undefined, importances: Importances | undefined): Html {
  const strongest = importances?.list.map(({ input }) => input) ?? [];
  const isAll = inputs.length <= MOST_COLUMNS;
  const order = isAll ? inputs.map((_, i) => i) : [...new Set([...strongest, ...inputs.keys()])].slice(0, MOST_COLUMNS);
  const drop = new Map(importances?.list.map(({ input, drop: own }) => [input, own]));
  const rows = order.map((i) => {
    const input = inputs[i];
    const { range, missing } = x === undefined ? { range: "", missing: "" } : rangeOf(x, inputs[i]);
    return [
      shortened(input.name, 60),
      input.kind,
      shortened(range || input.more, 140),
      missing,
      figure(drop.get(i), 3),
    ];
  });
  const head = ["column", "kind", "values", "missing", "fall when shuffled"];
  const note = isAll ? undefined : html`<p>Of ${figure(inputs.length)} columns, ${MOST_COLUMNS}${strongest.length > 0 && ", those that count most first"}.</p>`; // prettier-ignore
  return html`${table("Columns that the model learns from", head, rows, [3, 4])}${note}`;
}

/** What stands in a column: from which number to which, or the most frequent words. */
function rangeOf(x: Rows, input: Writing["inputs"][number]): { range: string; missing: string } {
  const rows = Math.min(x.rows, MOST_ROWS);
  const words = new Map<string, number>();
  let [least, most, missing] = ["", "", 0];
  let [low, high] = [Infinity, -Infinity];
  for (let row = 0; row < rows; row++) {
    const values = valuesOf(x.data, row, x.columns, input);
    const number = input.number(values);
    const word = input.kind === "category" || Number.isNaN(number) ? input.word(values) : "";
    if (/^\(?missing\)?$/.test(word)) missing++;
    else if (input.kind === "category") words.set(word, (words.get(word) ?? 0) + 1);
    if (number < low) [low, least] = [number, input.word(values)];
    if (number > high) [high, most] = [number, input.word(values)];
  }
  const lacking = missing === 0 ? "" : percent(missing / Math.max(1, rows));
  if (input.kind !== "category") return { range: low <= high ? (least === most ? least : `${least} to ${most}`) : "", missing: lacking }; // prettier-ignore
  const frequent = [...words].sort(([, a], [, b]) => b - a);
  const shown = frequent.slice(0, 5).map(([word, n]) => `${shortened(word, 24)} ${percent(n / rows)}`);
  return { range: shown.join(", ") + (frequent.length > 5 ? `, … (${frequent.length} words)` : ""), missing: lacking };
}
