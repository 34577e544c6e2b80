// Runs every program of examples/ as a user would, with Node on the built package, and checks what it prints.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(file: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/${file}`], {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

/** What each program must print, in this order. */
const expected: Record<string, string[]> = {
  "logic-gates.js": [
    "a b   AND   NOR   OR   XNOR",
    "0 0     0     1    0      1",
    "0 1     0     0    1      0",
    "1 0     0     0    1      0",
    "1 1     1     0    1      1",
  ],
  "xor.js": ["accuracy 1", "0 xor 0 = 0", "0 xor 1 = 1", "1 xor 0 = 1", "1 xor 1 = 0"],
  "linear.js": [
    "prediction         0.191",
    "0.121326 0.226989 0.132135 0.0982025",
    "0.1743825 0.169416",
    "prediction       0.2557458",
  ],
  "one-neuron.js": [
    "output 0.73",
    "-0.20, -0.39, 0.20",
    "0.39, -0.59",
    "update 1: weights 2.06, -2.88, bias -3.06, output 0.66",
    "update 2: weights 2.11, -2.78, bias -3.11, output 0.58",
    "update 3: weights 2.15, -2.70, bias -3.15, output 0.53",
    "update 19: weights 2.21, -2.57, bias -3.21, output 0.43",
  ],
  "two-two-two.js": [
    "0.751365070 0.772928465",
    "0.298371109",
    "0.149780716 0.199561432 0.249751144 0.299502287",
    "0.358916480 0.408666186 0.511301270 0.561370121",
    "0.291027774",
    "0.015914 0.984064",
  ],
  "ten-points.js": ["1,000,000 updates", "10 of 10 points are classified"],
  "iris.js": ["trained on 120 flowers, accuracy on 30 others:", "6.1, 2.9, 4.7, 1.4 cm is versicolor"],
  "digits.js": ["epoch  60/60", "accuracy on the held-back digits:", "What it says", "Some it gets right", "Next:"],
};

describe("examples", () => {
  test("the package is built", () => {
    const { exports } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
    const entry = exports["."].node.import.default;
    expect(existsSync(`${root}/${entry}`), `${entry} is missing: npm run build`).toBe(true);
  });

  test("all of them are checked here", () => {
    const programs = readdirSync(`${root}/examples`).filter((file) => file.endsWith(".js"));
    expect(programs.toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  test.each(Object.entries(expected))("%s", (file, lines) => {
    const output = run(file);
    let rest = output;
    for (const line of lines) {
      expect(rest).toContain(line);
      rest = rest.slice(rest.indexOf(line) + line.length);
    }
    for (const line of output.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    expect(output).not.toContain("\x1b"); // no colours and no cursor movements in a pipe
  });

  test.each([
    ["iris.js", /others: ([\d.]+)/, 0.95],
    ["digits.js", /held-back digits: ([\d.]+)/, 0.97],
  ] as const)("%s reaches its accuracy", (file, pattern, least) => {
    expect(Number(run(file).match(pattern)![1])).toBeGreaterThanOrEqual(least);
  });
});
