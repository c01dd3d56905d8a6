type NumberArray = Int32Array | Float64Array | Float32Array | Uint16Array;

/** A copy with room for at least `size` numbers; at least twice as long, so that growing is linear over all. */
export function grown<Column extends NumberArray>(column: Column, size: number): Column {
  const longer = new (column.constructor as new (length: number) => Column)(
    Math.max(16, 2 * column.length, size),
  );
  longer.set(column as never);
  return longer;
}

/** The numbers at these places, in their order, with the same room as before or less. */
export function gathered<Column extends NumberArray>(column: Column, places: Int32Array): Column {
  const shorter = new (column.constructor as new (length: number) => Column)(Math.max(16, places.length));
  for (let index = 0; index < places.length; index++) shorter[index] = column[places[index] ?? 0] ?? 0;
  return shorter;
}
