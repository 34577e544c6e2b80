// How `npm test` runs. Each test file has a process of its own, so that none sees another's WebAssembly memory.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // .ci/run reads the totals from the JSON file.
    reporters: process.env.CI ? ["default", ["json", { outputFile: "build/tests.json" }]] : ["default"],
  },
});
