import { rangesInclude } from "@relevo/core";
import { expect, it } from "vitest";
import { window } from "../src/index.ts";
import { assistant, user } from "./support/parts.ts";

it("a pinned message right before the oldest one that was read is not counted as dropped", async () => {
  // The first page holds 64 messages.
  for (const length of [65, 66, 67, 68]) {
    const messages = Array.from({ length }, (_, index) => (index % 2 === 0 ? user("q") : assistant("a")));
    for (const pinned of [0, 1, 2, 3, 4]) {
      const view = await window({ messages: 4 }).apply(messages, { pinned: (_, index) => index === pinned });
      expect(view.seqs).toContain(pinned + 1);
      const places = messages.map((_, index) => {
        const shown = view.seqs.includes(index + 1) ? 1 : 0;
        return shown + view.dropped.filter((range) => rangesInclude([range], index + 1)).length;
      });
      expect(new Set(places)).toEqual(new Set([1]));
    }
  }
});
