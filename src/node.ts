// The entry of Node, where nothing travels over a network, and of pages that want one file: the library with all parts.
import "./parts/complete.ts";
import "./parts/diagnosis.ts";
import "./parts/float64.ts";
import "./parts/relaxed.ts";
import "./parts/remote.ts";
import "./parts/search.ts";
import "./parts/selection.ts";
import "./parts/state.ts";
import "./parts/threads.ts";
import { serveWhereMeant } from "./remote/serving.ts";
export * from "./index.ts";

// In a worker that was started for it.
serveWhereMeant();
