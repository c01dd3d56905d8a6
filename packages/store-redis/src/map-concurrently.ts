/** Results in the order of the items, of at most `width` at a time. Begins no more after the first that fails. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    try {
      for (const [index, item] of rest) {
        results[index] = await work(item);
        if (failed) return;
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
