import type { Memory, TurnOptions } from "../../src/index.ts";

/** A turn for another process. */
export interface TurnJob {
  readonly tenant: string;
  readonly name: string;
  readonly options: TurnOptions;
  /** The number of the call to the store after which the process is killed. */
  readonly diesAfter?: number;
}

export interface TurnDone {
  readonly answer?: string;
  readonly error?: string;
  /** How often the model was asked. */
  readonly asked: number;
}

/** Question, view, answer: the messages of one turn of a chat. Never throws. */
export async function runChatTurn(memory: Memory, { tenant, name, options }: TurnJob): Promise<TurnDone> {
  let asked = 0;
  try {
    const answer = await memory
      .tenant(tenant)
      .session("chat")
      .turn(async (turn) => {
        await turn.append({ role: "user", content: "question" }, { operationId: "question" });
        const { messages } = await turn.view();
        asked++;
        await turn.append({ role: "assistant", content: `thought of ${name}` });
        const said = `answer to ${messages.length} by ${name}`;
        turn.appendAtEnd({ role: "assistant", content: said });
        return said;
      }, options);
    return { answer, asked };
  } catch (error) {
    return { error: String((error as { readonly code?: string }).code ?? error), asked };
  }
}
