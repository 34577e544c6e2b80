// What to say where a host does not compile the core.
import { PropagoError } from "../ground/errors.ts";
import type { Build } from "./builds.ts";

/** What to say where a host does not compile a build: an error of the library, or what it threw. */
export function refusalOf(cause: unknown, build?: Build): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  // What Chromium and Safari say, Firefox, and V8 where there is no page.
  if (/content security policy|unsafe-eval|blocked by CSP|disallowed by embedder/i.test(message)) {
    return new PropagoError(
      "ERR_WASM_BLOCKED",
      typeof location === "undefined"
        ? 'this host compiles no WebAssembly at run time: give init of propago/slim the module that it makes of "propago/simd.wasm"'
        : "this page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src",
      { cause },
    );
  }
  if (!(cause instanceof WebAssembly.CompileError)) return cause;
  return build === "relaxed"
    ? new PropagoError(
        "ERR_WASM_RELAXED",
        'this engine has no relaxed SIMD (Node 22, Chrome 114, Firefox 146); leave build: "relaxed" out',
        { cause },
      )
    : new PropagoError(
        "ERR_WASM_SIMD",
        `this engine cannot compile the core (${message}); it needs WebAssembly SIMD: Chrome 91, Firefox 89, Safari 16.4`,
        { cause },
      );
}
