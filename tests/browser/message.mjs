// Messages of examd.proto as they are on the wire, for tests that look at what went over it and take no
// page's word.
const VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;

export function varint(bytes, at) {
  let value = 0, scale = 1, next;
  do {
    next = bytes[at.i++];
    value += (next & 0x7f) * scale;
    scale *= 128;
  } while (next >= 0x80);
  return value;
}

// The fields of a message: number -> values, numbers or bytes.
export function fields(bytes) {
  const found = new Map(), at = { i: 0 };
  while (at.i < bytes.length) {
    const tag = varint(bytes, at), number = Math.floor(tag / 8), type = tag % 8;
    let value;
    if (type === VARINT) value = varint(bytes, at);
    else if (type === BYTES) {
      const length = varint(bytes, at);
      value = bytes.subarray(at.i, at.i += length);
    } else if (type === FIXED64) value = bytes.subarray(at.i, at.i += 8);
    else if (type === FIXED32) value = bytes.subarray(at.i, at.i += 4);
    else throw new Error(`a field of type ${type}`);
    found.set(number, [...(found.get(number) ?? []), value]);
  }
  return found;
}

export const one = (message, number) => message.get(number)?.at(-1);
