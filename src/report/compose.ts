// Puts a report together: one page of HTML with everything in it, and its plots as files of their own. The page has no
// scripts, asks no network for anything, and its policy forbids both.
import { choice, dataTable, madeOf } from "./about.ts";
import type { Chapter, Judging, Writing } from "./chapter.ts";
import { answeredOf, classCards, classification, type Shown } from "./classification.ts";
import { columnsSection, measureColumns } from "./columns.ts";
import { curves } from "./curves.ts";
import { Gallery, type PlotFile, table } from "./gallery.ts";
import { type Content, Html, html } from "./html.ts";
import type { Image } from "./images.ts";
import type { Importances } from "./importance.ts";
import type { Input } from "./inputs.ts";
import { judge } from "./judged.ts";
import { pictureMaker, weightPictures } from "./pictures.ts";
import { errorCards, outputsOf, regression } from "./regression.ts";
import { STYLE } from "./style.ts";
import { shortened } from "./words.ts";

/** Everything that a report is made of. */
export interface Composition {
  title: string;
  chapters: readonly Chapter[];
  inputs: readonly Input[];
  image?: Image;
  /** How a row is called, by its number among the rows that were given. Default: "row 0" and so on. */
  rowName?: (row: number) => string;
  /** What is said below the title, line by line. */
  notes?: readonly string[];
  /** What went wrong on the way, or is to be looked at. */
  warnings?: readonly string[];
  /** Names and values of options. */
  settings?: readonly (readonly [string, string])[];
  /** The command that makes this again. */
  command?: string;
  /** When it was made, where that is to stand in it. */
  date?: string;
}

export interface Composed {
  html: string;
  plots: readonly PlotFile[];
}

/** A section of the page: its heading, and what stands in it. */
interface Section {
  title: string;
  content: Content;
}

export function compose(composition: Composition): Composed {
  const { title, chapters, inputs, image, settings = [], command } = composition;
  const gallery = new Gallery();
  const isSingle = chapters.length === 1;
  gallery.level = isSingle ? 3 : 4;
  const rowName = composition.rowName ?? ((row: number) => `row ${row}`);
  let importances: Importances | undefined;
  const parts = chapters.map((chapter, i) => {
    gallery.prefix = isSingle ? "" : `${i + 1}-`;
    const written = write({ chapter, gallery, inputs, image, rowName });
    importances ??= written.importances;
    return { chapter, written };
  });
  const sections: Section[] = [];
  for (const { chapter, written } of parts) {
    if (isSingle) sections.push(...written.sections);
    else sections.push({ title: `Target ${shortened(chapter.target ?? "", 60)}`, content: inner(written) });
  }
  const [first] = chapters;
  if (first && inputs.length > 0) {
    const writing: Writing = { chapter: first, gallery, inputs, image, rowName };
    sections.push({ title: "Data", content: dataTable(writing, first.data?.x, isSingle ? importances : undefined) });
  }
  const options = settings.length > 0 && table("Options", ["option", "value"], settings);
  if (isSingle || settings.length > 0) {
    sections.push({ title: "Configuration", content: html`${options}${isSingle && first && madeOf(first)}` });
  }
  if (command !== undefined) {
    sections.push({ title: "Make this again", content: html`<pre tabindex="0" role="region" aria-label="Command"><code>${command}</code></pre>` }); // prettier-ignore
  }
  const cards = isSingle ? parts[0].written.cards : [];
  return { html: page(composition, sections, cards, title), plots: gallery.files };
}

interface Written {
  sections: Section[];
  cards: [string, string][];
  importances: Importances | undefined;
}

/** The sections of one target. */
function write(writing: Writing): Written {
  const { chapter, gallery, image } = writing;
  const sections: Section[] = [];
  const add = (title: string, content: Content): void => {
    if (content !== undefined && content !== false) sections.push({ title, content });
  };
  const { data, subject } = chapter;
  let cards: [string, string][] = [];
  let importances: Importances | undefined;
  add("Training", curves(chapter, gallery));
  if (data !== undefined && data.x.rows > 0) {
    const judging: Judging = { ...writing, judged: judge(subject, data.x, data.areTraining) };
    importances = measureColumns(judging);
    const order = importances?.list.map(({ input }) => input);
    const shown: Judging & Shown = { ...judging, order, pictureOf: pictureMaker(judging) };
    if (data.truth.labels !== undefined) {
      const answered = answeredOf(judging);
      cards = classCards(judging, answered);
      add("Answers", classification(shown, answered));
    } else {
      const columns = outputsOf(judging);
      cards = errorCards(columns, chapter.unit);
      add("Answers", regression(shown, columns));
    }
    if (importances) add("Columns", columnsSection(judging, importances));
  }
  add("First layer", weightPictures(chapter, image));
  add("What was chosen, and why", choice(chapter));
  return { sections, cards, importances };
}

/** The sections of one target among several. */
function inner({ sections, cards }: Written): Content {
  return html`${cardList(cards)}${sections.map(
    ({ title, content }) =>
      html`<h3>${title}</h3>
        ${content}`,
  )}`;
}

function cardList(cards: readonly (readonly [string, string])[]): Content {
  return cards.length > 0 && html`<ul class="cards">${cards.map(([name, value]) => html`<li><b>${value}</b>${name}</li>`)}</ul>`; // prettier-ignore
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

function page(
  { notes = [], warnings = [], date }: Composition,
  sections: readonly Section[],
  cards: readonly (readonly [string, string])[],
  title: string,
): string {
  const links = sections.map(({ title: name }, i) => html`<li><a href="#s${i}">${name}</a></li>`);
  const body = sections.map(({ title: name, content }, i) => html`<section id="s${i}" aria-labelledby="h${i}"><h2 id="h${i}">${name}</h2>${content}</section>`); // prettier-ignore
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          ${notes.map((note) => html`<p>${note}</p>`)}${warnings.map((warning) => html`<p class="warn">${warning}</p>`)}${cardList(cards)}
          <nav aria-label="Sections">
            <ul>
              ${links}
            </ul>
          </nav>
        </header>
        <main>${body}</main>
        <footer>
          <p>Made with propago${date !== undefined && `, ${date}`}. This page loads nothing: everything is in it.</p>
        </footer>
      </body>
    </html> `;
  return text.text;
}
