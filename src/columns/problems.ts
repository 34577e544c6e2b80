// What is wrong with a table, gathered so that one message can name all of it, and what was decided for the user, gathered
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
  /** In camel case, as the options of train. */
  option: RemedyOption;
  value: string;
}

export interface Problem {
  code: ErrorCode;
  message: string;
  /** All of them together mend it; without them nothing that can be said on a command line does. */
  remedies?: readonly Remedy[];
  /** Numbers of lines without which the file can be read. */
  badLines?: readonly number[];
  /** The encoding that the file has instead of UTF-8, as iconv and TextDecoder call it. */
  encoding?: string;
}

/** An error that consists of problems, for those who can find a command that works. */
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

/** A line that tells a choice, from the columns' names and the first one as it stands on a command line. */
type Phrase = (names: string, first: string) => string;

/** Things that were decided for the user, by kind: one line for all columns of a kind. */
export class Choices {
  readonly #byKind = new Map<string, { phrase: (items: readonly Item[]) => string; items: Item[] }>();

  of(kind: string, column: string, place: number, phrase: Phrase): void {
    const named = (items: readonly Item[]) => {
      const names = list(items.map((item) => calledOf(item.column, item.place)));
      return phrase(names, columnArgument(items[0].column, items[0].place));
    };
    this.#add(kind, { column, place, cells: 0 }, named);
  }

  /** As `of`, for so many cells of each column; the phrase gets their sum. */
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

/** How many names or cells a message lists. */
export const LISTED = 5;

export function list(names: readonly string[], most = LISTED): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

export function listShown(names: readonly string[]): string {
  return list(names.map(show));
}

/** How messages call a column: by its name, or by its number where it has none. */
export function calledOf(name: string, place: number): string {
  return name === "" ? `column ${place + 1}` : show(name);
}

/** What names a column on a command line, without quotes for the shell. */
export function columnName(name: string, place: number): string {
  return name === "" || /[\n\r]/.test(name) ? String(place + 1) : name;
}

/** A column as it stands behind an option, quoted for the shell. */
export function columnArgument(name: string, place: number): string {
  return quotedForShell(columnName(name, place));
}

/** A word as a POSIX shell reads it back. */
export function quotedForShell(text: string): string {
  return /^[\w.,:=/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** "1 cell", "2 cells". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
