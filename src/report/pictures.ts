// The section on images: what the units of the first layer look for, and the pictures of single rows.
import { type Chapter, type Judging } from "./chapter.ts";
import { type Html, html } from "./html.ts";
import type { Importances } from "./importance.ts";
import { type Image, pixelsOf, pngAddress } from "./images.ts";
import { figure } from "./words.ts";

const MOST_UNITS = 32;

/** The weights of the first layer, (inputs, units), of the weightiest network that looks at the pixels themselves. */
function firstWeights({ subject }: Chapter): { weights: ArrayLike<number>; units: number } | undefined {
  const { columns, members, networks } = subject;
  const looks = members.length > 0 ? members.filter(({ features }) => features.inputs === columns && features.columns === columns).map(({ network }) => network) : networks; // prettier-ignore
  const network = looks.find(({ inputs }) => inputs === columns);
  if (network === undefined || network.toJSON().layers[0].type !== "dense") return undefined;
  const { weights } = network.getWeights()[0] as { weights?: ArrayLike<number> };
  return weights === undefined ? undefined : { weights, units: weights.length / columns };
}

/** The first layer's weights as pictures, those of the largest weights first; nothing where there are none. */
export function weightPictures(chapter: Chapter, image: Image | undefined): Html | undefined {
  const found = image && firstWeights(chapter);
  if (image === undefined || found === undefined) return undefined;
  const { weights, units } = found;
  const { columns } = chapter.subject;
  const own = Array.from({ length: units }, (_, unit) => {
    const values = Float64Array.from({ length: columns }, (_, i) => weights[i * units + unit]);
    return { unit, values, norm: Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) };
  });
  own.sort((a, b) => b.norm - a.norm || a.unit - b.unit);
  const items = own.slice(0, MOST_UNITS).map(({ unit, values, norm }) => {
    const picture = pixelsOf(image, values, 28);
    const most = picture.pixels.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const address = pngAddress(picture, [-most, most], true);
    const text = `Weights of unit ${unit}, norm ${figure(norm, 3)}`;
    return html`<li>
      <img src="${address}" alt="${text}" width="${picture.columns}" height="${picture.rows}" />unit ${unit}
    </li>`;
  });
  const some = units > MOST_UNITS ? ` Of ${units} units, the ${MOST_UNITS} with the largest weights.` : "";
  return html`<p>
      Each picture is one unit of the first layer: the weight that each pixel has for it. Red pixels make the unit's
      answer larger when they are bright, blue ones smaller.${some}
    </p>
    <ul class="pictures">
      ${items}
    </ul>`;
}

/** How much each pixel counts, as a picture. */
export function pixelMap({ list }: Importances, image: Image, what: string): Html {
  const values = new Float64Array(image.pixelOf.length);
  for (const { input, drop } of list) values[input] = drop;
  const picture = pixelsOf(image, values);
  const most = picture.pixels.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const address = pngAddress(picture, [-most, most], true);
  const alt = `The fall of ${what} for each pixel, as a picture`;
  return html`<ul class="pictures">
    <li>
      <img class="large" src="${address}" alt="${alt}" width="${picture.columns}" height="${picture.rows}" />Where it
      counts: ${what} falls most, by ${figure(most, 2)}, where the picture is reddest.
    </li>
  </ul>`;
}

/** A function that gives the picture of a row, by its place among the rows judged. */
export function pictureMaker({ judged, image }: Judging): ((place: number) => Html) | undefined {
  if (image === undefined) return undefined;
  const { data, columns } = judged.x;
  let [least, most] = [Infinity, -Infinity];
  for (const value of data) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return (place) => {
    const picture = pixelsOf(image, data.subarray(place * columns, (place + 1) * columns));
    return html`<img
      src="${pngAddress(picture, [least, most], false)}"
      alt="The image of this row"
      width="${picture.columns}"
      height="${picture.rows}"
    />`;
  };
}
