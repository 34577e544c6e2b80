// A twentieth of the campaign against the public interface; `npm run campaign` is the whole of it.
import { expect, test } from "vitest";
import { CAMPAIGN, campaign } from "./fuzzing.ts";

test("strange values give values or errors with a code, and change nothing else", async () => {
  const { runs, values, codes } = await campaign(CAMPAIGN / 20, 1);
  expect(runs).toBe(CAMPAIGN / 20);
  // Both happen, and errors of all kinds.
  expect(values).toBeGreaterThan(runs / 20);
  expect(Object.keys(codes)).toEqual(
    expect.arrayContaining(["ERR_CONFIG", "ERR_DATA", "ERR_SHAPE", "ERR_NONFINITE", "ERR_FORMAT", "own"]),
  );
});
