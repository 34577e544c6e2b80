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
export { readArray, readArrays, type ArrayOptions, type ReadArray } from "./files/arrays.ts";
export {
  decodeImage,
  readImage,
  readImages,
  type ImageFile,
  type ImageOptions,
  type ReadImage,
  type ReadImages,
} from "./files/images.ts";
export type { Image } from "./files/png.ts";
export { readIdx, readRaw, writeIdx, type RawOptions } from "./files/idx.ts";
export { readNpy, readNpz, writeNpy, writeNpz, type NpyArray } from "./files/npy.ts";
export type { NumberKind, Tensor, WritableTensor } from "./files/tensor.ts";
export {
  foldRows,
  rowsBy,
  splitRows,
  takeRows,
  type Dividing,
  type FoldOptions,
  type RowSplit,
  type SplitOptions,
} from "./data/splits.ts";
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
