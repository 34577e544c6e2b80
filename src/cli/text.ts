// Text for terminals and CSV files: nothing that came from a file may steer a terminal or a spreadsheet.
import { UNPRINTABLE, printable } from "../ground/errors.ts";
import { shortest } from "../network/json.ts";

export { printable };

/** A word from a file, on one line. */
export function word(text: unknown): string {
  return printable(String(text).replaceAll("\n", "\ufffd"));
}

/** The most letters of a name that tables and lists show. */
const LONGEST = 40;

/** A name from a file, on one line and no longer than people read. */
export function called(text: unknown): string {
  const whole = String(text);
  return word(whole.length > LONGEST ? `${whole.slice(0, LONGEST - 1)}…` : whole);
}

/** One line of JSON in which what steers terminals is escaped: programs read the same as without. */
export function jsonLine(value: unknown): string {
  const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value).replace(UNPRINTABLE, escaped)}\n`;
}

/** A number for people: four significant digits at most after the point, never in exponents where it can be helped. */
export function figure(value: number | undefined, digits = 4): string {
  if (value === undefined || !Number.isFinite(value)) return "unknown";
  return String(Number(value.toPrecision(digits)));
}

/** A CSV cell holding text. What a spreadsheet would run as a formula gets an apostrophe before it (OWASP); numbers do not. */
export function textCell(text: string): string {
  const isHarmless = text.length === 1 || /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
  const safe = /^[=+\-@\t\r]/.test(text) && !isHarmless ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV cell holding a number, in the fewest digits that give the same float32 back. */
export function numberCell(value: number, isSingle: boolean): string {
  return String(isSingle ? shortest(value) : value);
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Signs that terminals show two cells wide: those of East Asia, and pictures. */
const WIDE = /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|^[\u{20000}-\u{3fffd}]/u; // prettier-ignore

/** How many cells of a terminal a text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** A text on one line in so many cells: cut with an ellipsis, or filled with spaces. */
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

/** A text in lines of so many cells at most, later ones indented; longer words stay whole. */
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
