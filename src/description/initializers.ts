// Reads what first weights and biases are drawn from.
import { PropagoError } from "../ground/errors.ts";
import { nameOf, readNamed } from "../ground/options.ts";
import type { Distribution } from "../tables/distributions.ts";
import { INITIALIZERS } from "../tables/initializers.ts";
import type { InitializerName } from "../tables/names.ts";
import { withRareRows } from "../tables/rare.ts";

/** The distribution of the first weights, or biases, that a description asks for. */
export function readInitializer(
  value: unknown,
  where: string,
  inputs: number,
  units: number,
  isBias = false,
): Distribution {
  const rows = withRareRows("initializer", INITIALIZERS, nameOf(value));
  const { name, options } = readNamed(value, where, "initializer", rows);
  const row = rows[name];
  if (isBias && row.weightsOnly) {
    throw new PropagoError("ERR_CONFIG", `${where}: ${name} is for weights; biases may begin as "zeros"`);
  }
  const distribution = row.draw(inputs, units, options as never, isBias);
  if (distribution.kind === "uniform" && distribution.low > distribution.high) {
    throw new PropagoError("ERR_CONFIG", `${where}: low (${distribution.low}) is above high (${distribution.high})`);
  }
  return distribution;
}

/** How biases begin where nobody says so, beneath weights that begin as `init` says. */
export function biasInitOf(init: unknown): InitializerName {
  const name = nameOf(init) as InitializerName;
  return withRareRows("initializer", INITIALIZERS, undefined)[name]?.withBiases ? name : "zeros";
}

/** Whether first weights are to be scaled once data is seen. */
export function isScaledToData(init: unknown): boolean {
  return nameOf(init) === "lsuv";
}
