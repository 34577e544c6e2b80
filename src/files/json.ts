// JSON out of a file that nobody here wrote. JSON.parse takes the last of two equal keys and any depth; here both are
// errors that name their place, and objects have no prototype, so that no key means more than others.
import { show } from "../ground/errors.ts";
import { malformed } from "./bytes.ts";

export type JsonObject = Record<string, unknown>;

export interface JsonRules {
  /** Objects and arrays inside each other. */
  depth: number;
  /** Allows integers from 0 to 2⁵³ − 1 only, written without a sign, point or exponent. */
  wholeNumbers?: boolean;
  /** Where the text begins in its file, for messages. */
  offset?: number;
}

/** Parses strictly; whatever is not JSON, or breaks a rule, is ERR_FORMAT. */
export function parseJson(text: string, name: string, rules: JsonRules): unknown {
  return new JsonParser(text, name, rules).parse();
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WHOLE = /(0|[1-9]\d*)(?![\d.eE])/y;
/** All of a text up to its closing quote: no control characters, and escapes that exist. */
const TEXT = /"((?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/y; // eslint-disable-line no-control-regex -- JSON forbids them
/** What Python's json writes for numbers that JSON does not have. */
const NOT_FINITE: Readonly<Record<string, number>> = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

class JsonParser {
  readonly #text: string;
  readonly #name: string;
  readonly #rules: JsonRules;
  #at = 0;

  constructor(text: string, name: string, rules: JsonRules) {
    this.#text = text;
    this.#name = name;
    this.#rules = rules;
  }

  parse(): unknown {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#bad("text behind its end");
    return value;
  }

  #bad(problem: string) {
    return malformed(this.#name, `the JSON has ${problem} at byte ${this.#at + (this.#rules.offset ?? 0)}`);
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }

  #accept(token: string): boolean {
    this.#space();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #value(depth: number): unknown {
    this.#space();
    const first = this.#text[this.#at];
    if (first === "{" || first === "[") {
      if (depth >= this.#rules.depth) throw this.#bad(`more than ${this.#rules.depth} objects inside each other`);
      this.#at++;
      return first === "{" ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    if (first === '"') return this.#string();
    if (this.#accept("true")) return true;
    if (this.#accept("false")) return false;
    if (this.#accept("null")) return null;
    return this.#number();
  }

  #object(depth: number): JsonObject {
    const object = Object.create(null) as JsonObject;
    if (this.#accept("}")) return object;
    do {
      this.#space();
      const key = this.#string();
      if (key in object) throw this.#bad(`the key ${show(key)} a second time`);
      if (!this.#accept(":")) throw this.#bad('no ":" where one is expected');
      object[key] = this.#value(depth);
    } while (this.#accept(","));
    if (!this.#accept("}")) throw this.#bad('no "," or "}" where one is expected');
    return object;
  }

  #array(depth: number): unknown[] {
    const values: unknown[] = [];
    if (this.#accept("]")) return values;
    do values.push(this.#value(depth));
    while (this.#accept(","));
    if (!this.#accept("]")) throw this.#bad('no "," or "]" where one is expected');
    return values;
  }

  #string(): string {
    TEXT.lastIndex = this.#at;
    const match = TEXT.exec(this.#text);
    if (match === null) throw this.#bad("no text in quotes where one is expected");
    this.#at = TEXT.lastIndex;
    return match[1].includes("\\") ? (JSON.parse(match[0]) as string) : match[1];
  }

  #number(): number {
    if (!this.#rules.wholeNumbers) {
      for (const [word, value] of Object.entries(NOT_FINITE)) if (this.#accept(word)) return value;
    }
    const pattern = this.#rules.wholeNumbers ? WHOLE : NUMBER;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) {
      throw this.#bad(
        this.#rules.wholeNumbers ? "no whole number >= 0 where one is expected" : "no value where one is expected",
      );
    }
    const value = Number(match[0]);
    if (this.#rules.wholeNumbers && !Number.isSafeInteger(value)) throw this.#bad(`the number ${match[0]}`);
    if (!Number.isFinite(value)) throw this.#bad(`the number ${match[0].slice(0, 20)}, which is too large`);
    this.#at = pattern.lastIndex;
    return value;
  }
}
