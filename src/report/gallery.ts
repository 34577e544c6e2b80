// Collects the plots of a report: each goes into the page with its title and what it means, and can be a file of its own.
import { asFile, inPage } from "./canvas.ts";
import { type Content, Html, html } from "./html.ts";
import type { Drawing } from "./plots.ts";

/** A plot as a file. */
export interface PlotFile {
  /** The file's name without its ending. */
  name: string;
  title: string;
  svg: string;
}

/** What is said of a plot. */
export interface Told {
  /** The name of its file. */
  name: string;
  title: string;
  /** What it shows, for those who cannot see it. */
  text: string;
  /** What it means, for those who see such a plot for the first time. */
  meaning: Content;
}

/** Plots that are wider than a phone are scrolled. */
const PHONE = 440;

export class Gallery {
  readonly files: PlotFile[] = [];
  /** What the names of the files begin with. */
  prefix = "";
  /** The level of the headings of plots. */
  level = 3;

  /** A plot as a part of the page. */
  add({ name, title, text, meaning }: Told, drawing: Drawing): Html {
    this.files.push({ name: this.prefix + name, title, svg: asFile(drawing, title, text) });
    const svg = new Html(inPage(drawing, text));
    const isWide = drawing.width > PHONE;
    const box = isWide ? html`<div class="scroll" tabindex="0" role="region" aria-label="${title}">${svg}</div>` : svg;
    const style = isWide ? new Html(' class="wide"') : undefined;
    return html`<figure${style}>${this.heading(title)}${box}<figcaption>${meaning}</figcaption></figure>`;
  }

  heading(title: Content): Html {
    const tag = new Html(`h${this.level}`);
    return html`<${tag}>${title}</${tag}>`;
  }
}

/** A table with headers. Cells of numbers stand to the right. */
export function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly Content[])[],
  numeric: readonly number[] = [],
): Html {
  const isNumeric = new Set(numeric);
  const cls = (i: number) => (isNumeric.has(i) ? new Html(' class="n"') : undefined);
  const lines = rows.map(
    ([first, ...rest]) =>
      html`<tr>
        <th scope="row" ${cls(0)}>${first}</th>
        ${rest.map((cell, i) => html`<td${cls(i + 1)}>${cell}</td>`)}
      </tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}">
    <table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          ${head.map((name, i) => html`<th scope="col" ${cls(i)}>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>
  </div>`;
}
