// The entry `propago/worker`: what a worker imports so that a page, or another thread, can train in it.
import "./page.ts";
import { serveHere } from "./remote/serving.ts";

serveHere();
