// A twentieth of the kills; `npm run campaign` makes all of them.
import { expect, test } from "vitest";
import { KILLS, killing } from "./killing.ts";

test("killed at random moments and started again, trainings end with the same bits, and no file is torn", async () => {
  const { kills, resumed } = await killing(KILLS / 20, 1);
  expect(kills).toBe(KILLS / 20);
  // Most kills came after a first checkpoint.
  expect(resumed).toBeGreaterThan(KILLS / 60);
});
