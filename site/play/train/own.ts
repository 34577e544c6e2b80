// Own points: drawing them, taking them back, and rubbing them out.
import { computed, signal } from "@preact/signals";
import { LIMITS, placed, type Point } from "../model/setup.ts";
import { say } from "../shell/state.ts";
import { reset, setup } from "./store.ts";

/** Whether a press on the picture makes points. */
export const drawing = computed(() => setup.value.data === "own");
/** The class that is drawn; −1 rubs out. */
export const pen = signal(0);
const before: (readonly Point[])[] = [];
export const canUndo = signal(false);

function set(points: readonly Point[]): void {
  before.push(setup.peek().points);
  if (before.length > 100) before.shift();
  canUndo.value = true;
  reset({ points: [...points], data: "own", weights: "" });
}

export function addPoints(list: readonly { x: number; y: number }[], t: number): void {
  const { points } = setup.peek();
  const room = LIMITS.points - points.length;
  if (list.length > room) say(`There is room for ${LIMITS.points} points, so that they fit into a link.`);
  if (room > 0) set([...points, ...list.slice(0, room).map(({ x, y }) => placed({ x, y, t }))]);
}

export function rubOut(x: number, y: number, radius: number): void {
  const { points } = setup.peek();
  const kept = points.filter((point) => (point.x - x) ** 2 + (point.y - y) ** 2 > radius * radius);
  if (kept.length < points.length) set(kept);
}

export function undo(): void {
  const points = before.pop();
  canUndo.value = before.length > 0;
  if (points !== undefined) reset({ points: [...points] });
}

export function clear(): void {
  if (setup.peek().points.length > 0) set([]);
}
