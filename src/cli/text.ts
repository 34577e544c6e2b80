// Text for terminals and CSV files: nothing that came from a file may steer a terminal or a spreadsheet.
import { shortest } from "../network/json.ts";

/** Text without the control characters that could move the cursor, colour or rename the terminal; line ends stay. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** A word from a file, on one line. */
export function word(text: unknown): string {
  return printable(String(text).replaceAll("\n", "\ufffd"));
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
