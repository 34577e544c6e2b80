// `import "propago/bytes"`: toBytes and Network.fromBytes.
import { pack, unpackKind } from "../files/packed.ts";
import { fill } from "../ground/parts.ts";
import type { Packing } from "../network/options.ts";

export const part: Packing = {
  pack: (network) => pack("network", network),
  unpack: (bytes) => unpackKind("network", bytes),
};
fill("bytes", part);
