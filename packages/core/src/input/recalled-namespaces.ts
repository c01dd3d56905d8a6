/**
 * Where `@relevo/memory` keeps what a recall finds beside messages. Names that are `relevo` or begin with `relevo:` are
 * reserved, so no document of an application is there.
 */
export const recalledNamespaces: Readonly<
  Record<"knowledge" | "users" | "agents" | "facts", readonly string[]>
> = {
  /** Stand-alone documents; the name of the collection follows. */
  knowledge: ["relevo:knowledge"],
  /** Stand-alone documents; the person's id, what kind of memory, and its tier follow. */
  users: ["relevo:user"],
  /** Stand-alone documents; the name of the agent follows. */
  agents: ["relevo", "agents", "durable"],
  /** Documents of sessions: facts that were written of their messages. */
  facts: ["relevo", "facts"],
};

/** The third element of the namespaces where `@relevo/memory` keeps past values: no search finds them. */
export const pastElement = "relevo:history";

/** The name in the metadata of a document for the documents that supersede it, each `{ session?, namespace, key }`. */
export const supersededByName = "relevo:superseded-by";
