// The entry `propago/files`: files of data and of models, read and written. It takes the library from `propago`, so that
// a network that it reads is one of that library's networks. Each line names what one file of src/files/ gives to users.
export {
  readModel,
  readModelWeights,
  type ModelFormat,
  type ModelWeights,
  type ReadModel,
  type ReadModelOptions,
} from "./files/models.ts";
export {
  modelFiles,
  writeModel,
  type ModelFiles,
  type ModelFilesOptions,
  type WritableFormat,
  type WritableModel,
  type WriteModelOptions,
} from "./files/models-write.ts";
export type { BlobLike, FileSource, URLLike } from "./files/opening.ts";
export {
  readSafetensors,
  writeSafetensors,
  type Safetensors,
  type SafetensorsInput,
  type SafetensorsOptions,
  type SafetensorsTensor,
} from "./files/safetensors.ts";
export type { Limits, ReadingOptions } from "./files/limits.ts";
