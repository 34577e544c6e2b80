// x
import type { Host } from "./lab.ts";
export const hosts: Host[] = [];
