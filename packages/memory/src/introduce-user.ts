import { isConflict, type SessionAddress } from "@relevo/core";
import { userNamespace } from "./namespaces.ts";
import type { Runtime } from "./runtime.ts";
import { beingErased, markerAddress, markerOf } from "./user-guard.ts";

/**
 * After a session was created for a person: takes it back when the person is being erased, and makes the person known to
 * `tenant.users()`. One read; a second call for the first session of a person. A retry of the write comes here again.
 *
 * @throws `conflict` with `details.conflict` = `erasure`, and the session is gone; what the store throws, and the session is
 *   there.
 */
export async function introduceUser(
  runtime: Runtime,
  address: SessionAddress,
  user: string,
  incarnation: string,
): Promise<void> {
  const { tenant } = address;
  const { documents, log } = runtime.sessions;
  const marker = markerAddress(tenant, user);
  const person = { tenant, namespace: userNamespace(user), key: "person" };
  const takeBack = async (): Promise<never> => {
    await log.delete(address, { incarnation });
    runtime.cache?.forget(address);
    throw beingErased();
  };
  const [running, known] = await documents.getMany([marker, person]);
  if (markerOf(running?.value)?.running === true) await takeBack();
  if (known !== undefined) return;
  try {
    await documents.put(person, { value: {} }, { expectedVersion: 0 });
  } catch (error) {
    if (!isConflict(error, "version")) throw error;
  }
  // An erasure that began before the put may not have seen it.
  const now = await documents.get(marker);
  if (markerOf(now?.value)?.running !== true) return;
  await documents.delete(person);
  await takeBack();
}
