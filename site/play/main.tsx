// The page: it opens the view of the address, and starts.
import { render } from "preact";
import "./style.css";
import "./drawing/colours.ts";
import { App, open } from "./shell/app.tsx";

render(<App />, document.getElementById("app")!);
void open(location.hash);

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  addEventListener("load", () => {
    // A page that is opened from a file, or in a private window, has none: then it needs the network, and nothing else.
    navigator.serviceWorker.register("./service-worker.js").catch(() => undefined);
  });
}
