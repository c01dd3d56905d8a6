import type { Provider } from "@relevo/core";
import type { Group } from "@relevo/messages";

/** What is said of parts that are left out of messages which the view shows: one notice for each kind. */
export function omissionsOf(groups: readonly Group[], provider: Provider | undefined): readonly string[] {
  const native = new Map<string, number>();
  let media = 0;
  for (const { entries } of groups) {
    for (const { message } of entries) {
      if (typeof message.content === "string") continue;
      for (const part of message.content) {
        if (part.type === "native" && part.format !== provider)
          native.set(part.format, (native.get(part.format) ?? 0) + 1);
        else if (message.role === "assistant" && (part.type === "image" || part.type === "file")) media++;
      }
    }
  }
  const notices = [...native].map(
    ([format, count]) =>
      `${counted(count, "native part")} made for ${format} left out: a view shows them only when it is made for that provider.`,
  );
  if (media > 0 && provider !== "gemini")
    notices.push(
      `${counted(media, "image or file", "images or files")} of the assistant left out: only Gemini takes them.`,
    );
  return notices;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}
