// The whole of what the playground must reach, measured in Chromium: `npm run campaign:site`, some minutes. Prints a line
// for each figure, with its bound; ends with 1 where one is missed.
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { root } from "../../scripts/root.ts";
import { errorsOf, host, launch, reach, siteMissing, stateOf, type Host } from "./lab.ts";
import { readLink, writeLink } from "../play/model/setup.ts";
import { mutated } from "./mutated.ts";
import { traceImage } from "./tracing.ts";

let misses = 0;
const say = (what: string, figure: string, isMet: boolean) => {
  console.log(`${isMet ? "met   " : "MISSED"} ${what}: ${figure}`);
  if (!isMet) misses++;
};

/** Milliseconds of all frames in so many seconds, sorted, without those of the first second. */
const FRAMES = (seconds: number) => `new Promise((resolve) => {
  const began = performance.now(); let last = began; const list = [];
  requestAnimationFrame(function frame(now) {
    if (now - began > 1000) list.push(now - last);
    last = now;
    if (now - began < ${seconds * 1000}) requestAnimationFrame(frame); else resolve(list.sort((a, b) => a - b));
  });
})`;

async function page(
  browser: Browser,
  url: string,
  options = {},
): Promise<{ page: Page; errors: string[]; end: () => Promise<void> }> {
  // prettier-ignore
  const context = await browser.newContext(options);
  const opened = await context.newPage();
  const errors = errorsOf(opened);
  await opened.goto(url);
  return { page: opened, errors, end: () => context.close() };
}

type Check = (browser: Browser, site: Host) => Promise<void>;

const checks: Record<string, Check> = {
  async load(browser, site) {
    const began = performance.now();
    const { page: tab, end } = await page(browser, site.url);
    await reach(tab, ({ epoch }) => epoch > 0);
    const since: number = await tab.evaluate("performance.now()");
    say("first training step", `${since.toFixed(0)} ms in the page, ${(performance.now() - began).toFixed(0)} in all (400)`, since <= 400); // prettier-ignore
    await end();
  },
  async seeds(browser, site) {
    const reached: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const { page: tab, end } = await page(browser, `${site.url}#1/train?seed=${seed}`);
      await tab.waitForTimeout(10_000);
      reached.push((await stateOf(tab)).testAccuracy ?? 0);
      await end();
    }
    say("untouched for 10 s", `${reached.filter((value) => value >= 0.95).length} of 20 seeds at 0.95, least ${Math.min(...reached)}`, Math.min(...reached) >= 0.95); // prettier-ignore
  },
  async frames(browser, site) {
    for (const [slower, most] of [
      [1, 17.5],
      [4, 34],
    ] as const) {
      // prettier-ignore
      const { page: tab, end } = await page(browser, site.url, { viewport: { width: 1280, height: 860 } });
      await tab.locator("#pace").fill("4");
      if (slower > 1) {
        const session = await tab.context().newCDPSession(tab);
        await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
      }
      const before = (await stateOf(tab)).epoch;
      const frames: number[] = await tab.evaluate(FRAMES(10));
      const epochs = (await stateOf(tab)).epoch - before;
      const at95 = frames[Math.floor(frames.length * 0.95)];
      say(`full speed, page slowed ${slower} ×`, `95 % of frames ≤ ${at95.toFixed(1)} ms (${most}), longest ${frames.at(-1)!.toFixed(0)}, ${(epochs / 10).toFixed(0)} epochs/s`, at95 <= most && (slower > 1 || frames.at(-1)! <= 50)); // prettier-ignore
      await end();
    }
  },
  async digits(browser, site) {
    const folder = `${root}/../shared/data/mnist10k`;
    if (!existsSync(folder)) return console.log(`skipped digits: no ${folder}`);
    const images = gunzipSync(readFileSync(`${folder}/t10k-images-idx3-ubyte.gz`)).subarray(16);
    const labels = gunzipSync(readFileSync(`${folder}/t10k-labels-idx1-ubyte.gz`)).subarray(8);
    const { page: tab, errors, end } = await page(browser, `${site.url}#1/digits`);
    const began = performance.now();
    await reach(tab, ({ testAccuracy }) => Number(testAccuracy) >= 0.95);
    say("digits held back at 0.95", `${((performance.now() - began) / 1000).toFixed(1)} s (5)`, performance.now() - began <= 5000); // prettier-ignore
    await reach(tab, ({ running }) => !running);
    for (const [scale, dx, dy, least] of [
      [1, 0, 0, 0.85],
      [0.5, 0.35, 0.1, 0.75],
    ] as const) {
      // prettier-ignore
      let right = 0;
      for (let row = 8000; row < 8050; row++) {
        await tab.getByRole("button", { name: "Clear" }).click({ force: true }).catch(() => undefined); // prettier-ignore
        const box = (await tab.locator(".pad").boundingBox())!;
        for (const stroke of traceImage(images.subarray(row * 784, row * 784 + 784))) {
          const at = ({ x, y }: { x: number; y: number }) => [box.x + box.width * ((x / 28) * scale + dx), box.y + box.height * ((y / 28) * scale + dy)] as const; // prettier-ignore
          await tab.mouse.move(...at(stroke[0]));
          await tab.mouse.down();
          for (const dot of stroke) await tab.mouse.move(...at(dot));
          await tab.mouse.up();
        }
        if ((await tab.locator(".answer").textContent())?.trim() === String(labels[row])) right++;
      }
      say(`strokes at size ${scale}`, `${right} of 50 read (${least * 50})`, right / 50 >= least);
    }
    if (errors.length > 0) say("errors", errors.join(), false);
    await end();
  },
  async files(browser, site) {
    const { page: tab, errors, end } = await page(browser, site.url);
    const bad: Record<string, string | Uint8Array> = {
      "empty.csv": "",
      "one-column.csv": "a\n1\n2",
      "words.csv": "x,y,class\nred,blue,1",
      "short.csv": "x,y,class\n1,2,0\n1",
      "many.csv": Array.from({ length: 40 }, (_, k) => `${k},${k},class${k}`).join("\n"),
      "infinite.csv": "x,y,c\n1,1e999,0",
      "binary.bin": Uint8Array.from({ length: 400 }, (_, k) => (k * 7) % 256),
      "cut.json": '{"format":"propago","version":1,"layers":[',
      "list.json": "[1,2,3]",
      "other.json": '{"name":"something","version":"1.0"}',
      "wide.json": '{"format":"propago","version":1,"inputs":9,"layers":[{"type":"dense","units":1,"activation":"sigmoid"}],"weights":[{"weights":[1,2,3,4,5,6,7,8,9],"bias":[0]}]}', // prettier-ignore
      "nonsense.propago": '{"format":"propago","version":1,"inputs":2,"layers":"none"}',
    };
    let answered = 0;
    for (const [name, content] of Object.entries(bad)) {
      await tab.locator("input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(content) }); // prettier-ignore
      const text = await tab.locator(".message.problem", { hasText: name }).textContent({ timeout: 5000 }).catch(() => null); // prettier-ignore
      if (text !== null && !/TypeError|\[object/.test(text)) answered++;
      else console.log("  ", name, text);
    }
    say("malformed files", `${answered} of ${Object.keys(bad).length} answered with a sentence, ${errors.length} errors`, answered === Object.keys(bad).length && errors.length === 0); // prettier-ignore
    await end();
  },
  async axe(browser, site) {
    const axe = readFileSync(`${root}/site/node_modules/axe-core/axe.min.js`, "utf8");
    const found: string[] = [];
    for (const view of ["train", "digits", "steps", "race"]) {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const [width, height] of [
          [1280, 860],
          [390, 844],
          [320, 640],
        ]) {
          // prettier-ignore
          const { page: tab, end } = await page(browser, `${site.url}#1/${view}`, { viewport: { width, height }, colorScheme, bypassCSP: true }); // prettier-ignore
          await tab.waitForTimeout(1500);
          await tab.evaluate(`${axe}; 0`);
          const { violations } = await tab.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()"); // prettier-ignore
          for (const { id, nodes } of violations) found.push(`${view} ${colorScheme} ${width}: ${id} ${nodes[0].html.slice(0, 120)}`); // prettier-ignore
          const wide: number = await tab.evaluate("document.documentElement.scrollWidth");
          if (wide > width) found.push(`${view} ${colorScheme} ${width}: ${wide} px wide`);
          await end();
        }
      }
    }
    for (const one of found) console.log("  ", one);
    say("axe, and sideways scrolling", `${found.length} in 24 pages`, found.length === 0);
  },
  async keyboard(browser, site) {
    const { page: tab, errors, end } = await page(browser, site.url);
    await reach(tab, ({ epoch }) => epoch > 5);
    await tab.keyboard.press("Space");
    const paused = await stateOf(tab);
    await tab.keyboard.press(".");
    const stepped = await reach(tab, ({ epoch }) => epoch > paused.epoch).catch(() => undefined);
    await tab.keyboard.press("r");
    const rewound = await reach(tab, ({ epoch }) => epoch === 0).catch(() => undefined);
    await tab.locator('[data-place="1-0"]').focus();
    await tab.keyboard.press("ArrowDown");
    await tab.keyboard.press("+");
    await tab.getByText("9", { exact: true }).first().waitFor();
    await tab.keyboard.press("Enter");
    const hasEditor = await tab.getByRole("dialog").waitFor({ timeout: 5000 }).then(() => true, () => false); // prettier-ignore
    await tab.keyboard.press("Escape");
    await tab.keyboard.press("3");
    const steps = (await stateOf(tab)).view === "steps";
    say("by keyboard", `pause ${!paused.running}, step ${stepped !== undefined}, rewind ${rewound !== undefined}, editor ${hasEditor}, view ${steps}`, !paused.running && stepped !== undefined && rewound !== undefined && hasEditor && steps && errors.length === 0); // prettier-ignore
    await end();
  },
  async links(browser, site) {
    const plain = await host({ isolated: false });
    const query = "#1/train?n=400&net=8t,6t&seed=5&ev=20:lr=.003;57:l2=.001&at=100";
    const states = [];
    for (const url of [site.url, plain.url]) {
      const { page: tab, end } = await page(browser, url + query);
      states.push(await reach(tab, ({ epoch, running }) => epoch === 100 && !running));
      await end();
    }
    plain.close();
    const [one, other] = states;
    say("one link in two contexts, isolated and not", `${one.fingerprint} ${other.fingerprint}`, one.fingerprint === other.fingerprint && one.dataHash === other.dataHash); // prettier-ignore
  },
  async urls(browser, site) {
    let thrown = 0;
    const texts = [...mutated(10_000)];
    for (const text of texts) {
      try {
        const { setup } = readLink(text);
        readLink(writeLink({ ...readLink(text), setup }));
      } catch {
        thrown++;
      }
    }
    const { page: tab, errors, end } = await page(browser, site.url);
    for (const text of texts.slice(0, 100)) {
      await tab.evaluate(`location.hash = ${JSON.stringify(`#1/train?${text}`)}`);
      await tab.waitForTimeout(60);
    }
    say("10,000 mutated addresses, 100 of them in the page", `${thrown} threw, ${errors.length} errors ${errors[0] ?? ""}`, thrown + errors.length === 0); // prettier-ignore
    await end();
  },
  async offline(browser, site) {
    const { page: tab, errors, end } = await page(browser, site.url);
    await tab.evaluate("navigator.serviceWorker.ready.then(() => 0)");
    await tab.waitForTimeout(1000);
    await tab.context().setOffline(true);
    await tab.goto(`${site.url}#1/digits`);
    await tab.reload();
    const state = await reach(tab, ({ testAccuracy }) => Number(testAccuracy) > 0.9).catch(() => undefined);
    say("offline after the first visit", state === undefined ? `did not load: ${errors.join()}` : `digits ${state.testAccuracy}`, state !== undefined); // prettier-ignore
    await end();
  },
};

if (siteMissing) {
  console.error(siteMissing);
  process.exit(1);
}
const asked = process.argv.slice(2);
const [site, browser] = [await host(), await launch()];
for (const name of asked.length > 0 ? asked : Object.keys(checks)) {
  await checks[name](browser, site).catch((error: unknown) => say(name, String(error).slice(0, 300), false));
}
await browser.close();
site.close();
process.exitCode = misses > 0 ? 1 : 0;
