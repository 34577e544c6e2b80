// What the code may not do beyond what the type checker sees. `npm run check` fails on warnings.
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

// Their results differ in the last bits from one engine to the next; the core has its own.
const inexact =
  "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow sin sinh tan tanh";

export default defineConfig([
  globalIgnores([
    "build/",
    "dist/",
    "src/generated/",
    "coverage/",
    "bench/results/",
    "bench/peers/node_modules/",
    "test/peers/node_modules/",
    "site/node_modules/",
    "site/dist/",
  ]),
  js.configs.recommended,
  {
    files: ["{src,test,bench,scripts}/**/*.ts", "assembly/plan.ts", "*.config.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // An abort rejects with the signal's reason, whatever that is.
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: "error",
      "no-console": "off",
      "prefer-const": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...inexact.split(" ").map((property) => ({
          object: "Math",
          property,
          message: "Engines differ in its last bits: use the core's function, so that a seed gives the same weights.",
        })),
        { object: "Math", property: "random", message: "Draw from the network's seeded generator." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "BinaryExpression[operator='**']:not([left.type='Literal'][right.type='Literal'])",
          message: "As Math.pow: engines differ in its last bits.",
        },
      ],
    },
  },
  {
    // Without types: those of its packages are in site/node_modules, where it is installed. `site:build` checks them.
    files: ["site/**/*.{ts,tsx}"],
    extends: [tseslint.configs.recommended],
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-undef": "off",
      eqeqeq: "error",
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // What tests hand in is wrong on purpose, and what they read back has been looked at.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    // AssemblyScript: TypeScript's grammar with decorators where TypeScript has none, and types it does not know.
    files: ["assembly/**/*.ts"],
    ignores: ["assembly/plan.ts"],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { allowInvalidAST: true, projectService: false } },
    rules: {
      "no-undef": "off",
      "no-throw-literal": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "ThrowStatement", message: "The core has no exceptions: TypeScript validates before the call." },
        { selector: "TryStatement", message: "AssemblyScript has no try." },
      ],
      "@typescript-eslint/ban-ts-comment": "off",
      "@typescript-eslint/no-namespace": "off",
      "@typescript-eslint/prefer-namespace-keyword": "off",
      // An activation gets z, a and its parameter, whichever of them it needs.
      "@typescript-eslint/no-unused-vars": ["error", { args: "none", varsIgnorePattern: "^_" }],
      // Coefficients are written as published; the build rounds them to its own number type.
      "no-loss-of-precision": "off",
    },
  },
  { files: ["bench/peers/no-gpu/*.js"], languageOptions: { sourceType: "commonjs", globals: { exports: "writable" } } },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "console",
          "process",
          "performance",
          "setTimeout",
          "clearTimeout",
          "URL",
          "AbortController",
          "TextEncoder",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
]);
