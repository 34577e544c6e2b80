// How a report writes numbers and names: few digits, short names, the same everywhere.
import { printable } from "../ground/errors.ts";

/** What is written where there is no number. */
export const NONE = "–";

/** A number with four significant digits unless `digits` says otherwise; large whole numbers have groups of thousands. */
export function figure(value: number | undefined | null, digits = 4): string {
  if (value === undefined || value === null || Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return grouped(String(value));
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return exponential(value, digits);
  return grouped(String(Number(value.toPrecision(digits))));
}

/** A number with a power of ten, as short as it can be: 1.5e9. */
export function exponential(value: number, digits: number): string {
  return value
    .toExponential(digits - 1)
    .replace(/\.?0*e\+?/, "e")
    .replaceAll("-", "−");
}

function grouped(text: string): string {
  const [whole, part] = text.split(".");
  const groups = whole.length > 4 + Number(whole.startsWith("-")) ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return `${groups}${part === undefined ? "" : `.${part}`}`.replace("-", "−");
}

/** A part of a whole, as 12.3 %. */
export function percent(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? NONE : `${Number((100 * value).toFixed(1))} %`;
}

/** "1 row", "2 rows". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${figure(number)} ${number === 1 ? one : many}`;
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A name on one line, with so many characters at most. */
export function shortened(name: unknown, most = 24): string {
  const whole = printable(String(name).replace(/\s+/g, " ").trim());
  if (whole.length <= most) return whole === "" ? "(empty)" : whole;
  const parts: string[] = [];
  for (const { segment } of GRAPHEMES.segment(whole.slice(0, 20 * most))) {
    parts.push(segment);
    if (parts.length > most) break;
  }
  return parts.length <= most ? parts.join("") : `${parts.slice(0, most - 1).join("")}…`;
}

/**
 * Names on one line that can still be told apart: where many begin alike, without that beginning; where this does not
 * help, with a number.
 */
export function distinct(names: readonly unknown[], most = 24): string[] {
  const areDistinct = (texts: readonly string[]): boolean => new Set(texts).size === new Set(names.map(String)).size;
  const short = names.map((name) => shortened(name, most));
  if (areDistinct(short)) return short;
  const whole = names.map((name) => shortened(name, 1000));
  const [first] = whole;
  let same = 0;
  while (same < first.length && whole.every((name) => name[same] === first[same])) same++;
  // What is left begins with a whole word.
  const begin = first.lastIndexOf(" ", same - 1) + 1;
  const rest = whole.map((name) => shortened(begin > 0 ? `…${name.slice(begin)}` : name, most));
  if (areDistinct(rest)) return rest;
  return whole.map((name, i) => `${i + 1}: ${shortened(name, Math.max(4, most - 4))}`);
}

/** About how wide a text is, in pixels of a font of 12 pixels. East Asian characters are twice as wide. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|\p{Emoji_Presentation}/u.test(sign) ? 13 : /[A-Zmw@%…]/.test(sign) ? 10.2 : /[il.,:;'|! ]/.test(sign) ? 4.2 : 7.4; // prettier-ignore
  return width;
}
