/**
 * Columns of numbers in few bytes: each as the difference to the least, in as many bytes as the greatest difference
 * takes. Numbers that are no integers, or far apart, are written as they are.
 */

/** How many bytes a number of the column takes; 0 when all are the same. */
type Width = 0 | 1 | 2 | 4 | 8;

const headBytes = 9;
const greatest = 2 ** 32 - 1;

/** Numbers at `at` of the column, for each of `count` places. */
export function columnBytes(column: ArrayLike<number>): Buffer {
  const { length } = column;
  let least = column[0] ?? 0;
  let most = least;
  let whole = true;
  for (let at = 0; at < length; at++) {
    const value = column[at] as number;
    if (value < least) least = value;
    if (value > most) most = value;
    whole &&= Number.isSafeInteger(value);
  }
  const width = whole ? widthOf(most - least) : 8;
  const bytes = Buffer.allocUnsafe(headBytes + width * length);
  bytes[0] = width;
  bytes.writeDoubleLE(width === 8 ? 0 : least, 1);
  for (let at = 0, to = headBytes; at < length; at++, to += width) {
    const value = column[at] as number;
    if (width === 1) bytes[to] = value - least;
    else if (width === 2) bytes.writeUInt16LE(value - least, to);
    else if (width === 4) bytes.writeUInt32LE(value - least, to);
    else if (width === 8) bytes.writeDoubleLE(value, to);
  }
  return bytes;
}

function widthOf(span: number): Width {
  if (span === 0) return 0;
  if (span <= 0xff) return 1;
  if (span <= 0xffff) return 2;
  return span <= greatest ? 4 : 8;
}

/** Reads what `columnBytes` wrote at `from` into `column`, from `start` on, and answers where it ends. */
export function readColumn(
  bytes: Buffer,
  from: number,
  count: number,
  column: Int32Array | Float64Array,
  start: number,
): number {
  const width = bytes[from];
  const least = bytes.readDoubleLE(from + 1);
  const at = from + headBytes;
  const end = at + (width ?? 0) * count;
  if (end > bytes.length) throw new RangeError("The column is cut off.");
  switch (width) {
    case 0:
      column.fill(least, start, start + count);
      break;
    case 1:
      for (let n = 0; n < count; n++) column[start + n] = least + (bytes[at + n] as number);
      break;
    case 2:
      for (let n = 0; n < count; n++)
        column[start + n] =
          least + ((bytes[at + 2 * n] as number) | ((bytes[at + 2 * n + 1] as number) << 8));
      break;
    case 4:
      for (let n = 0; n < count; n++) column[start + n] = least + bytes.readUInt32LE(at + 4 * n);
      break;
    case 8:
      for (let n = 0; n < count; n++) column[start + n] = bytes.readDoubleLE(at + 8 * n);
      break;
    default:
      throw new RangeError("The column has no width that is known.");
  }
  return end;
}
