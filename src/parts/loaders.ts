// How a page loads the parts that it does not have. The bundles leave these imports as they are: each part is a file beside
// the page's entry.
import { loadWith } from "../ground/parts.ts";

loadWith({
  complete: () => import("./complete.ts"),
  float64: () => import("./float64.ts"),
  program: () => import("./program.ts"),
  relaxed: () => import("./relaxed.ts"),
  remote: () => import("./remote.ts"),
  search: () => import("./search.ts"),
  selection: () => import("./selection.ts"),
  state: () => import("./state.ts"),
  threads: () => import("./threads.ts"),
  diagnosis: () => import("./diagnosis.ts"),
});
