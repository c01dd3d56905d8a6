import { MemoryError, type SessionAddress, type View } from "@relevo/core";
import type { Memory, Session } from "../../src/index.ts";
import { newest } from "./shown-views.ts";

/** Something that is done through one memory. */
export interface Act {
  readonly kind: "turn" | "view" | "append" | "retry" | "undo" | "erase" | "trim" | "touch" | "delete";
  readonly address: SessionAddress;
  /** The same object as the act before it used, or a new one. */
  readonly retained: boolean;
  readonly text: string;
  readonly seq: number;
  /** How many messages a view shows. */
  readonly size: number;
}

export interface Done {
  /** What the view of a `turn` or a `view` has shown, as JSON. */
  readonly view?: string;
  /** The code of the error in which the act ended. */
  readonly error?: string;
}

export interface Participant {
  act(act: Act): Promise<Done>;
}

/** Acts through a memory of this process. */
export function participantOf(memory: Memory): Participant {
  const objects = new Map<string, Session>();
  return {
    async act(act) {
      const { tenant, session: id } = act.address;
      const key = JSON.stringify(act.address);
      const known = act.retained ? objects.get(key) : undefined;
      const session = known ?? memory.tenant(tenant).session(id);
      objects.set(key, session);
      try {
        const view = await perform(session, act);
        return view === undefined ? {} : { view: JSON.stringify(view) };
      } catch (error) {
        if (!MemoryError.isInstance(error)) throw error;
        return { error: error.code };
      }
    },
  };
}

async function perform(session: Session, { kind, text, seq, size }: Act): Promise<View | undefined> {
  const message = { role: "user", content: text } as const;
  switch (kind) {
    case "turn":
      await session.append(seq % 3 === 0 ? { ...message, role: "system" } : message);
      return session.view({ strategy: newest(size) });
    case "view":
      return session.view({ strategy: newest(size) });
    case "append":
      await session.append([message, { type: "x-note", body: text }, message]);
      return undefined;
    case "retry":
      await session.append({ role: "user", content: `operation ${seq % 3}` }, { operationId: `${seq % 3}` });
      return session.view({ strategy: newest(size) });
    case "undo":
      await session.undo(1 + (seq % 3));
      return undefined;
    case "erase":
      await session.erase({ seqs: [seq] });
      return undefined;
    case "trim":
      await session.trim({ beforeSeq: seq });
      return undefined;
    case "touch":
      await session.touch({ metadata: { text } });
      return undefined;
    case "delete":
      await session.delete();
      return undefined;
  }
}
