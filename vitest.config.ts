// How `npm test` runs. Each test file has a process of its own, so that none sees another's WebAssembly memory.
import { defineConfig } from "vitest/config";

export default defineConfig({
  // The playground's sources take the library as it was built; site/ has no copy of it.
  plugins: [
    {
      name: "propago of the site",
      resolveId: (source, importer) =>
        /^propago(\/|$)/.test(source) && importer?.includes("/site/")
          ? { id: new URL("dist/node.js", import.meta.url).pathname, external: true }
          : undefined,
    },
  ],
  test: {
    include: ["test/**/*.test.ts", "site/test/**/*.test.ts"],
    pool: "forks",
    // As Node's entry: with all parts of the library.
    setupFiles: ["src/node.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // .ci/run reads the totals from the JSON file.
    reporters: process.env.CI ? ["default", ["json", { outputFile: "build/tests.json" }]] : ["default"],
  },
});
