// How `npm test` runs. Each test file has a process of its own, so that none sees another's WebAssembly memory.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // As Node's entry: with all parts of the library.
    setupFiles: ["src/node.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // .ci/run reads the totals from the JSON file.
    reporters: process.env.CI ? ["default", ["json", { outputFile: "build/tests.json" }]] : ["default"],
  },
});
