// Draws with Observable Plot where there is no page: on a document of linkedom. What Plot gives is written as short SVG text,
// with colours that follow the page's (style.ts) or are fixed for a file of its own.
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { escaped } from "./html.ts";
import { widthOf } from "./words.ts";

const SVG = "http://www.w3.org/2000/svg";

/** The colours of a page in light, which files of plots have. style.ts has those for dark pages. */
export const LIGHT: Readonly<Record<string, string>> = {
  c1: "#0b62a8",
  c2: "#b34700",
  c3: "#006b52",
  c4: "#8e3a7c",
  c5: "#6b5b00",
  c6: "#555b66",
  ink: "#1c2127",
  paper: "#ffffff",
  line: "#c9ced6",
};

/** The colour of a series by its number. */
export function colour(series: number): string {
  return `var(--c${(series % 6) + 1})`;
}

/** How a series is dashed, so that it can be told from others without colours too. */
export function dashes(series: number): string | undefined {
  return [undefined, "6 3", "2 3", "9 3 2 3", "12 4", "1 2"][series % 6];
}

interface Drawn {
  svg: string;
  width: number;
  height: number;
}

/** The nodes of linkedom, as far as they are used. */
interface Node {
  nodeType: number;
  localName: string;
  textContent: string;
  childNodes: Node[];
  attributes: { name: string; value: string }[];
}

/** What a legend names: a series with its colour and dashes. */
export interface Key {
  name: string;
  series: number;
}

const LEGEND_LINE = 18;

/** Draws marks. The width is in pixels of a font of 12; above the drawing stands a legend, where there is one. */
export function draw(options: Plot.PlotOptions, legend: readonly Key[] = []): Drawn {
  const document = new DOMParser().parseFromString("", "image/svg+xml") as unknown as Document;
  document.appendChild(document.createElementNS(SVG, "svg"));
  const { width = 420, height = 280 } = options;
  const plot = Plot.plot({ ...options, width, height, document, style: { fontSize: "12px", overflow: "visible" } });
  const inside = (plot as unknown as Node).childNodes.map(serialised).join("");
  const { text, lines } = legendOf(legend, width);
  const top = lines * LEGEND_LINE;
  const body = lines > 0 ? `${text}<g transform="translate(0,${top})">${inside}</g>` : inside;
  return { svg: body, width, height: height + top };
}

/** The legend's SVG, in as many lines as it needs. */
function legendOf(legend: readonly Key[], width: number): { text: string; lines: number } {
  let text = "";
  let [x, line] = [4, 0];
  for (const { name, series } of legend) {
    const own = 34 + widthOf(name);
    if (x > 4 && x + own > width) [x, line] = [4, line + 1];
    const y = line * LEGEND_LINE + 9;
    const dash = dashes(series);
    text += `<path d="M${x},${y}h18" stroke="${colour(series)}" stroke-width="2.5"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`;
    text += `<text x="${x + 23}" y="${y + 4}" text-anchor="start">${escaped(name)}</text>`;
    x += own;
  }
  return { text, lines: legend.length > 0 ? line + 1 : 0 };
}

/** Attributes that say nothing here: the whole picture has one text that says what it shows. */
const DROPPED = /^(aria-|class$|font-variant$|xmlns|title$)/;
const GEOMETRY = /^(x[12]?|y[12]?|c[xy]|r|d|width|height|transform|points)$/;

function serialised(node: Node): string {
  if (node.nodeType === 3) return escaped(node.textContent);
  if (node.nodeType !== 1 || node.localName === "style" || node.localName === "title") return "";
  const attributes = [...node.attributes]
    .filter(({ name }) => !DROPPED.test(name))
    .map(({ name, value }) => ` ${name}="${escaped(GEOMETRY.test(name) ? rounded(value) : value)}"`)
    .join("");
  const inside = [...node.childNodes].map(serialised).join("");
  return inside === "" ? `<${node.localName}${attributes}/>` : `<${node.localName}${attributes}>${inside}</${node.localName}>`; // prettier-ignore
}

/** Numbers with one decimal: a tenth of a pixel. */
function rounded(text: string): string {
  return text.replace(/-?\d+\.\d+(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(1))));
}

/** A drawing as an element of a page. */
export function inPage({ svg, width, height }: Drawn, text: string): string {
  return `<svg role="img" aria-label="${escaped(text)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" fill="currentColor" text-anchor="middle" font-size="12">${svg}</svg>`;
}

const TITLE_LINE = 30;

/** A drawing as a file of its own: with its title, a ground and fixed colours. */
export function asFile({ svg, width, height }: Drawn, title: string, text: string): string {
  const own = Math.max(width, Math.ceil(widthOf(title) * 1.25) + 24);
  const fixed = svg.replace(/var\(--(\w+)\)/g, (_, name: string) => LIGHT[name]).replace(/currentColor/g, LIGHT.ink);
  const head = `<svg xmlns="${SVG}" viewBox="0 0 ${own} ${height + TITLE_LINE + 8}" width="${own}" height="${height + TITLE_LINE + 8}" fill="${LIGHT.ink}" text-anchor="middle" font-size="12" font-family="system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif" role="img" aria-label="${escaped(text)}">`;
  const ground = `<rect width="${own}" height="${height + TITLE_LINE + 8}" fill="${LIGHT.paper}"/>`;
  const heading = `<text x="12" y="20" text-anchor="start" font-size="15" font-weight="600">${escaped(title)}</text>`;
  return `${head}<title>${escaped(title)}</title>${ground}${heading}<g transform="translate(0,${TITLE_LINE})">${fixed}</g></svg>\n`;
}
