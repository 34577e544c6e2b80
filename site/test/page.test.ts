// The built playground in Chromium, as its visitors have it. The whole of what it must reach is measured by
// `npm run campaign -- site`; here is the part that takes seconds.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../scripts/root.ts";
import { Run } from "../play/model/run.ts";
import { readLink } from "../play/model/setup.ts";
import { errorsOf, host, launch, reach, siteMissing, stateOf, type Host } from "./lab.ts";

let site: Host;
let browser: Browser;

beforeAll(async () => {
  if (siteMissing) return;
  execFileSync(process.execPath, [`${root}/node_modules/tsx/dist/cli.mjs`, `${root}/scripts/site.ts`, "bundle"], { stdio: "pipe" }); // prettier-ignore
  [site, browser] = [await host(), await launch()];
}, 120_000);

afterAll(async () => {
  await browser?.close();
  site?.close();
});

/** A page of its own at an address; fails at the end where an error went uncaught. */
async function visit<T>(
  hash: string,
  look: (page: Page) => Promise<T>,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<T> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const errors = errorsOf(page);
    await page.goto(site.url + hash);
    await page.getByRole("tablist").first().waitFor();
    const answer = await look(page);
    expect(errors).toEqual([]);
    return answer;
  } finally {
    await context.close();
  }
}

describe.skipIf(siteMissing)(`the playground${siteMissing ? ` (skipped: ${siteMissing})` : ""}`, () => {
  test("learns the spiral while nobody touches it, and is small", async () => {
    site.sent.clear();
    // Without the service worker, which fetches the other views too, for when there is no network.
    const learnt = (page: Page) => reach(page, ({ testAccuracy }) => Number(testAccuracy) >= 0.95);
    const state = await visit("", learnt, { serviceWorkers: "block" });
    expect(state).toMatchObject({ view: "train", dataHash: "9241a626" });
    const bytes = [...site.sent].filter(([path]) => !/digits|service-worker/.test(path)).reduce((sum, [, size]) => sum + size, 0); // prettier-ignore
    expect(bytes).toBeLessThan(150_000);
  });

  test("repeats a link bit for bit, as Node does", async () => {
    const query = "n=300&net=6t,4r&seed=3&ev=20:lr=.003;40:l2=.001;50:d0=.1&at=60";
    const link = readLink(query);
    const run = await Run.begin(link.setup, { changes: link.changes });
    await run.advance(60);
    const fingerprint = run.network.fingerprint();
    const state = await visit(`#1/train?${query}&fp=${fingerprint.slice(0, 8)}`, async (page) => {
      await page.getByText("the same bits").waitFor({ timeout: 15_000 });
      return stateOf(page);
    });
    expect(state).toMatchObject({ running: false, epoch: 60, dataHash: run.data.hash, fingerprint });
  });

  test("reads digits", async () => {
    await visit("#1/digits", async (page) => {
      await reach(page, ({ testAccuracy }) => Number(testAccuracy) >= 0.95);
      await page.getByRole("button", { name: "A digit of the test" }).click();
      await page.getByText("% sure").waitFor();
    });
  });

  test("has no fault that axe finds, in any view", async () => {
    const axe = readFileSync(`${root}/site/node_modules/axe-core/axe.min.js`, "utf8");
    for (const [view, colorScheme] of [
      ["train", "light"],
      ["digits", "dark"],
      ["steps", "light"],
      ["race", "dark"],
    ] as const) {
      // prettier-ignore
      await visit(
        `#1/${view}`,
        async (page) => {
          await page.waitForTimeout(600);
          await page.evaluate(`${axe}; 0`);
          const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
            "axe.run()",
          );
          expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
        },
        { colorScheme, bypassCSP: true },
      );
    }
  });
});
