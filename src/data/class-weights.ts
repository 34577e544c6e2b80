// How much classes count, as users pass it. Few do: it comes with the parts "complete" and "selection".
import { PropagoError, cut, show } from "../ground/errors.ts";
import { isArray, isPlain, readNumber } from "../ground/options.ts";
import { numericArray } from "./typed.ts";

/**
 * What each class is multiplied with. "balanced", as in scikit-learn, is n / (k n_c) for the k classes that occur among
 * n rows, n_c of them of class c: all classes then count alike in sum.
 * @param labels how messages call the classes.
 * @param classOf the class of each row.
 */
export function readClassWeights(
  value: unknown,
  labels: readonly (string | number | boolean)[],
  classOf: () => Uint32Array = () => new Uint32Array(),
): Float64Array {
  const factors = new Float64Array(labels.length).fill(1);
  if (value === "balanced") {
    const rows = classOf();
    const counts = new Float64Array(labels.length);
    for (const label of rows) counts[label]++;
    const present = counts.filter((count) => count > 0).length;
    return factors.map((one, label) => (counts[label] > 0 ? rows.length / (present * counts[label]) : one));
  }
  const list = isArray(value) ? value : numericArray(value);
  if (list === undefined && !isPlain(value)) {
    const expected = `"balanced", an array of ${labels.length} numbers, or an object such as { ${show(String(labels[0]))}: 2 }`;
    throw new PropagoError("ERR_CONFIG", `classWeights must be ${expected}, got ${show(value)}`);
  }
  if (list && list.length !== labels.length) {
    throw new PropagoError("ERR_CONFIG", `classWeights has ${list.length} numbers for ${labels.length} classes`);
  }
  if (list) return factors.map((_, i) => readNumber(list[i], `classWeights.${i}`, { least: 0 }));
  const names = labels.map(String);
  for (const [key, weight] of Object.entries(value as object)) {
    const label = names.indexOf(key);
    if (label < 0) {
      const known = `${names.slice(0, 10).map(cut).join(", ")}${labels.length > 10 ? ", …" : ""}`;
      throw new PropagoError("ERR_CONFIG", `classWeights: unknown class ${show(key)}; known: ${known}`);
    }
    factors[label] = readNumber(weight, `classWeights.${cut(key)}`, { least: 0 });
  }
  return factors;
}
