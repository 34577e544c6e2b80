// How files of tables begin that are no texts.

/** Whether bytes begin as a Parquet file. */
export function isParquet(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && (bytes[3] === 0x31 || bytes[3] === 0x45);
}

/** Whether bytes are an Arrow file or stream. */
export function isArrow(bytes: Uint8Array, name: string): boolean {
  const begins = (word: string) => Array.from(word).every((letter, i) => bytes[i] === letter.charCodeAt(0));
  if (begins("ARROW1")) return true;
  if (bytes[0] === 0xff && bytes[1] === 0xff && bytes[2] === 0xff && bytes[3] === 0xff && bytes.length > 12)
    return true;
  return /\.(?:arrow|arrows|feather)$/i.test(name) && bytes[3] === 0 && bytes[0] !== 0;
}
