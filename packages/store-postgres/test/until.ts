/** Looks until it is so. @throws when it did not come about by the deadline. */
export async function until(isSo: () => Promise<boolean> | boolean, deadlineMs = 300_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error("It did not come about by the deadline.");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
