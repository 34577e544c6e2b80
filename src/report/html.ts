// Text that becomes HTML. Whatever is put into `html` is escaped unless it is HTML already, so that a name from a data
// file is always shown and never run.
import { printable } from "../ground/errors.ts";

/** A piece of HTML that needs no escaping any more. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template may hold. Nothing is written for undefined and false. */
export type Content = Html | string | number | undefined | false | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for HTML, SVG and their attributes. Characters that steer the direction of writing are replaced. */
export function escaped(text: string): string {
  return printable(text.replace(/[\t\r]+/g, " "))
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/[&<>"']/g, (sign) => ESCAPES[sign]);
}

/** A template of HTML: `html\`<td>${name}</td>\``. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  let text = strings[0];
  values.forEach((value, i) => (text += written(value) + strings[i + 1]));
  return new Html(text);
}

function written(value: Content): string {
  if (value instanceof Html) return value.text;
  if (value === undefined || value === false) return "";
  if (typeof value === "object") return value.map(written).join("");
  return escaped(String(value));
}
