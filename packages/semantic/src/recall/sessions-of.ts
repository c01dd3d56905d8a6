import type { CallOptions, EventLog } from "@relevo/core";

const readsAtOnce = 16;

/**
 * Those of the sessions that belong to one of these people now. An index knows whose a session was when it was read last;
 * it may have been given to another person since.
 */
export async function sessionsOf(
  log: EventLog,
  tenant: string,
  sessions: Iterable<string>,
  users: readonly string[],
  call: CallOptions,
): Promise<ReadonlySet<string>> {
  const asked = [...new Set(sessions)];
  const own = new Set<string>();
  for (let next = 0; next < asked.length; next += readsAtOnce)
    await Promise.all(
      asked.slice(next, next + readsAtOnce).map(async (session) => {
        const subject = (await log.head({ tenant, session }, call))?.subject;
        if (subject !== undefined && users.includes(subject)) own.add(session);
      }),
    );
  return own;
}
