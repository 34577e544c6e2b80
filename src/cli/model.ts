// The .propago file for the command: read whole, written completely or not at all. What is in it stands in
// src/files/kept.ts.
import { basename } from "node:path";
import { type Model, isJsonModel, modelBytes, modelOfBytes } from "../files/kept.ts";
import { kindOf } from "../files/packed.ts";
import { PropagoError } from "../ground/errors.ts";
import type { DType } from "../ground/arrays.ts";
import { readBytes, writeWhole } from "./files.ts";

export type { Model } from "../files/kept.ts";

/** The largest file that is read. */
export const MOST_BYTES = 2e9;

/**
 * Refuses a model that would be too large to keep. Called before anything is trained.
 * @param parameters the least number of weights and biases that it will have.
 * @throws PropagoError ERR_MEMORY
 */
export function checkSize(parameters: number, dtype: DType = "float32"): void {
  // What a parameter takes as a number of JSON, through which models go.
  const bytes = parameters * (dtype === "float32" ? 12 : 21);
  if (bytes <= MOST_BYTES) return;
  const size = `its ${parameters} parameters take about ${(bytes / 1e9).toFixed(1)} GB while they are written`;
  throw new PropagoError("ERR_MEMORY", `this model could not be kept: ${size}, the limit is ${MOST_BYTES / 1e9} GB; use smaller --hidden layers`); // prettier-ignore
}

/** Writes a model file completely or not at all. @throws PropagoError ERR_IO. */
export function writeModel(path: string, model: Model, force = true): void {
  writeWhole(path, modelBytes(model), force);
}

/**
 * Reads a model file.
 * @throws PropagoError ERR_IO if the file cannot be read, ERR_FORMAT if it is not a valid model.
 */
export function readModel(path: string): Model {
  return modelOf(readBytes(path, MOST_BYTES), path);
}

/** Whether a file calls itself a model of the command, by its content or its name. */
export function isModelFile(bytes: Uint8Array, path: string): boolean {
  const kind = kindOf(bytes);
  return kind === "model" || (kind === undefined && (/\.propago$/i.test(path) || isJsonModel(bytes)));
}

/** As `readModel`, of bytes that have been read. */
export function modelOf(bytes: Uint8Array, path: string): Model {
  return modelOfBytes(bytes, basename(path), { limits: { fileBytes: MOST_BYTES } });
}
