// The entry `propago/slim`: the library without WebAssembly inside, for hosts that compile it themselves, and for pages
// that fetch it apart. `init` takes a build. The rows of tables that come with the complete build are here too; what
// loads by itself elsewhere is imported: `propago/search`, `propago/selection`, `propago/diagnosis`, `propago/threads`.
export * from "./index.ts";
export { init, type InitOptions } from "./init.ts";
