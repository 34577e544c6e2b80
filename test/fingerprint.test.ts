// One seed, one result: the bits of trained networks against golden/fingerprints.json, here and in Chromium.
// Where a change is meant to change bits: `npm run test:runtimes -- --renew`, and a line in CHANGELOG.md saying so.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chromiumMissing, fingerprintsInChromium } from "../scripts/chromium.ts";
import { engineOf } from "../src/core/engine.ts";
import * as propago from "../src/index.ts";
import { fingerprints } from "./fingerprint-scenario.js";

const golden = JSON.parse(readFileSync(new URL("golden/fingerprints.json", import.meta.url), "utf8")) as Record<
  string,
  string
>;

test("every network of the scenario ends with the golden bits", () => {
  expect(fingerprints(propago)).toEqual(golden);
});

test("whatever memory held before, a run ends with the same bits", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const engine = engineOf(dtype);
    const size = 32 * 1024 * 1024;
    const block = engine.allocate(size, "a test");
    engine.octets(block, size).fill(0xff); // NaN
    engine.release(block);
  }
  expect(fingerprints(propago)).toEqual(golden);
});

test("the networks differ from each other", () => {
  expect(new Set(Object.values(golden)).size).toBeGreaterThan(0.9 * Object.keys(golden).length);
});

test("Chromium ends with the same bits", async (context) => {
  if (chromiumMissing) return context.skip(chromiumMissing);
  const { fingerprints } = await fingerprintsInChromium();
  expect(fingerprints).toEqual(golden);
});
