import {
  type CallOptions,
  type EventLog,
  isConflict,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";

/**
 * Deletes what was copied, as long as it is what it was then: a process that has slept past its lease removes nothing that
 * others have moved back or written since. An erasure changes it too, and will look into the copy itself, so that the
 * rest is deleted all the same.
 *
 * @throws `conflict` when others have moved the session.
 */
export async function deleteCopied(
  log: EventLog,
  address: SessionAddress,
  copied: Pick<SessionHead, "incarnation" | "version" | "token">,
  fence: number,
  options: CallOptions,
): Promise<void> {
  const { incarnation, version: expectedVersion } = copied;
  for (let expectedToken = copied.token; ; ) {
    try {
      await log.delete(address, { incarnation, fence, expectedVersion, expectedToken, ...options });
      return;
    } catch (error) {
      if (!isConflict(error, "token")) throw error;
      const head = await log.head(address, options);
      if (head?.incarnation !== incarnation) return;
      if (head.sealed !== true) throw error;
      expectedToken = head.token;
    }
  }
}
