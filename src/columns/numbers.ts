// Reads numbers as people write them: plain, with thousands, a decimal comma, a currency, a percent sign or a unit. How
// a column writes its numbers is decided over all its cells, never from one cell alone.

/** How the numbers of a column are written. */
export interface NumberFormat {
  decimal: "." | ",";
  /** What separates groups of three digits. */
  thousands?: "," | "." | " " | "'";
  /** What stands before or behind each number: "$", "%", "kg". */
  affix?: string;
}

export const PLAIN: NumberFormat = { decimal: "." };

/** The square of a number from here on overflows float64, so a column of such numbers could not be scaled. */
const TOO_LARGE = 1e150;
/** A text with more separators than this is a list of numbers, not one number with thousands. */
const LONGEST_GROUPED = 30;

/** Whether a cell's number can be computed with. */
export function isUsable(value: number | undefined): value is number {
  return value !== undefined && Math.abs(value) < TOO_LARGE;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * A cell's number, by the strict grammar of decimal numbers: sign, digits, point, exponent; spaces around it are ignored.
 * Infinities spelt out are themselves; anything else gives undefined, where `Number` and `parseFloat` would guess.
 */
export function parseNumber(cell: string): number | undefined {
  const text = cell.trim();
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (!word) return undefined;
  if (word[2].toLowerCase() === "nan") return NaN;
  return word[1] === "-" ? -Infinity : Infinity;
}

/** Reads a cell in the format of its column. Plain numbers are read too, if the decimal sign is the point. */
export function readNumber(cell: string, format: NumberFormat): number | undefined {
  if (format.decimal === "." && !format.thousands && !format.affix) return parseNumber(cell);
  const parts = takeApart(cell);
  if (!parts || !isNumberWith(format.affix ?? "", parts)) return undefined;
  return coreNumber(parts.core, format);
}

/** A cell as sign and digits, and what stands around them. */
interface Parts {
  core: string;
  affix: string;
}

const DIGITS = String.raw`[+-]?(?:\d[\d.,' ]*|[.,]\d+)(?:[eE][+-]?\d+)?`;
const CODES = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|SEK|NOK|DKK|INR|CNY|BRL|MXN|ZAR|KRW|SGD|HKD|PLN|CZK|HUF|TRY|RUB";
const CURRENCY = String.raw`(?:[A-Za-z]{0,3}\p{Sc}|${CODES}|Rs\.?|kr\.?)`;
const BEFORE = new RegExp(String.raw`^([+-]?)(${CURRENCY}) ?(${DIGITS})$`, "u");
const UNIT = String.raw`(?:[%‰°]|\p{Sc}[A-Za-z]{0,3}|[%°µ]?\p{L}[\p{L}.]*(?:[23²³]|\^[23])?(?:/\p{L}+[23²³]?)?(?: [\p{L}.]+)?)`;
/** Single letters that are units. Other letters, as in 12A and 12B, belong to names. */
const LETTERS = "mgshldwytkLWVKMJNCF";
const BEHIND = new RegExp(String.raw`^(${DIGITS}?) ?(${UNIT})$`, "u");
const ALONE = new RegExp(`^${DIGITS}$`);

/** Separates a number from the text around it. "(5)" is -5, as accountants write it. */
function takeApart(cell: string): Parts | undefined {
  let text = cell
    .trim()
    .replace(/[\u00a0\u2009\u202f]/g, " ")
    .replaceAll("\u2212", "-")
    .replaceAll("\u2019", "'");
  const inside = /^\((.*)\)$/.exec(text);
  if (inside) {
    if (/[+-]/.test(inside[1])) return undefined;
    text = `-${inside[1]}`;
  }
  if (ALONE.test(text)) return { core: text.trim(), affix: "" };
  const before = BEFORE.exec(text);
  if (before) {
    if (before[1] !== "" && /^[+-]/.test(before[3])) return undefined;
    return { core: before[1] + before[3].trim(), affix: before[2] };
  }
  const behind = BEHIND.exec(text);
  if (!behind) return undefined;
  const [core, affix] = [behind[1].trim(), behind[2]];
  // "2. Middle" is a numbered name.
  if (core.endsWith(".") || (/^\p{L}$/u.test(affix) && !LETTERS.includes(affix))) return undefined;
  return { core, affix };
}

/** Whether a number belongs to a column with an affix. Without a percent sign it could be a share of 1; 0 could not. */
function isNumberWith(affix: string, parts: Parts): boolean {
  if (parts.affix !== "") return parts.affix === affix;
  return affix !== "%" || /^[+-]?[0.,]+$/.test(parts.core);
}

/** Patterns of numbers without thousands, and with them, by the decimal sign. */
const UNGROUPED = { ".": NUMBER, ",": /^[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?$/ };
const GROUPED: Record<string, RegExp> = Object.fromEntries(
  [
    [".", ","],
    [".", " "],
    [".", "'"],
    [",", "."],
    [",", " "],
    [",", "'"],
  ].map(([decimal, thousands]) => {
    const [point, group] = [decimal, thousands].map((sign) => `\\${sign}`.replace("\\ ", " ").replace("\\'", "'"));
    return [decimal + thousands, new RegExp(`^[+-]?[1-9]\\d{0,2}(?:${group}\\d{3})+(?:${point}\\d*)?$`)];
  }),
);

/** The value of signs and digits under a way of writing numbers. */
function coreNumber(core: string, { decimal, thousands }: NumberFormat): number | undefined {
  const isGrouped =
    thousands !== undefined && core.length <= LONGEST_GROUPED && GROUPED[decimal + thousands].test(core);
  if (!isGrouped && !UNGROUPED[decimal].test(core)) return undefined;
  const digits = isGrouped ? core.replaceAll(thousands, "") : core;
  const value = Number(decimal === "," ? digits.replace(",", ".") : digits);
  return Number.isFinite(value) ? value : undefined;
}

/** The ways to write separators, the plain one first. */
const WAYS: readonly NumberFormat[] = [
  PLAIN,
  { decimal: ".", thousands: "," },
  { decimal: "," },
  { decimal: ",", thousands: "." },
  { decimal: ".", thousands: " " },
  { decimal: ",", thousands: " " },
  { decimal: ".", thousands: "'" },
  { decimal: ",", thousands: "'" },
];

/** What a column's cells say about how its numbers are written. */
export interface NumberStudy {
  /** How many cells are numbers under the format. */
  numbers: number;
  /** Whether all cells are plain finite numbers. */
  isPlain?: boolean;
  /** The format that reads most of them. */
  format: NumberFormat;
  /** Where the cells could be read with thousands or with a decimal comma: an example. */
  ambiguous?: string;
  /** What these cells say of the whole table's decimal sign. */
  evidence?: "." | ",";
  /** Affixes other than the format's, where there are several. */
  affixes: string[];
}

/**
 * Finds out how most of the texts write their numbers.
 * @param texts different trimmed cells, none missing.
 * @param counts how often each of them stands in the column.
 * @param decimal the decimal sign, where it is known.
 */
export function studyNumbers(texts: readonly string[], counts: ArrayLike<number>, decimal?: "." | ","): NumberStudy {
  const plain = studyPlain(texts, counts);
  if (plain.numbers === plain.present && (decimal !== "," || !plain.hasDot)) {
    const { numbers, isFinite: isPlain } = plain;
    return { numbers, isPlain, format: PLAIN, affixes: [], evidence: plain.hasPoint ? "." : undefined };
  }
  const parts = texts.map(takeApart);
  const affix = affixOf(parts, counts);
  const affixes = [...new Set(parts.map((part) => part?.affix ?? ""))].filter(
    (other) => other !== "" && other !== affix,
  );
  const cores = parts.map((part) => (part && isNumberWith(affix, part) ? part.core : undefined));
  const ways = WAYS.filter((way) => decimal === undefined || way.decimal === decimal);
  const read = ways.map((way) => {
    let numbers = 0;
    cores.forEach((core, i) => (numbers += core !== undefined && coreNumber(core, way) !== undefined ? counts[i] : 0));
    return numbers;
  });
  const numbers = Math.max(...read);
  const best = ways.filter((_, i) => read[i] === numbers);
  const [first] = best;
  const format: NumberFormat = affix === "" ? first : { ...first, affix };
  const study: NumberStudy = { numbers, format, affixes };
  if (numbers === 0) return study;
  if (
    decimal === undefined &&
    !best.includes(PLAIN) &&
    best.some((way) => way.decimal === ",") &&
    first.decimal === "."
  ) {
    study.ambiguous = texts.find((_, i) => /,/.test(cores[i] ?? ""));
  } else if (first !== PLAIN) {
    const isSure = first.thousands === "," || first.decimal === ",";
    if (isSure && best.every((way) => way.decimal === first.decimal)) study.evidence = first.decimal;
  } else if (cores.some((core) => core !== undefined && /\./.test(core))) {
    if (best.every((way) => way.decimal === ".")) study.evidence = ".";
  }
  return study;
}

function studyPlain(texts: readonly string[], counts: ArrayLike<number>) {
  let numbers = 0;
  let present = 0;
  let hasPoint = false;
  let hasDot = false;
  let isFinite = true;
  for (let i = 0; i < texts.length; i++) {
    present += counts[i];
    const value = parseNumber(texts[i]);
    if (value === undefined) continue;
    numbers += counts[i];
    isFinite &&= isUsable(value);
    hasDot ||= texts[i].includes(".");
    // "1.343" may have a thousands point; "0.5" cannot.
    hasPoint ||= texts[i].includes(".") && !GROUPED[",."].test(texts[i]);
  }
  return { numbers, present, hasPoint, hasDot, isFinite };
}

/** The most common affix, if more than half of the cells have one. Otherwise these few cells are mistakes. */
function affixOf(parts: readonly (Parts | undefined)[], counts: ArrayLike<number>): string {
  const sums = new Map<string, number>();
  let all = 0;
  let bare = 0;
  parts.forEach((part, i) => {
    all += counts[i];
    if (!part || part.affix === "") bare += counts[i];
    else sums.set(part.affix, (sums.get(part.affix) ?? 0) + counts[i]);
  });
  if (2 * bare >= all) return "";
  let best = "";
  for (const [affix, sum] of sums) if (best === "" || sum > (sums.get(best) ?? 0)) best = affix;
  return best;
}

/** Says what is wrong with a cell that was surely meant as a number. Empty if it was not. */
export function mistakeIn(cell: string): string {
  const text = cell.trim();
  if (/^[+-]?\d+,\d+$/.test(text)) return "decimal comma? write a decimal point";
  if (text.length <= 20 && /^[+-]?\d{1,3}(?:[,. ' ]\d{3})+(?:[.,]\d+)?$/.test(text))
    return "write it without thousands separators";
  if (/^[+-]?\d+(?:_\d+)+$/.test(text)) return "write it without underscores";
  if (/^[+-]?0[xX][\da-fA-F]+$/.test(text)) return "write it in decimal digits";
  if (/^[+-]{2,}[\d.]+$/.test(text)) return "one sign only";
  if (NUMBER.test(text) && !isUsable(Number(text))) return "too large: 1e150 is the limit";
  if (/^\p{Nd}+$/u.test(text) && !/^\d+$/.test(text)) return "write it with the digits 0 to 9";
  return "";
}

const UNITS =
  /^(?:\p{Sc}|%|°|[kmcµn]?[gmslWVJN]|lbs?|oz|mi|km|ft|in|ml|min|h|hrs?|hours?|days?|weeks?|months?|years?|yrs?|[kKM])$/u;

/** Whether a text is a number, with something around it or not. */
export function isWrittenNumber(text: string): boolean {
  return takeApart(text) !== undefined;
}

/** Whether texts are numbers in units that differ, as 12 kg and 500 g. */
export function haveUnits(texts: readonly string[]): boolean {
  return texts.every((text) => {
    const parts = takeApart(text);
    return parts !== undefined && (parts.affix === "" || UNITS.test(parts.affix));
  });
}

/** Whether digits are a name rather than a number: leading zeros, or more digits than a number holds. */
export function isDigitsName(text: string): "zeros" | "digits" | undefined {
  if (/^0\d+$/.test(text)) return "zeros";
  if (/^[+-]?\d{16,}$/.test(text) && !Number.isSafeInteger(Number(text))) return "digits";
  return undefined;
}
