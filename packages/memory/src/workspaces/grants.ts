import {
  type CallOptions,
  type DocumentAddress,
  fingerprint,
  type JsonValue,
  MemoryError,
  type Page,
  type PageOptions,
  updateDocument,
} from "@relevo/core";
import {
  type AdmittedSession,
  admitFields,
  admitId,
  admitSession,
  type FieldTable,
  fieldTable,
  readArray,
  refuse,
} from "@relevo/core/input";
import { workspaceNamespace } from "../namespaces.ts";
import { storesOf } from "../people/list-people.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type {
  WorkspaceAccess,
  WorkspaceActor,
  WorkspaceGrant,
  WorkspaceParty,
  WorkspaceRefusal,
} from "./workspace.ts";

/** A workspace of a tenant. */
export interface WorkspacePlace {
  readonly tenant: string;
  readonly name: string;
}

const partyFields: FieldTable = fieldTable<Record<"agent" | "role" | "tenant", string>>({
  agent: "selects",
  role: "selects",
  tenant: "selects",
});
const actorFields: FieldTable = fieldTable<WorkspaceActor>({
  agent: "selects",
  roles: "refines",
  session: "refines",
});

/** The most roles of one actor: each is a grant to look up. */
const maxRoles = 32;

/** @throws `invalid-input` for what is not exactly one party. */
export function admitParty({ limits }: Runtime, tenant: string, given: WorkspaceParty): WorkspaceParty {
  const party = admitFields<Partial<Record<"agent" | "role" | "tenant", string>>>(given, "to", partyFields);
  const [name, ...others] = Object.keys(party) as ("agent" | "role" | "tenant")[];
  if (name === undefined || others.length > 0)
    throw refuse("to", "must name exactly one of agent, role and tenant.");
  const id = admitId(party[name], `to.${name}`, limits);
  if (name === "tenant" && id === tenant)
    throw refuse("to.tenant", "is the workspace's own. Grant access to an agent or a role.");
  return { [name]: id } as WorkspaceParty;
}

/** @throws `invalid-input` for an actor who is nobody. */
export function admitActor(
  { limits }: Runtime,
  tenant: string,
  given: WorkspaceActor,
): { readonly actor: Actor; readonly session: AdmittedSession | undefined } {
  const { agent, roles, session } = admitFields<WorkspaceActor>(given, "actor", actorFields);
  const named = agent === undefined ? {} : { agent: admitId(agent, "actor.agent", limits) };
  const list = readArray(roles ?? [], "actor.roles", "an array of roles", maxRoles);
  const admitted = list.map((role, index) => admitId(role, `actor.roles[${index}]`, limits));
  if (agent === undefined && admitted.length === 0) throw refuse("actor", "must have an agent or a role.");
  const actor = admitted.length === 0 ? named : { ...named, roles: admitted };
  if (session === undefined) return { actor, session };
  const at = admitSession(session, "actor.session", limits);
  if (at.address.tenant !== tenant) throw refuse("actor.session", "belongs to another tenant.");
  return { actor, session: at };
}

function grantAddress({ tenant, name }: WorkspacePlace, party: WorkspaceParty): DocumentAddress {
  return { tenant, namespace: [...workspaceNamespace(name), "grants"], key: fingerprint({ ...party }) };
}

export async function putGrant(
  { durable, clock }: Runtime,
  place: WorkspacePlace,
  to: WorkspaceParty,
  access: WorkspaceAccess,
  options: CallOptions,
): Promise<WorkspaceGrant> {
  const grant: WorkspaceGrant = { to, access, at: clock.now() };
  const value = grant as unknown as JsonValue;
  await durable.documents.put(grantAddress(place, to), { value }, signalOf(options));
  return grant;
}

export function deleteGrant(
  { durable }: Runtime,
  place: WorkspacePlace,
  from: WorkspaceParty,
  options: CallOptions,
): Promise<boolean> {
  return durable.documents.delete(grantAddress(place, from), signalOf(options));
}

/** One page of the grants, or of the refusals. */
export async function listRecords<Value extends WorkspaceGrant | WorkspaceRefusal>(
  { durable }: Runtime,
  { tenant, name }: WorkspacePlace,
  kind: "grants" | "refusals",
  options: PageOptions,
): Promise<Page<Value>> {
  const namespace = [...workspaceNamespace(name), kind];
  const page = await durable.documents.find({ tenant }, { ...options, namespace });
  return { ...page, items: page.items.map(({ value }) => value as unknown as Value) };
}

/** Who wants to use a workspace: an actor of its own tenant, or another tenant. */
export type Asking = Actor | { readonly tenant: string };
type Actor = Omit<WorkspaceActor, "session">;

/**
 * Looks up whether one of the grants allows this, and records that none does.
 *
 * @throws `denied`.
 */
export async function requireAccess(
  runtime: Runtime,
  place: WorkspacePlace,
  asking: Asking,
  access: WorkspaceAccess,
  options: CallOptions,
): Promise<void> {
  const addresses = partiesOf(asking).map((party) => grantAddress(place, party));
  const found = await runtime.durable.documents.getMany(addresses, signalOf(options));
  for (const document of found) {
    const granted = (document?.value as unknown as WorkspaceGrant | undefined)?.access;
    if (granted === "read-write" || granted === access) return;
  }
  await noteRefusal(runtime, place, asking, access);
  throw new MemoryError(
    "denied",
    `The workspace ${JSON.stringify(place.name)} is not to be ${access === "read" ? "read" : "written"} here. Its tenant can grant "${access}".`,
    { details: { workspace: place.name, access } },
  );
}

function partiesOf(asking: Asking): readonly WorkspaceParty[] {
  if ("tenant" in asking) return [asking];
  const { agent, roles = [] } = asking;
  return [...(agent === undefined ? [] : [{ agent }]), ...roles.map((role) => ({ role }))];
}

/**
 * One record for each actor and access, so that an agent that tries again for ever fills no store; and none where there is no
 * workspace, or another tenant could make one by asking. Never throws.
 */
async function noteRefusal(
  runtime: Runtime,
  { tenant, name }: WorkspacePlace,
  by: Asking,
  access: WorkspaceAccess,
): Promise<void> {
  const { durable, clock, onError, random } = runtime;
  const namespacePrefix = workspaceNamespace(name);
  const namespace = [...namespacePrefix, "refusals"];
  const key = fingerprint([{ ...by } as JsonValue, access]);
  try {
    const looks = storesOf(runtime).map(({ documents }) =>
      documents.find({ tenant }, { namespacePrefix, limit: 1 }),
    );
    if ((await Promise.all(looks)).every(({ items }) => items.length === 0)) return;
    await updateDocument(
      durable.documents,
      { tenant, namespace, key },
      (current) => {
        const now = clock.now();
        const { count = 0, firstAt = now } = (current?.value ?? {}) as Partial<WorkspaceRefusal>;
        const value: WorkspaceRefusal = { by, access, count: count + 1, firstAt, lastAt: now };
        return { value: value as unknown as JsonValue };
      },
      { random },
    );
  } catch (error) {
    onError(error);
  }
}
