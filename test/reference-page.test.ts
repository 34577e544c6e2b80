// The reference page is what the library's tables say.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { page } from "../scripts/reference.ts";
import { root } from "../scripts/root.ts";

test("docs/reference.md is what `npm run docs` writes", async () => {
  expect(readFileSync(`${root}/docs/reference.md`, "utf8"), "run npm run docs").toBe(await page());
});
