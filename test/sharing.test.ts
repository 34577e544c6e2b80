// How much work it takes for threads to share it, as users have it.
import { expect, test } from "vitest";
import { Network, dense } from "../src/index.ts";

test("small steps are one thread's: the caller's, who waits anyway, or a worker's", async () => {
  const make = (): Network => new Network({ inputs: 100, layers: [dense(49)] });
  const x = Float32Array.from({ length: 100 * 52 }, (_, i) => ((i * 7919) % 1000) / 1000);
  const data = { x, y: new Float32Array(52 * 49) };
  const [one, two] = [make(), make()];
  one.fitSync(data, { epochs: 2, batchSize: 50, threads: 2 });
  expect(one.build).toBe("simd");
  await two.fit(data, { epochs: 2, batchSize: 50, threads: 2 });
  expect(two.build).toBe("threads");
  expect(two.fingerprint()).toBe(one.fingerprint());
  one.fitSync(data, { epochs: 1, batchSize: 52, threads: 2 });
  expect(one.build).toBe("threads");
});
