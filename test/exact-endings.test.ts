// Trainings that go on without getting anywhere end, or say so: searches at a minimum, schedules at a rate of 0.
import { describe, expect, test } from "vitest";
import { Network, type OptimizerSpec, type ScheduleSpec, dense, type History } from "../src/index.ts";

/** Numbers in [-1, 1), the same in every run. */
function numbers(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const noise = numbers(300, 5);
const x = Array.from({ length: 60 }, (_, r) => noise.slice(3 * r, 3 * r + 3));
const noisy = x.map(([a, b], r) => 2 * a - b + 0.3 * noise[200 + r]);

describe("a search in float32 that is at its minimum", () => {
  const searches = ["lbfgs", "levenbergMarquardt", "conjugateGradient", "scaledConjugateGradient"] as const;

  test.each(searches)("%s says stalled and takes no more iterations", (optimizer) => {
    // The sum of squares of a linear unit, as that of one numbers by normal equations in float64.
    for (const [layers, l2] of [
      [[dense(1)], 0],
      [[dense(1)], 0.01],
      [[dense(2, "tanh"), dense(1)], 0.02],
    ] as const) {
      const options = { inputs: 3, layers, l2, optimizer, seed: 4 } as const;
      using network = new Network(options);
      using exact = new Network({ ...options, dtype: "float64" });
      exact.setWeights(network.getWeights());
      exact.fitSync({ x, y: noisy }, { epochs: 2000 });
      const { epochs, stopped, warnings } = network.fitSync({ x, y: noisy }, { epochs: 2000 });
      expect(stopped).toMatch(/stalled|converged/);
      expect(epochs.length).toBeLessThan(300);
      if (stopped === "stalled") expect(warnings!.map(({ code }) => code)).toContain("WARN_PRECISION");
      const least = exact.evaluate({ x, y: noisy });
      const found = network.evaluate({ x, y: noisy });
      const total = (e: typeof least): number => e.loss + (e.penalty ?? 0);
      expect(total(found) / total(least) - 1).toBeLessThan(2e-6);
    }
  });

  test("one that still gets on goes on", () => {
    const y = x.map(([a]) => a * a);
    for (const optimizer of ["lbfgs", "levenbergMarquardt"] as const) {
      using network = new Network({ inputs: 3, layers: [dense(6, "tanh"), dense(1)], optimizer, seed: 3 });
      expect(network.fitSync({ x, y }, { epochs: 1000 }).epochs.at(-1)!.loss).toBeLessThan(1e-6);
    }
  });
});

describe("a schedule that has come to 0", () => {
  const fit = (learningRate: ScheduleSpec | ((step: number) => number), epochs: number): History => {
    const optimizer: OptimizerSpec = { name: "sgd", learningRate };
    using network = new Network({ inputs: 3, layers: [dense(1)], optimizer });
    return network.fitSync({ x, y: noisy }, { epochs, batchSize: 20 }); // 3 steps an epoch
  };
  const told = ({ warnings = [] }: History): string[] =>
    warnings.filter(({ code }) => code === "WARN_SCHEDULE").map(({ message }) => message);

  test.each([
    { name: "polynomial", rate: 0.1, steps: 30 },
    { name: "polynomial", rate: 0.1, steps: 20, power: 2, warmup: 10 },
    { name: "cosine", rate: 0.1, steps: 30 },
  ] as const)("%o is told of once training goes on, once", (schedule) => {
    expect(told(fit(schedule, 10))).toEqual([]);
    const [message, ...more] = told(fit(schedule, 40));
    expect(message).toMatch(new RegExp(`schedule ${schedule.name}, which ends after 30 steps, .*more steps.* min`));
    expect(more).toEqual([]);
    expect(told(fit({ ...schedule, min: 0.01 }, 40))).toEqual([]);
  });

  test("piecewise rates of 0 too; what never comes to 0, or is the user's own function, is not", () => {
    expect(told(fit({ name: "piecewise", boundaries: [30], rates: [0.1, 0] }, 40))).toHaveLength(1);
    expect(told(fit({ name: "oneCycle", rate: 0.1, steps: 30 }, 40))).toEqual([]);
    expect(told(fit({ name: "cosineRestarts", rate: 0.1, steps: 10 }, 40))).toEqual([]);
    expect(told(fit((step) => (step < 30 ? 0.1 : 0), 40))).toEqual([]);
  });
});
