/** What a project is, which decides what it may import. */
export type Layer =
  | "core"
  | "messages"
  | "store"
  | "feature"
  | "conversation"
  | "kit"
  | "adapter"
  | "app"
  | "tool";

const mayImport: { readonly [layer in Layer]: readonly Layer[] } = {
  core: [],
  messages: ["core"],
  store: ["core"],
  feature: ["core"],
  // Features that decide what a model is shown.
  conversation: ["core", "messages"],
  kit: ["core"],
  adapter: ["core", "messages", "feature", "conversation"],
  app: ["core", "messages", "store", "feature", "conversation", "kit", "adapter"],
  tool: ["core", "messages", "store", "feature", "conversation", "kit", "adapter", "tool"],
};

/** Tests may also use the kit, the tools, and a real store to run on; those of a feature also what it works with. */
const testsMayAlsoImport: { readonly [layer in Layer]: readonly Layer[] } = {
  core: ["kit", "tool"],
  messages: ["kit", "tool"],
  store: ["kit", "tool", "store"],
  feature: ["kit", "tool", "store", "feature", "messages", "conversation"],
  conversation: ["kit", "tool", "store", "feature", "conversation"],
  kit: ["tool", "store"],
  adapter: ["kit", "tool", "store"],
  app: ["tool"],
  tool: [],
};

/**
 * The layer of a project by its folder. A package that no rule names is a feature, which may import the least: one
 * that needs more has to be given its place here.
 */
export function layerOf(folder: string): Layer {
  const [kind, name = ""] = folder.split("/");
  if (kind === "apps" || kind === "examples") return "app";
  if (kind === "tools") return "tool";
  if (name === "core") return "core";
  if (name === "messages") return "messages";
  if (name === "truncation" || name === "handoff-tracing") return "conversation";
  if (name === "store-conformance") return "kit";
  if (name === "store-layers") return "feature";
  if (name.startsWith("store-")) return "store";
  if (name.endsWith("-adapter") || name === "cli") return "adapter";
  return "feature";
}

/** Whether code of one layer may import another, and its tests with `inTests`. */
export function isAllowed(from: Layer, to: Layer, inTests: boolean): boolean {
  return mayImport[from].includes(to) || (inTests && testsMayAlsoImport[from].includes(to));
}
