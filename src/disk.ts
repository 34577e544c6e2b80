// The entry `propago/node`: what needs a disk. It takes the library from `propago`.
export { CheckpointFolder, checkpointFolder, type CheckpointFolderOptions } from "./keeping/folder.ts";
