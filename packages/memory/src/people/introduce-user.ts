import { isConflict, type SessionAddress } from "@relevo/core";
import { userNamespace } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import { afterWrite, beingErased, markerAddress, markerOf } from "./user-guard.ts";

/**
 * After a session was created for a person: takes it back when the person is being erased, and makes the person known to
 * `tenant.users()`. One read; a second call for the first session of a person. A retry of the write comes here again.
 *
 * @throws `conflict` with `details.conflict` = `erasure`, and the session is gone; what the store throws, with the outcome
 *   `unknown`, and the session is there.
 */
export async function introduceUser(
  runtime: Runtime,
  address: SessionAddress,
  user: string,
  incarnation: string,
): Promise<void> {
  let isErased: boolean;
  try {
    isErased = await introduce(runtime, address.tenant, user);
    if (isErased) {
      await runtime.sessions.log.delete(address, { incarnation });
      runtime.cache?.forget(address);
    }
  } catch (error) {
    throw afterWrite(error);
  }
  if (isErased) throw beingErased();
}

/** True when the person is being erased. */
async function introduce(
  { sessions: { documents } }: Runtime,
  tenant: string,
  user: string,
): Promise<boolean> {
  const marker = markerAddress(tenant, user);
  const person = { tenant, namespace: userNamespace(user), key: "person" };
  const [running, known] = await documents.getMany([marker, person]);
  if (markerOf(running?.value)?.running === true) return true;
  if (known !== undefined) return false;
  try {
    await documents.put(person, { value: {} }, { expectedVersion: 0 });
  } catch (error) {
    if (!isConflict(error, "version")) throw error;
  }
  // An erasure that began before the put may not have seen it.
  const now = await documents.get(marker);
  if (markerOf(now?.value)?.running !== true) return false;
  await documents.delete(person);
  return true;
}
