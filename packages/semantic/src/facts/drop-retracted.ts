import {
  allPages,
  type CallOptions,
  type Document,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";
import { recalledNamespaces } from "@relevo/core/input";
import { hasRetractedSources } from "../recall/retracted-sources.ts";
import { progressWrite, readFactsProgress } from "./facts-progress.ts";
import type { FactsWork } from "./write-window.ts";

/** Removes the facts of the session whose sources were retracted. Those of erased sources are gone already. */
export async function dropRetracted(
  { store, writer }: FactsWork,
  address: SessionAddress,
  head: SessionHead,
  call: CallOptions,
): Promise<void> {
  const { incarnation, removalRevision } = head;
  const namespace = [...recalledNamespaces.facts, writer.name];
  const gone: Document[] = [];
  for await (const document of allPages((page) =>
    store.documents.find(address, { namespace, ...page, ...call }),
  ))
    if (await hasRetractedSources(store.log, address.tenant, document, call)) gone.push(document);
  for (const { key, version } of gone)
    await store.documents.delete(
      { ...address, namespace, key },
      { expectedVersion: version, incarnation, ...call },
    );
  const looked = {
    ...(await readFactsProgress(store, address, writer.name, head, call)),
    removalRevision,
  };
  await store.documents.putMany([progressWrite(address, writer.name, looked)], { incarnation, ...call });
}
