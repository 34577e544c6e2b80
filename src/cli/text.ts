// Text for terminals and CSV files. Nothing that came from a file may control a terminal, or run in a spreadsheet.
import { UNPRINTABLE, printable } from "../ground/errors.ts";
import { shortest } from "../network/json.ts";

export { printable };

/** A word from a file, on one line. */
export function word(text: unknown): string {
  return printable(String(text).replaceAll("\n", "\ufffd"));
}

/** The largest number of characters of a name that tables and lists show. */
const LONGEST = 40;

/** A name from a file, on one line, shortened if it is long. */
export function called(text: unknown): string {
  const whole = String(text);
  return word(whole.length > LONGEST ? `${whole.slice(0, LONGEST - 1)}…` : whole);
}

/** One line of JSON. Characters that control terminals are escaped, which changes nothing for programs. */
export function jsonLine(value: unknown): string {
  const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value).replace(UNPRINTABLE, escaped)}\n`;
}

/** A number for people, with four significant digits unless `digits` says otherwise. */
export function figure(value: number | undefined, digits = 4): string {
  if (value === undefined || !Number.isFinite(value)) return "unknown";
  return String(Number(value.toPrecision(digits)));
}

/** A CSV cell with text. Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP). */
export function textCell(text: string): string {
  const isHarmless = text.length === 1 || /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
  const safe = /^[=+\-@\t\r]/.test(text) && !isHarmless ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV cell with a number. A float32 is written in the fewest digits that give the same float32 back. */
export function numberCell(value: number, isSingle: boolean): string {
  return String(isSingle ? shortest(value) : value);
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Characters that take two cells of a terminal: East Asian ones, and emoji. */
const WIDE = /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|^[\u{20000}-\u{3fffd}]/u; // prettier-ignore

/** The number of terminal cells that a text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Fits a text into so many terminal cells: shortened with an ellipsis, or filled up with spaces. */
export function fitted(text: string, width: number, isRight = false): string {
  let own = word(text);
  if (widthOf(own) > width) {
    let short = "";
    let used = 1;
    for (const { segment } of GRAPHEMES.segment(own)) {
      used += widthOf(segment);
      if (used > width) break;
      short += segment;
    }
    own = `${short}…`;
  }
  const space = Number.isFinite(width) ? " ".repeat(width - widthOf(own)) : "";
  return isRight ? space + own : own + space;
}

/** Breaks a text into lines of at most so many cells, the later ones indented. Longer words stay whole. */
export function wrapped(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of word(text).split(" ")) {
    const longer = line === "" ? part : `${line} ${part}`;
    if (line.trim() !== "" && widthOf(longer) > width) {
      lines.push(line);
      line = `${" ".repeat(indent)}${part}`;
    } else line = longer;
  }
  return [...lines, line];
}
