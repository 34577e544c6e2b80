// Columns that grow row by row while a file is read, and the table that they make. A column keeps numbers as numbers, and
// with each how it was written, so that its text can be made again. Only other cells are kept as texts, each once.
import type { Distinct, MissingTest, PlainNumbers, Table } from "./table.ts";

/** How a number was written: with so many decimals … */
export const MOST_DECIMALS = 22;
/** … as JavaScript writes it … */
export const SHORTEST = 254;
/** … or that the cell is a text. */
const TEXT = 255;

/** A column becomes one of texts when more than half of its cells are, from so many rows on. */
const ROWS_TO_DECIDE = 64;
/** The largest number of different texts that one column may have: more do not fit into a Map. */
const MOST_TEXTS = 16_000_000;

/** A typed array that grows. */
interface Room<A> {
  array: A;
}

/** One column while it grows. */
export class GrowingColumn {
  length = 0;
  /** Whether some number has a point, and whether one has a point that can only begin decimals. */
  hasDot = false;
  hasPoint = false;
  #values: Room<Float64Array>;
  #forms: Room<Uint8Array>;
  /** The different texts, and their places. */
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();
  /** The rows of cells that are texts, ascending, and the place of each one's text. */
  #textRows: Room<Uint32Array> = { array: new Uint32Array(4) };
  #textCodes: Room<Uint32Array> = { array: new Uint32Array(4) };
  #textCount = 0;
  /** The place of each row's text, once the column is one of texts. */
  #codes: Room<Uint32Array> | undefined;
  #distinct: Distinct | undefined;

  /** @param rows how many are expected. */
  constructor(rows = 0) {
    const room = Math.max(16, rows);
    this.#values = { array: new Float64Array(room) };
    this.#forms = { array: new Uint8Array(room) };
  }

  /** Adds a number that was written with `form` decimals, or as JavaScript writes it. */
  addNumber(value: number, form: number): void {
    if (this.#codes) {
      this.#addCode(textOf(value, form));
      return;
    }
    if (this.length === this.#values.array.length) this.#grow();
    this.#values.array[this.length] = value;
    this.#forms.array[this.length++] = form;
  }

  /** Adds a text, trimmed; the empty one where nothing stands. */
  addText(text: string): void {
    if (this.#codes) {
      this.#addCode(text);
      return;
    }
    if (this.length === this.#values.array.length) this.#grow();
    push(this.#textRows, this.#textCount, this.length);
    push(this.#textCodes, this.#textCount++, this.#placeOf(text));
    this.#values.array[this.length] = NaN;
    this.#forms.array[this.length++] = TEXT;
    if (text !== "" && this.length >= ROWS_TO_DECIDE && 2 * this.#textCount > this.length) this.#becomeTexts();
  }

  /** Adds a cell of another column. */
  addFrom(other: GrowingColumn, row: number): void {
    const form = other.#codes ? TEXT : other.#forms.array[row];
    if (form === TEXT) this.addText(other.text(row));
    else this.addNumber(other.#values.array[row], form);
    this.hasDot ||= other.hasDot;
    this.hasPoint ||= other.hasPoint;
  }

  /** Takes back the last cells, so that so many are left. */
  shorten(length: number): void {
    if (length >= this.length) return;
    while (this.#textCount > 0 && this.#textRows.array[this.#textCount - 1] >= length) this.#textCount--;
    this.length = length;
  }

  /** Empties the column, whose room is used again. */
  clear(): void {
    this.length = this.#textCount = 0;
    this.hasDot = this.hasPoint = false;
    this.#texts.length = 0;
    this.#places.clear();
    this.#codes = this.#distinct = undefined;
  }

  /** A cell's text. */
  text(row: number): string {
    if (this.#codes) return this.#texts[this.#codes.array[row]];
    const form = this.#forms.array[row];
    if (form !== TEXT) return textOf(this.#values.array[row], form);
    const rows = this.#textRows.array;
    let [low, high] = [0, this.#textCount - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle] < row) low = middle + 1;
      else high = middle;
    }
    return this.#texts[this.#textCodes.array[low]];
  }

  isBlank(row: number): boolean {
    return (this.#codes !== undefined || this.#forms.array[row] === TEXT) && this.text(row) === "";
  }

  /** The numbers, if every other cell is missing. */
  plain(isMissing: MissingTest): PlainNumbers | undefined {
    if (this.#codes || this.#textCount === this.length) return undefined;
    const { numbers } = isMissing;
    if (!numbers || !this.#texts.every((text) => isMissing(text))) return undefined;
    let values = this.#values.array.subarray(0, this.length);
    const words = new Map(numbers.map((word) => [Number(word), word]));
    if (words.size < numbers.length) return undefined;
    if (words.size > 0) {
      values = values.slice();
      for (let row = 0; row < values.length; row++) {
        const word = words.get(values[row]);
        if (word !== undefined && this.text(row) === word) values[row] = NaN;
      }
    }
    return { values, hasDot: this.hasDot, hasPoint: this.hasPoint };
  }

  /** The different texts, in the order in which they come. */
  distinct(): Distinct {
    return (this.#distinct ??= this.#codes ? this.#distinctTexts(this.#codes.array) : this.#distinctNumbers());
  }

  #distinctTexts(codes: Uint32Array): Distinct {
    return counted(this.#texts, codes.subarray(0, this.length));
  }

  #distinctNumbers(): Distinct {
    const texts: string[] = [];
    const places = new Map<string, number>();
    const byForm = new Map<number, Map<number, number>>();
    const byText = new Map<number, number>();
    const codes = new Uint32Array(this.length);
    const add = (text: string) => {
      const known = places.get(text);
      if (known !== undefined) return known;
      places.set(text, texts.length);
      return texts.push(text) - 1;
    };
    let next = 0;
    for (let row = 0; row < this.length; row++) {
      const form = this.#forms.array[row];
      const [map, key] =
        form === TEXT
          ? [byText, this.#textCodes.array[next++]]
          : [byForm.get(form) ?? byForm.set(form, new Map()).get(form)!, this.#values.array[row]]; // prettier-ignore
      let code = map.get(key);
      if (code === undefined) map.set(key, (code = add(form === TEXT ? this.#texts[key] : textOf(key, form))));
      codes[row] = code;
    }
    return counted(texts, codes);
  }

  #becomeTexts(): void {
    const { length } = this;
    const codes = { array: new Uint32Array(Math.max(this.#values.array.length, 2 * length)) };
    for (let row = 0; row < length; row++) codes.array[row] = this.#placeOf(this.text(row));
    // Texts that come first have the first places, as `Distinct` wants them.
    const order = [...new Set(codes.array.subarray(0, length))];
    const old = this.#texts.slice();
    const renumbered = new Uint32Array(old.length);
    order.forEach((code, i) => {
      renumbered[code] = i;
      this.#texts[i] = old[code];
      this.#places.set(old[code], i);
    });
    for (let row = 0; row < length; row++) codes.array[row] = renumbered[codes.array[row]];
    this.#codes = codes;
    this.#values = { array: new Float64Array(16) };
    this.#forms = { array: new Uint8Array(16) };
    this.#textRows = { array: new Uint32Array(4) };
    this.#textCodes = { array: new Uint32Array(4) };
    this.#textCount = 0;
  }

  #addCode(text: string): void {
    push(this.#codes!, this.length++, this.#placeOf(text)); // prettier-ignore
  }

  #placeOf(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#texts.length;
      if (place === MOST_TEXTS) throw new RangeError("too many different texts");
      this.#places.set(text, place);
      this.#texts.push(text);
    }
    return place;
  }

  #grow(): void {
    const room = Math.ceil(this.length * 1.5) + 16;
    const values = new Float64Array(room);
    const forms = new Uint8Array(room);
    values.set(this.#values.array);
    forms.set(this.#forms.array);
    this.#values = { array: values };
    this.#forms = { array: forms };
  }
}

function push(room: Room<Uint32Array>, at: number, value: number): void {
  if (at === room.array.length) {
    const more = new Uint32Array(Math.ceil(at * 1.5) + 16);
    more.set(room.array);
    room.array = more;
  }
  room.array[at] = value;
}

function counted(texts: readonly string[], codes: Uint32Array): Distinct {
  const counts = new Uint32Array(texts.length);
  const firsts = new Uint32Array(texts.length);
  for (let row = 0; row < codes.length; row++) if (counts[codes[row]]++ === 0) firsts[codes[row]] = row;
  return { texts, counts, firsts, codes };
}

/** The text of a number. */
function textOf(value: number, form: number): string {
  return form <= MOST_DECIMALS ? value.toFixed(form) : String(value);
}

/** What is known of a table beside its columns. */
export type TableFacts = Pick<Table, "file" | "delimiter" | "columns" | "hasHeader" | "lineOf" | "warnings" | "format">;

/** The table that columns make. */
export function storedTable(facts: TableFacts, columns: readonly GrowingColumn[], rows: number): Table {
  return {
    ...facts,
    rows,
    cell: (row, column) => columns[column].text(row),
    distinct: (column) => columns[column].distinct(),
    plain: (column, isMissing) => columns[column].plain(isMissing),
    isBlank: (row, column) => columns[column].isBlank(row),
  };
}
