// Screenshots of the built playground: each view, light and dark, wide and on a phone, to look at.
//
//   npm run site:build && npm run site:pictures -- [folder] [view …]
import { mkdirSync } from "node:fs";
import { errorsOf, host, launch, siteMissing } from "../site/test/lab.ts";
import { root } from "./root.ts";

const [folder = `${root}/build/site-pictures`, ...views] = process.argv.slice(2);
if (siteMissing) {
  console.error(siteMissing);
  process.exit(1);
}
mkdirSync(folder, { recursive: true });

/** What is looked at: an address, and how long to wait. */
const SCENES: Readonly<Record<string, { hash: string; wait: number }>> = {
  train: { hash: "#1/train", wait: 5000 },
  arms: { hash: "#1/train?d=arms&net=8t,6t&at=300", wait: 2500 },
  hills: { hash: "#1/train?d=hills&net=8t,8t&at=600", wait: 2500 },
  own: { hash: "#1/train?d=own", wait: 1000 },
  digits: { hash: "#1/digits", wait: 6000 },
  steps: { hash: "#1/steps", wait: 1500 },
  race: { hash: "#1/race", wait: 1500 },
};
const asked = views.length > 0 ? views : Object.keys(SCENES);
const site = await host();
const browser = await launch();
for (const name of asked) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const [width, height] of [
      [1280, 860],
      [390, 844],
    ]) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1 });
      const errors = errorsOf(page);
      await page.goto(site.url + SCENES[name].hash);
      await page.waitForTimeout(SCENES[name].wait);
      const file = `${folder}/${name}-${colorScheme}-${width}.png`;
      await page.screenshot({ path: file, fullPage: width < 600 });
      console.log(file, errors.length > 0 ? errors : "");
      await page.close();
    }
  }
}
await browser.close();
site.close();
