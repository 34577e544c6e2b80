// Options that several commands share, each with its check.
import { InvalidArgumentError, Option } from "commander";
import { SPACES } from "../columns/cells.ts";
import { DELIMITERS } from "../columns/header.ts";
import { guessOf } from "../ground/options.ts";

const NAMED_DELIMITERS: Record<string, string> = {
  tab: "\t",
  "\\t": "\t",
  comma: ",",
  semicolon: ";",
  pipe: "|",
  space: SPACES,
};

export function delimiterOption(): Option {
  const what = "what separates fields: , ; tab | or space (default: found out)";
  return new Option("--delimiter <character>", what).argParser((text) => {
    const delimiter = NAMED_DELIMITERS[text] ?? text;
    if (delimiter === SPACES || (DELIMITERS as readonly string[]).includes(delimiter)) return delimiter;
    throw new InvalidArgumentError("Expected one of , ; tab | space.");
  });
}

export function decimalOption(): Option {
  return new Option("--decimal <sign>", 'what begins decimals, "." or "," (default: found out)').argParser((text) => {
    if (text === "." || text === ",") return text;
    throw new InvalidArgumentError('Expected "." or ",".');
  });
}

/** Collects the values of an option that may be given more than once. */
export function gathered(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** Makes a parser for numbers in a range, both ends included. */
export function number({ least = -Infinity, most = Infinity, whole = false }): (text: string) => number {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most && Number.isFinite(value) && (!whole || Number.isSafeInteger(value)))
      return value;
    const kind = whole ? "a whole number" : "a number";
    const from = least > -Infinity ? (least === Number.MIN_VALUE ? " above 0" : ` from ${least}`) : "";
    const to = most < Infinity ? ` to ${most}` : "";
    throw new InvalidArgumentError(`Expected ${kind}${from}${to}.`);
  };
}

/** Makes a parser for a name from a table, or JSON such as {"name":"huber","delta":2}, which the library checks. */
export function namedOption<N extends string>(table: Readonly<Record<N, object>>): (text: string) => N | { name: N } {
  return (text) => {
    if (Object.hasOwn(table, text)) return text as N;
    if (!text.startsWith("{")) {
      const guess = guessOf(text, Object.keys(table));
      throw new InvalidArgumentError(
        `${guess.trimStart()} Allowed choices are ${Object.keys(table).join(", ")}, or JSON with the name.`.trimStart(),
      );
    }
    try {
      return JSON.parse(text) as { name: N };
    } catch {
      throw new InvalidArgumentError('Expected a name, or JSON such as {"name":"huber","delta":2}.');
    }
  };
}

/** Parses layer sizes such as "16,16", or "none". */
export function layerSizes(text: string): number[] {
  if (text === "none") return [];
  const whole = number({ least: 1, most: 1e7, whole: true });
  try {
    return text.split(",").map((part) => whole(part.trim()));
  } catch {
    throw new InvalidArgumentError('Expected layer sizes such as 16 or 16,16, or "none".');
  }
}
