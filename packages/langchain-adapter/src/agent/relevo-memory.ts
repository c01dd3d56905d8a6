import type { ToolMessage } from "@langchain/core/messages";
import type { JsonValue } from "@relevo/core";
import { errorLine, storableText } from "@relevo/core/input";
import type { AgentMiddleware } from "langchain";
import { loadPeer } from "../load-peer.ts";
import { asParentCommand, parentMessages } from "./agent-handoffs.ts";
import { admitAgentOptions, type RelevoMemoryOptions } from "./agent-options.ts";
import { isBubbleUp } from "./agent-turn.ts";
import { inDegradedRun } from "./degraded-run.ts";
import { modelMessages, withSystem } from "./model-messages.ts";
import { Runs } from "./runs.ts";
import { storableId, storableValue } from "./storable.ts";

const { createMiddleware } = await loadPeer("langchain", () => import("langchain"));

/**
 * Gives an agent of LangChain the memory of its session, as one middleware: put it last in the list.
 *
 * - Before the agent: the turn of the session begins, after other runs of it have ended, in any process; what the state has and
 *   the log has not is appended, once.
 * - Around each call of the model: it is shown the session's view, and what was recalled or is remembered; the state of the
 *   graph is not changed. What tools answered is appended before.
 * - Around each tool: its execution is recorded.
 * - After each answer it is appended, so that a crash loses none. After the agent the turn ends.
 *
 * However a run ends, it lets others in; one that waits for a person continues in any process. A sub-agent that runs inside a
 * tool is a part of the same turn.
 *
 * @throws `invalid-input` that names the option. Runs throw what the memory throws, unless `onMemoryFailure` is `degrade`:
 *   `conflict` when another run of the session takes longer than `waitMs`, `unsupported` for a store without leases.
 *
 * @example
 * ```ts
 * const agent = createAgent({ model, tools, middleware: [relevoMemory({ memory, tenant: "acme" })] });
 * await agent.invoke({ messages: "Hello" }, { configurable: { thread_id: "chat-1" } });
 * ```
 */
export function relevoMemory(given: RelevoMemoryOptions): AgentMiddleware {
  const settings = admitAgentOptions(given);
  const runs = new Runs(settings);
  return createMiddleware({
    name: "RelevoMemory",
    async beforeAgent(state, runtime) {
      await runs.step(runtime, async () => {
        const turn = await runs.begin(runtime);
        await turn.sync(state.messages);
        turn.received ??= await settings.handoffs?.arrive(turn.session, turn.agent, state.messages);
      });
    },
    async wrapModelCall(request, handler) {
      const { runtime } = request;
      const turn = await runs.step(runtime, () => runs.resume(runtime));
      if (turn === undefined) return await handler(request);
      const shown = await runs.step(runtime, async () => {
        await turn.sync(request.state.messages);
        return await turn.during(() => modelMessages(turn, settings, (work) => runs.attempt(work)));
      });
      const asked =
        shown === undefined
          ? request
          : {
              ...request,
              messages: shown.messages,
              systemMessage: withSystem(request.systemMessage, shown.system),
            };
      return await turn.around(async () => await handler(asked as typeof request));
    },
    async wrapToolCall(request, handler) {
      const { runtime } = request;
      const turn = await runs.step(runtime, () => runs.resume(runtime));
      const work = async () => await handler(request);
      const handle = settings.degrades ? () => inDegradedRun(settings.onError, work) : work;
      if (turn === undefined) return await handle();
      const { name, args } = request.toolCall;
      const executionId = storableId(request.toolCall.id);
      const began = performance.now();
      const record = async (outcome: {
        output?: JsonValue;
        error?: { name: string; message: string };
      }): Promise<void> => {
        await runs.step(runtime, () =>
          turn.session.recordExecution({
            input: { tool: storableValue(name), args: storableValue(args) },
            ...(executionId === undefined ? {} : { executionId }),
            ...outcome,
            status: outcome.error === undefined ? "completed" : "failed",
            durationMs: Math.round(performance.now() - began),
          }),
        );
      };
      const result = await turn.around(async () => {
        try {
          const answer = await handle();
          if (asParentCommand(answer) !== undefined) {
            await runs.step(runtime, () => turn.sync([...request.state.messages, ...parentMessages(answer)]));
            turn.passOn();
          }
          const message = answer as Partial<ToolMessage>;
          if (message.status === "error")
            await record({ error: { name: "ToolError", message: storableText(String(message.text ?? "")) } });
          else await record({ output: storableValue(message.content ?? null) });
          return answer;
        } catch (error) {
          // The tool will run again.
          if (!isBubbleUp(error))
            await record({ error: { name: "Error", message: storableText(errorLine(error)) } });
          throw error;
        }
      });
      if (turn.isDone) await runs.step(runtime, () => turn.commit("passed on"), true);
      return result;
    },
    async afterModel(state, runtime) {
      await runs.step(runtime, async () => (await runs.resume(runtime)).sync(state.messages));
    },
    async afterAgent(state, runtime) {
      const end = async () => {
        const turn = await runs.resume(runtime);
        await turn.sync(state.messages);
        await turn.commit(state.messages.at(-1)?.text);
      };
      await runs.step(runtime, end, true);
    },
  }) as unknown as AgentMiddleware;
}
