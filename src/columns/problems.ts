// Collects what is wrong with a table, so that one message can list all of it. Collects what was decided for the user,
// so that a thousand columns of one kind take one line.
import { PropagoError, show } from "../ground/errors.ts";
import type { ErrorCode } from "../ground/errors.ts";

type RemedyOption =
  | "ignore"
  | "text"
  | "number"
  | "missing"
  | "missingValues"
  | "maxCategories"
  | "decimal"
  | "dateOrder"
  | "task"
  | "target"
  | "delimiter"
  | "skipLines"
  | "header"
  | "comment";

/** An option that mends a problem or overrules a choice. */
export interface Remedy {
  /** The option of train, in camel case. */
  option: RemedyOption;
  value: string;
}

export interface Problem {
  code: ErrorCode;
  message: string;
  /** Options that together solve the problem. Undefined if no option can. */
  remedies?: readonly Remedy[];
  /** Numbers of the lines that must be removed before the file can be read. */
  badLines?: readonly number[];
  /** The encoding of a file that is not UTF-8, by its name in iconv and TextDecoder. */
  encoding?: string;
}

/** An error that consists of problems. The command looks for options that solve them. */
export class TableError extends PropagoError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], file: string, advice = "") {
    const [first] = problems;
    const codes = new Set(problems.map(({ code }) => code));
    const code = codes.size === 1 ? first.code : "ERR_DATA";
    const listed =
      problems.length === 1
        ? first.message
        : `${file} has ${problems.length} problems:\n${problems.map(({ message }) => `  ${message}`).join("\n")}`;
    super(code, advice === "" ? listed : `${listed}\n${advice}`);
    this.problems = problems;
  }
}

/** Makes the line that reports a choice, from the columns' names and the first name as a command-line argument. */
type Phrase = (names: string, first: string) => string;

/** Decisions that were made for the user, by kind. All columns of a kind share a line. */
export class Choices {
  readonly #byKind = new Map<string, { phrase: (items: readonly Item[]) => string; items: Item[] }>();

  of(kind: string, column: string, place: number, phrase: Phrase): void {
    const named = (items: readonly Item[]) => {
      const names = list(items.map((item) => calledOf(item.column, item.place)));
      return phrase(names, columnArgument(items[0].column, items[0].place));
    };
    this.#add(kind, { column, place, cells: 0 }, named);
  }

  /** Like `of`, with a number of cells for each column. The phrase gets their sum. */
  counted(
    kind: string,
    column: string,
    place: number,
    cells: number,
    phrase: (names: string, cells: number) => string,
  ): void {
    this.#add(kind, { column, place, cells }, (items) => {
      const names = list(items.map((item) => `${calledOf(item.column, item.place)} (${item.cells})`));
      return phrase(
        names,
        items.reduce((sum, item) => sum + item.cells, 0),
      );
    });
  }

  /** The kinds of what was decided, by the columns' places. */
  kinds(): Map<number, string[]> {
    const byPlace = new Map<number, string[]>();
    for (const [kind, { items }] of this.#byKind) {
      for (const { place } of items) byPlace.set(place, [...(byPlace.get(place) ?? []), kind]);
    }
    return byPlace;
  }

  lines(): string[] {
    return [...this.#byKind.values()].map(({ phrase, items }) => phrase(items));
  }

  #add(kind: string, item: Item, phrase: (items: readonly Item[]) => string): void {
    const entry = this.#byKind.get(kind) ?? { phrase, items: [] };
    entry.items.push(item);
    this.#byKind.set(kind, entry);
  }
}

interface Item {
  column: string;
  place: number;
  cells: number;
}

/** The largest number of names or cells that a message lists. */
export const LISTED = 5;

export function list(names: readonly string[], most = LISTED): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

export function listShown(names: readonly string[]): string {
  return list(names.map(show));
}

/** A column's name in messages, or its number if it has no name. */
export function calledOf(name: string, place: number): string {
  return name === "" ? `column ${place + 1}` : show(name);
}

/** A column's name on a command line, not yet quoted for the shell. */
export function columnName(name: string, place: number): string {
  return name === "" || /[\n\r]/.test(name) ? String(place + 1) : name;
}

/** A column's name on a command line, quoted for the shell. */
export function columnArgument(name: string, place: number): string {
  return quotedForShell(columnName(name, place));
}

/** Quotes a word for a POSIX shell. */
export function quotedForShell(text: string): string {
  return /^[\w.,:=/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** "1 cell", "2 cells". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
