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
export {
  readTable,
  type DataTable,
  type Cell,
  type LearningOptions,
  type ReadTableOptions,
  type TableColumn,
} from "./files/tables.ts";
export { type TableDividing, type TableFoldOptions, type TableSplit, type TableSplitOptions } from "./files/tables.ts";
export type { BlobSource, StreamSource, TableSource } from "./files/pieces.ts";
export type { TableFormat } from "./files/table-files.ts";
export { toArrays, type TableArrays, type TableReader, type ToArraysOptions } from "./files/table-arrays.ts";
export { tableBatches, type TableBatch, type TableBatches, type TableBatchesOptions } from "./files/table-batches.ts";
export { foldRows, rowsBy, splitRows, takeRows } from "./data/splits.ts";
