// Builds of the core as the package carries them: text.

/** Undoes `encode` of scripts/embed-core.ts: a character is a byte plus 40; } before it adds 90, ~ adds 180. */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let page = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 124) {
      page = 90 * (code - 124);
    } else {
      bytes[length++] = code + page - 40;
      page = 0;
    }
  }
  return bytes.subarray(0, length);
}
