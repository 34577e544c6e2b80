// The entry `propago/files`: files of data and of models, read and written. It takes the library from `propago`, so that
// a network that it reads is one of that library's networks. Each line names what one file of src/files/ gives to users.
export {
  readSafetensors,
  writeSafetensors,
  type Safetensors,
  type SafetensorsInput,
  type SafetensorsOptions,
  type SafetensorsTensor,
} from "./files/safetensors.ts";
export type { Limits, ReadingOptions } from "./files/limits.ts";
