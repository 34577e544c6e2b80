// Dates and times as people write them, as numbers: ISO, day and month in either order, names of months, times of day.
// Which form a column has is decided over all its cells. Days are counted from 1970-01-01, times of day in hours.

/** How a column writes its dates. */
export type DateForm = "ymd" | "dmy" | "mdy" | "compact" | "month" | "quarter" | "named" | "time";

/** What repeats in dates, and may be worth inputs of its own. */
export type DatePart = "month" | "weekday" | "hour";

export const PART_NAMES: Record<DatePart, string> = { month: "month", weekday: "weekday", hour: "hour of day" };

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const LONG = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october"].concat([
  "november",
  "december",
]);
const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?`;
const ZONE = String.raw`(?: ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?`;
const BEHIND = String.raw`(?:(?:T|,? )(?:${CLOCK})${ZONE})?`;

const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})${BEHIND}$`);
/** What is known of a date that is written year first: 2024-01, or 2024. */
const PARTLY = /^(\d{4})(?:-(\d{2}))?$/;
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})${BEHIND}$`);
const COMPACT = /^((?:1[89]|20)\d{2})(\d{2})(\d{2})$/;
const MONTH = /^(\d{4})[-/](\d{1,2})$/;
const QUARTER = /^(\d{4})[- ]?Q([1-4])$/i;
const WEEKDAY = String.raw`(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?`;
const DAY_NAME = new RegExp(
  String.raw`^${WEEKDAY}(\d{1,2})(?:st|nd|rd|th)?[- .]+([a-z]{3,9})\.?[- ,]+(\d{4}|\d{2})${BEHIND}$`,
  "i",
);
const NAME_DAY = new RegExp(
  String.raw`^${WEEKDAY}([a-z]{3,9})\.?[- ](\d{1,2})(?:st|nd|rd|th)?,?[- ]+(\d{4})${BEHIND}$`,
  "i",
);
const NAME_YEAR = /^([a-z]{3,9})\.?[- ,]+(\d{4})$/i;
const YEAR_NAME = /^(\d{4})[- ]([a-z]{3,9})\.?$/i;
const TIME = new RegExp(`^${CLOCK}$`);

/** A cell's date as days since 1970-01-01 with their fraction, or its time as hours; undefined where it is none. */
export function readDate(cell: string, form: DateForm): number | undefined {
  const text = cell.trim();
  if (form === "time") {
    const found = TIME.exec(text);
    const seconds = found ? clock(found.slice(1)) : undefined;
    return seconds === undefined ? undefined : seconds / 3600;
  }
  if (form === "ymd") {
    const whole = dated(YEAR_FIRST.exec(text), ([y, , m, d]) => [y, m, d], 4);
    return whole ?? dated(PARTLY.exec(text), ([y, m = "1"]) => [y, m, "1"], 2);
  }
  if (form === "dmy") return dated(YEAR_LAST.exec(text), ([d, , m, y]) => [y, m, d], 4);
  if (form === "mdy") return dated(YEAR_LAST.exec(text), ([m, , d, y]) => [y, m, d], 4);
  if (form === "compact") return dated(COMPACT.exec(text), ([y, m, d]) => [y, m, d], 3);
  if (form === "month") return dated(MONTH.exec(text), ([y, m]) => [y, m, "1"], 2);
  if (form === "quarter") return dated(QUARTER.exec(text), ([y, q]) => [y, String(3 * Number(q) - 2), "1"], 2);
  return (
    dated(DAY_NAME.exec(text), ([d, m, y]) => [y, monthOf(m), d], 3) ??
    dated(NAME_DAY.exec(text), ([m, d, y]) => [y, monthOf(m), d], 3) ??
    dated(NAME_YEAR.exec(text), ([m, y]) => [y, monthOf(m), "1"], 2) ??
    dated(YEAR_NAME.exec(text), ([y, m]) => [y, monthOf(m), "1"], 2)
  );
}

/** What a column's cells say about how dates are written. */
export interface DateStudy {
  form: DateForm;
  /** How many cells are dates of the form. */
  dates: number;
  /** Whether day and month could be the other way round. */
  isAmbiguous: boolean;
}

/**
 * Finds the form that reads most of the texts, or undefined where none reads one.
 * @param order what comes first where day and month cannot be told apart.
 */
export function studyDates(
  texts: readonly string[],
  counts: ArrayLike<number>,
  order?: "dmy" | "mdy",
): DateStudy | undefined {
  // "2009/10" and "2010/11" are seasons, not Octobers and Novembers.
  const areSeasons = texts.every((text) => {
    const found = /^\d\d(\d\d)[-/](\d\d)$/.exec(text);
    return found !== null && (Number(found[1]) + 1) % 100 === Number(found[2]);
  });
  if (areSeasons) return undefined;
  const forms: DateForm[] = ["month", "ymd", "mdy", "dmy", "quarter", "named", "time"];
  const read = forms.map((form) => {
    let sum = 0;
    texts.forEach((text, i) => (sum += readDate(text, form) === undefined ? 0 : counts[i]));
    return sum;
  });
  const dates = Math.max(...read);
  if (dates === 0) return undefined;
  const best = forms.filter((_, i) => read[i] === dates);
  let [form] = best;
  const isAmbiguous = best.includes("mdy") && best.includes("dmy");
  if (isAmbiguous) {
    // Nobody who puts the month first writes points.
    form = order ?? (texts.some((text) => /^\d+\./.test(text)) ? "dmy" : "mdy");
    const isPoint = order === undefined && form === "dmy";
    const isSame = texts.every((text) => readDate(text, "dmy") === readDate(text, "mdy"));
    return { form, dates, isAmbiguous: order === undefined && !isPoint && !isSame };
  }
  return { form, dates, isAmbiguous: false };
}

/** Whether whole numbers are dates without separators, as 20240131. */
export function areCompactDates(texts: readonly string[]): boolean {
  return texts.length > 1 && texts.every((text) => readDate(text, "compact") !== undefined);
}

/** The value of a part of a date: month 1 to 12, weekday 1 (Monday) to 7, hour 0 to 23. */
export function partOf(days: number, part: DatePart): number {
  if (part === "weekday") return ((((Math.floor(days) + 3) % 7) + 7) % 7) + 1;
  if (part === "hour") return Math.floor((days - Math.floor(days)) * 24 + 1e-6) % 24;
  return new Date(Math.floor(days) * 86_400_000).getUTCMonth() + 1;
}

type Pieces = readonly (string | undefined)[];

function dated(found: RegExpExecArray | null, order: (pieces: string[]) => string[], used: number): number | undefined {
  if (!found) return undefined;
  const pieces = found.slice(1);
  const [year, month, day] = order(pieces).map(Number);
  const days = daysOf(fullYear(year, order(pieces)[0]), month, day);
  if (days === undefined) return undefined;
  const rest: Pieces = pieces.slice(used);
  if (rest.length === 0 || rest[0] === undefined) return days;
  const seconds = clock(rest);
  return seconds === undefined ? undefined : days + (seconds - zoneSeconds(rest[5])) / 86_400;
}

/** Two digits are a year from 1969 to 2068, as POSIX has it. */
function fullYear(year: number, text: string): number {
  if (text.length > 2) return year;
  return year >= 69 ? 1900 + year : 2000 + year;
}

function daysOf(year: number, month: number, day: number): number | undefined {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCDate() === day ? Math.round(date.getTime() / 86_400_000) : undefined;
}

/** Seconds since midnight. */
function clock([hours, minutes, seconds = "0", fraction = "0", half]: Pieces): number | undefined {
  let hour = Number(hours);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  }
  if (hour > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  return hour * 3600 + Number(minutes) * 60 + Number(seconds) + Number(`0.${fraction}`);
}

function zoneSeconds(zone: string | undefined): number {
  const found = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? "");
  if (!found) return 0;
  const seconds = Number(found[2]) * 3600 + Number(found[3] ?? 0) * 60;
  return found[1] === "-" ? -seconds : seconds;
}

function monthOf(name: string): string {
  const word = name.toLowerCase();
  const place = word === "sept" ? 8 : Math.max(MONTHS.indexOf(word), LONG.indexOf(word));
  return place < 0 ? "NaN" : String(place + 1);
}
