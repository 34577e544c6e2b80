// Looks at a page in Chromium as a reader would: which texts lie on each other or outside their picture, what it asks the
// network for, what runs in it, and what axe-core finds that keeps people out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser } from "playwright-core";

const require = createRequire(import.meta.url);

/** The text of axe-core; undefined where test/report is not installed. */
export function axeText(): string | undefined {
  try {
    return readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  } catch {
    return undefined;
  }
}

/** What is wrong with a page, in words; nothing where all is right. */
export interface Seen {
  /** Texts of a plot that overlap each other or leave it. */
  texts: string[];
  /** Requests, errors and messages of the page. */
  events: string[];
  /** How much wider it is than its window. */
  overflow: number;
  /** Elements that could run something. */
  scripts: number;
  violations: string[];
  /** All that can be read. */
  text: string;
}

export const VIEWS = {
  wide: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  print: { viewport: { width: 760, height: 1000 } },
} as const;

export async function look(browser: Browser, html: string, view: keyof typeof VIEWS, axe?: string): Promise<Seen> {
  const page = await browser.newPage({ ...VIEWS[view], bypassCSP: true });
  const events: string[] = [];
  page.on("request", (request) => {
    if (!/^(data|about):/.test(request.url())) events.push(`request of ${request.url()}`);
  });
  page.on("pageerror", (error) => events.push(error.message));
  page.on("console", (message) => events.push(message.text()));
  page.on("dialog", (dialog) => void dialog.dismiss().then(() => events.push("a dialog")));
  if (view === "print") await page.emulateMedia({ media: "print" });
  await page.setContent(html, { waitUntil: "load" });
  const seen = await page.evaluate<Omit<Seen, "events" | "violations">>(found);
  const violations: string[] = [];
  if (axe !== undefined) {
    await page.evaluate(axe);
    const list = await page.evaluate<string[]>("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))"); // prettier-ignore
    violations.push(...list);
  }
  await page.close();
  return { ...seen, events, violations };
}

/** Runs in the page. */
const found = `(() => {
  const texts = [];
  for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect();
    const all = [...svg.querySelectorAll("text")].map((node) => [node.textContent, node.getBoundingClientRect()]).filter(([, r]) => r.width > 0);
    all.forEach(([own, a], i) => {
      if (a.left < box.left - 2 || a.right > box.right + 2 || a.top < box.top - 2 || a.bottom > box.bottom + 2) texts.push("outside: " + own);
      for (const [other, b] of all.slice(i + 1)) {
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2) texts.push(own + " / " + other);
      }
    });
  }
  const elements = [...document.querySelectorAll("*")];
  const scripts = elements.filter((node) => /^(script|iframe|object|embed|link|form)$/.test(node.localName) || [...node.attributes].some(({ name, value }) => name.startsWith("on") || /^\\s*javascript:/i.test(value))).length;
  const { scrollWidth, clientWidth } = document.documentElement;
  return { texts, scripts, overflow: Math.max(0, scrollWidth - clientWidth - 1), text: document.body.innerText };
})()`;
