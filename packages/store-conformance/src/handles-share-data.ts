import { createUuidGenerator } from "@relevo/core";
import type { StoreHarness } from "./harness.ts";
import { says } from "./samples.ts";

const ids = createUuidGenerator();

/**
 * Why the two handles of a fixture are no two views of one set of data; `undefined` when they are. Nearly every case is about
 * both, and would fail with a message of its own.
 *
 * Rejects with what the store throws.
 */
export async function whyApart(harness: StoreHarness): Promise<string | undefined> {
  await using fixture = await harness.open();
  const { store, other } = fixture;
  const tenant = `tenant-${ids.next()}`;
  const views = [
    { name: "store", writer: store, reader: other, readerName: "other" },
    { name: "other", writer: other, reader: store, readerName: "store" },
  ];
  for (const { name, writer, reader, readerName } of views) {
    const address = { tenant, session: `written-by-${name}` };
    await writer.log.append(address, [says("Hello")]);
    if ((await reader.log.head(address)) === undefined)
      return (
        `The two handles of ${harness.name} do not share their data: \`${readerName}\` does not see a session that \`${name}\` ` +
        "has just appended to. Each open() of the harness makes one new, empty set of data, and both handles over it: the same " +
        "file, database, prefix or map, not one for each. The cases need that, so none of them ran."
      );
  }
  return undefined;
}
