// How a JPEG begins. Apart from its decoder, which is loaded when there is one to decode.

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}
