// Reads the first lines of a table: finds which lines are no rows, the delimiter, and the names of the columns. The
// table's warnings report every decision, with the option that overrules it.
import { PropagoError, show } from "../ground/errors.ts";
import { afterLine, cellOf, countOf, cut, lineEnd, SPACES, widthOf } from "./cells.ts";
import type { Records } from "./cells.ts";
import { count, list, TableError } from "./problems.ts";
import { missingTest } from "./missing.ts";
import { parseNumber } from "./numbers.ts";
import type { MissingTest } from "../data/table.ts";
import { isSeries, refuseNames, refuseNoRows, refuseTitles } from "./titles.ts";

export const DELIMITERS = [",", ";", "\t", "|"] as const;

/** What the user says about a file. The rest is found out. */
export interface ReadingOptions {
  delimiter?: string;
  /** What separates the fields by the file's name, if the header line has it. */
  likely?: string;
  /** Whether the first line names the columns. */
  header?: boolean;
  /** How many lines stand before the table. */
  skipLines?: number;
  /** Lines that begin with this are no rows. */
  comment?: string;
  /** Column names that a model expects. A first line that contains one of them is a header. */
  expected?: readonly string[];
  /** Whether a cell means that there is no value. */
  isMissing?: MissingTest;
}

/** A table's records with the names of its columns. */
export interface Frame {
  records: Records;
  columns: string[];
  /** The record of the first row. */
  firstRow: number;
  hasHeader: boolean;
  /** How many fields of each record are columns; a trailing delimiter makes one more field. */
  width: number;
  /** What begins lines that are no rows, whether the user says it or it was found out. */
  comment?: string;
  warnings: string[];
}

const MAX_COLUMNS = 1e6;
/** How many rows decide what separates the fields, and whether there is a header. */
const PREVIEW = 50;
/** How many rows decide whether the words of the first line are names. */
const MOST_WORDS = 1000;
/** With more wrong lines than this, they are not listed. */
const MOST_BAD_LINES = 20;

/**
 * Reads a text's records and finds its columns.
 * @throws PropagoError ERR_CSV, naming file and line, for what is no table.
 */
export function frameTable(text: string, file: string, options: ReadingOptions): Frame {
  const warnings: string[] = [];
  const place = begin(text, file, options, warnings);
  const delimiter =
    options.delimiter ??
    place.delimiter ??
    likelyDelimiter(text, place, options) ??
    detectDelimiter(text, file, place, options);
  let comment = options.comment;
  let records = cut(text, delimiter, { file, ...place, comment });
  if (countOf(records) === 0) throw new PropagoError("ERR_DATA", `${file} is empty; expected a header line and rows`);
  if (comment === undefined && areCommentsUneven(records, options)) {
    comment = "#";
    records = cut(text, delimiter, { file, ...place, comment });
    warnings.push(`${file}: lines that begin with # were left out, as with --comment "#"`);
  }
  const { width, names, hasRowNames } = fit(records, file, options);
  if (names.length > MAX_COLUMNS) {
    throw new PropagoError("ERR_CSV", `${file} has ${names.length} columns; the limit is ${MAX_COLUMNS}`);
  }
  if (hasRowNames) warnings.push(`${file}: the header has no name for the first column, which is taken for row names`);
  const top = { records, file, names, width, isMissing: options.isMissing ?? missingTest() };
  const expected = new Set(options.expected);
  const isExpected = names.some((name) => expected.has(name));
  if (options.header === undefined && !hasRowNames && !isExpected) refuseTitles(top);
  if (options.header === false) refuseNames(top, options.expected !== undefined);
  const hasHeader = options.header ?? (hasRowNames || isExpected || !looksLikeRow(records, names, width));
  if (options.header === undefined && !hasHeader) {
    const what = names.some((name) => parseNumber(name) !== undefined) ? "numbers like" : "words of";
    const line = `${file}: line ${records.lines[0]} holds ${what} the lines below it, so it was read as a row`;
    warnings.push(`${line}, as with --no-header; where it names the columns, say --header`);
  }
  if (hasHeader && options.expected === undefined) refuseNoRows(top, hasRowNames);
  const columns = hasHeader ? unique(names, file, warnings) : names.map((_, i) => `column_${i + 1}`);
  return { records, columns, firstRow: hasHeader ? 1 : 0, hasHeader, width, comment, warnings };
}

function likelyDelimiter(text: string, { from }: { from: number }, { likely }: ReadingOptions): string | undefined {
  return likely !== undefined && text.slice(from, lineEnd(text, from)).includes(likely) ? likely : undefined;
}

/** Finds where the table begins: after skipped lines, a line such as "sep=;", and comments. */
function begin(text: string, file: string, options: ReadingOptions, warnings: string[]) {
  let from = 0;
  let line = 1;
  const skip = () => {
    from = afterLine(text, lineEnd(text, from));
    line += 1;
  };
  for (let i = 0; i < (options.skipLines ?? 0); i++) skip();
  if (from >= text.length) {
    throw new PropagoError(
      "ERR_USAGE",
      `${file} has no more than ${count(line - 1, "line")}; skip fewer with --skip-lines`,
    );
  }
  const separator = /^"?sep=(.)"?[ \t]*(?=[\r\n])/i.exec(text.slice(from, from + 20));
  if (separator) skip();
  if (options.comment === undefined) {
    const comments = commentsAt(text, from);
    for (let i = 0; i < comments; i++) skip();
    if (comments > 0) {
      const lines = count(comments, "line that begins", "lines that begin");
      warnings.push(`${file}: ${lines} with # above the table left out, as with --comment "#"`);
    }
  }
  return { from, line, delimiter: separator?.[1] };
}

/** How many lines that begin with # stand above the table. The last of them may be its header. */
function commentsAt(text: string, from: number): number {
  const lines: string[] = [];
  let at = from;
  while (text[at] === "#") {
    const end = lineEnd(text, at);
    lines.push(text.slice(at, end));
    at = afterLine(text, end);
  }
  if (lines.length === 0 || at >= text.length) return 0;
  const next = text.slice(at, lineEnd(text, at));
  const last = lines[lines.length - 1];
  const isHeader = DELIMITERS.some((delimiter) => {
    const fields = last.split(delimiter).length;
    return fields > 1 && fields === next.split(delimiter).length;
  });
  return isHeader ? lines.length - 1 : lines.length;
}

/** Whether all lines that do not fit begin with #. */
function areCommentsUneven(records: Records, options: ReadingOptions): boolean {
  if (options.header === false && countOf(records) < 2) return false;
  const { bad } = uneven(records);
  return bad.length > 0 && bad.every((record) => records.text[records.starts[records.firsts[record]]] === "#");
}

/** The width that most records have, and the records that have another. */
function uneven(records: Records): { width: number; bad: number[] } {
  const rows = countOf(records);
  const widths = new Map<number, number>();
  for (let i = 0; i < rows; i++) widths.set(widthOf(records, i), (widths.get(widthOf(records, i)) ?? 0) + 1);
  let width = widthOf(records, 0);
  for (const [other, number] of widths) if (number > (widths.get(width) ?? 0)) width = other;
  const bad: number[] = [];
  for (let i = 0; i < rows; i++) if (widthOf(records, i) !== width) bad.push(i);
  return { width, bad };
}

/** The columns' names, as the header has them, where header and rows fit together. */
function fit(records: Records, file: string, options: ReadingOptions) {
  const rows = countOf(records);
  const first = widthOf(records, 0);
  const names = Array.from({ length: first }, (_, i) => cellOf(records, 0, i));
  const { width, bad } = uneven(records);
  const isHeaderAlone = bad.length === rows - 1 || (bad.length === 1 && bad[0] === 0);
  if (bad.length === 0) return { width, names, hasRowNames: false };
  if (isHeaderAlone && options.header !== false && rows > 1) {
    const of = widthOf(records, 1);
    const isEven = Array.from({ length: rows - 1 }, (_, i) => widthOf(records, i + 1)).every((w) => w === of);
    if (isEven && first === of + 1 && names[of] === "")
      return { width: of, names: names.slice(0, of), hasRowNames: false };
    if (isEven && first === of - 1) {
      const isTrailing = Array.from({ length: rows - 1 }, (_, i) => i + 1).every(
        (i) => cellOf(records, i, of - 1) === "",
      );
      if (isTrailing) return { width: first, names, hasRowNames: false };
      if (first === 1 && isTitle(records, of)) throw titleError(records, file, of);
      return { width: of, names: ["", ...names], hasRowNames: true };
    }
  }
  if (options.header !== false && isTrailingSome(records, first)) return { width: first, names, hasRowNames: false };
  throw unevenError(records, file, options);
}

/** Whether all rows that do not fit end with one delimiter too many. */
function isTrailingSome(records: Records, width: number): boolean {
  return Array.from({ length: countOf(records) }, (_, record) => record).every((record) => {
    const own = widthOf(records, record);
    return own === width || (own === width + 1 && cellOf(records, record, width) === "");
  });
}

function unevenError(records: Records, file: string, options: ReadingOptions): TableError {
  const { width: usual, bad: unusual } = uneven(records);
  const { lines, delimiter } = records;
  // Lines above the header are fewer than the rows below it, and come first.
  const isAbove =
    unusual.length > 0 && unusual.every((record, i) => record === i) && unusual.length < countOf(records) / 2;
  const between = `(delimiter ${nameOf(delimiter)})`;
  if (isAbove && unusual.length > 1) {
    const last = lines[unusual.length] - 1;
    const value = String(last);
    const what = `${file}: lines 1 to ${last} are not as wide as the ${usual} fields of the lines below them ${between}`;
    const message = `${what}; skip what stands above the header with --skip-lines ${last}`;
    return new TableError([{ code: "ERR_CSV", message, remedies: [{ option: "skipLines", value }] }], file);
  }
  if (isAbove && widthOf(records, 0) === 1) return titleError(records, file, usual);
  const header = options.header === false ? usual : widthOf(records, 0);
  const bad: number[] = [];
  for (let i = 0; i < countOf(records); i++) if (widthOf(records, i) !== header) bad.push(i);
  const fields = count(widthOf(records, bad[0]), "field");
  const advice = "put a field that contains the delimiter in double quotes, or name another --delimiter";
  const others = bad.slice(1).map((record) => String(lines[record]));
  const alike =
    others.length === 1 ? "another line does not fit either" : `${others.length} other lines do not fit either`;
  const more = others.length === 0 ? "" : `; ${alike}: ${list(others)}`;
  const than = options.header === false ? "the other lines have" : "the header has";
  const message = `${file}:${lines[bad[0]]} has ${fields}, ${than} ${header} ${between}; ${advice}${more}`;
  const badLines = bad.length <= MOST_BAD_LINES ? bad.map((record) => lines[record]) : undefined;
  const isWhole = bad.every((record) => endLine(records, record) === lines[record]);
  return new TableError([{ code: "ERR_CSV", message, badLines: isWhole ? badLines : undefined }], file);
}

/** Whether the second line names columns, rather than the first. */
function isTitle(records: Records, width: number): boolean {
  const isNumber = (record: number, field: number) => parseNumber(cellOf(records, record, field)) !== undefined;
  const fields = Array.from({ length: width }, (_, field) => field);
  return (
    countOf(records) > 2 &&
    fields.every((field) => cellOf(records, 1, field) !== "" && !isNumber(1, field)) &&
    fields.some((field) => isNumber(2, field))
  );
}

function titleError(records: Records, file: string, usual: number): TableError {
  const { lines, delimiter } = records;
  const value = String(lines[1] - 1);
  const what = `${file}:${lines[0]} has 1 field, the lines below it have ${usual} (delimiter ${nameOf(delimiter)})`;
  const message = `${what}; where it is no header, skip it with --skip-lines ${value}`;
  return new TableError([{ code: "ERR_CSV", message, remedies: [{ option: "skipLines", value }] }], file);
}

/** The last line of a record, unless blank lines follow it. */
function endLine(records: Records, record: number): number {
  const { text, starts, firsts, lines } = records;
  const last = starts[firsts[record + 1] - 1];
  const inside = text.slice(starts[firsts[record]], last).split("\n").length - 1;
  return lines[record] + inside;
}

/** Finds the delimiter that splits all first rows into equally many fields. If several do, the user must choose. */
function detectDelimiter(
  text: string,
  file: string,
  place: { from: number; line: number },
  { comment, expected, header }: ReadingOptions,
): string {
  const widthsBy = (delimiter: string): number[] => {
    const records = safely(() => cut(text, delimiter, { file, ...place, comment, most: PREVIEW }));
    return records ? Array.from({ length: countOf(records) }, (_, i) => widthOf(records, i)) : [];
  };
  const widths = DELIMITERS.map(widthsBy);
  const even = DELIMITERS.filter((_, d) => widths[d][0] > 1 && widths[d].every((width) => width === widths[d][0]));
  if (even.length === 1) return even[0];
  if (even.length > 1) {
    const names = even.map(nameOf).join(" or ");
    const widest = even.toSorted((a, b) => widths[DELIMITERS.indexOf(b)][0] - widths[DELIMITERS.indexOf(a)][0])[0];
    const message = `${file} can be read with ${names} between fields; say which with --delimiter`;
    const remedies = [{ option: "delimiter" as const, value: widest === "\t" ? "tab" : widest }];
    throw new TableError([{ code: "ERR_CSV", message, remedies }], file);
  }
  // Rows alike, and a header that is one name short or ends in a delimiter.
  const near = header === false ? [] : DELIMITERS.filter((_, d) => isNear(widths[d]) && widths[d][1] > 2);
  if (near.length === 1) return near[0];
  const first = text
    .slice(place.from, lineEnd(text, place.from))
    .trim()
    .replace(/^"(.*)"$/, "$1");
  const isOneColumn = expected?.includes(first) ?? false;
  if (!isOneColumn && areSpaces(widthsBy(SPACES), widths, header)) return SPACES;
  // If no delimiter fits every row, take the one that fits most. The lines that do not fit are reported.
  const fits = widths.map((by) =>
    Math.max(0, ...by.map((w) => (w > 1 ? by.filter((other) => other === w).length : 0))),
  );
  let best = 0;
  for (let d = 1; d < DELIMITERS.length; d++) if (fits[d] > fits[best]) best = d;
  return DELIMITERS[best];
}

/** Whether runs of spaces cut all rows into equally many fields, and nothing else cuts any. */
function areSpaces(by: readonly number[], others: readonly (readonly number[])[], header?: boolean): boolean {
  if (by.length < 2 || by[1] < 2 || by.slice(1).some((width) => width !== by[1])) return false;
  // Decimal commas split some rows too. That all rows have equally many words is then no coincidence.
  const isAlone = others.every((widths) => widths.every((width) => width === 1));
  if (by[0] === by[1]) return isAlone || by.length > 3;
  return isAlone && by[0] === by[1] - 1 && header !== false;
}

function isNear(widths: readonly number[]): boolean {
  const [first, ...rest] = widths;
  return rest.length > 0 && rest.every((width) => width === rest[0]) && Math.abs(first - rest[0]) === 1;
}

/** Counts fields with a delimiter. A delimiter with which a quote stays open does not fit. */
function safely<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof PropagoError) return undefined;
    throw error;
  }
}

export function nameOf(delimiter: string): string {
  if (delimiter === "\t") return "tab";
  return delimiter === SPACES ? "space" : `"${delimiter}"`;
}

/** Whether the first record is a row: it has numbers where the columns below have numbers, and contains no name. */
function looksLikeRow(records: Records, names: readonly string[], width: number): boolean {
  const rows = countOf(records);
  if (rows < 2) return false;
  const isMissing = missingTest();
  const numbers = names.map((name) => (isMissing(name) ? undefined : parseNumber(name))).filter((n) => n !== undefined);
  if (numbers.length === 0) return holdsWordsOfRows(records, names, width);
  if (isSeries(numbers)) return false;
  for (let field = 0; field < width; field++) {
    const cells = Array.from({ length: Math.min(rows - 1, PREVIEW) }, (_, i) => cellOf(records, i + 1, field));
    const present = cells.filter((cell) => !isMissing(cell));
    const name = names[field];
    if (isMissing(name) || present.length === 0) continue;
    const areNumbers = present.filter((cell) => parseNumber(cell) !== undefined).length > present.length / 2;
    const isNumber = parseNumber(name) !== undefined;
    // A word above numbers, or above words that come again and again while it does not, is a name.
    if (areNumbers && !isNumber) return false;
    if (!areNumbers && isNumber) return false;
    if (!areNumbers && !present.includes(name) && new Set(present).size <= present.length / 2) return false;
  }
  return true;
}

/** Whether each word of the first record occurs again below, in its column. Hardly any name is a cell of its column. */
function holdsWordsOfRows(records: Records, names: readonly string[], width: number): boolean {
  const isMissing = missingTest();
  const rows = Math.min(countOf(records) - 1, MOST_WORDS);
  let again = 0;
  let first = -1;
  let columns = 0;
  for (let field = 0; field < width; field++) {
    if (isMissing(names[field])) continue;
    const counts = new Map<string, number>();
    for (let row = 1; row <= rows; row++) {
      const cell = cellOf(records, row, field);
      if (!isMissing(cell)) counts.set(cell, (counts.get(cell) ?? 0) + 1);
      if (cell !== "" && parseNumber(cell) !== undefined) return false;
    }
    // Answers may repeat the question once. Words that hardly repeat decide nothing.
    const isWords = counts.size > 1 && 2 * counts.size <= rows;
    if (!isWords) continue;
    columns += 1;
    const own = counts.get(names[field]);
    if (own === undefined) return false;
    again += 1;
    first = first < 0 ? own : Math.min(first, own);
  }
  if (columns < 2 || again < columns) return false;
  // In files that were joined, the header occurs again and contains these words too.
  let same = 0;
  for (let row = 1; row <= rows; row++)
    if (names.every((name, field) => field >= width || cellOf(records, row, field) === name)) same += 1;
  return same < first;
}

/** Makes names unique: a second "a" becomes "a_2". */
function unique(names: readonly string[], file: string, warnings: string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  const renamed: string[] = [];
  const result = names.map((name, i) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let number = 2;
    const next = () => (name === "" ? `column_${i + 1}${number > 2 ? `_${number}` : ""}` : `${name}_${number}`);
    while (taken.has(next()) || seen.has(next())) number += 1;
    seen.add(next());
    renamed.push(
      `column ${i + 1} is a second ${name === "" ? "column without a name" : show(name)}, called ${show(next())}`,
    );
    return next();
  });
  if (renamed.length > 0) warnings.push(`${file}: ${list(renamed)}`);
  return result;
}
