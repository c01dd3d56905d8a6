import type { ContentPart, Provider, Role } from "@relevo/core";

const spoken: Readonly<Record<Role, ReadonlySet<ContentPart["type"]>>> = {
  system: new Set(["text"]),
  user: new Set(["text", "image", "file"]),
  assistant: new Set(["text", "reasoning", "tool-call", "tool-result"]),
  tool: new Set(["tool-result"]),
};

/**
 * Whether the provider accepts the part in a message of this role; without a provider, whether all four do. Only Gemini
 * accepts media of the assistant. A native part is for its own provider.
 */
export function takesPart(part: ContentPart, role: Role, provider: Provider | undefined): boolean {
  if (part.type === "native") return part.format === provider && (role === "user" || role === "assistant");
  if (role === "assistant" && (part.type === "image" || part.type === "file")) return provider === "gemini";
  return spoken[role].has(part.type);
}
