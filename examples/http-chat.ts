// A chat over HTTP. Start as many processes as you like on one database: PORT=3000 DATABASE_URL=… node http-chat.ts
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { MemoryError } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on("error", (error) => console.error(error.message));
await migratePostgres({ pool }).catch((error: Error) => {
  console.error(`DATABASE_URL names no database that can be used: ${error.message}`);
  process.exit(1);
});
const tenant = createMemory({ store: createPostgresStore({ pool }) }).tenant("acme");

function answer(sessionId: string, operationId: string, question: string): Promise<string> {
  return tenant.session(sessionId).turn(
    async (turn) => {
      await turn.append({ role: "user", content: question });
      const { messages } = await turn.view(); // What a model is to be shown.
      const reply = `Answer ${Math.ceil(messages.length / 2)} to "${question}"`;
      turn.appendAtEnd({ role: "assistant", content: reply });
      return reply;
    },
    { operationId, request: question },
  );
}

const server = createServer(async (request, response) => {
  const { "session-id": session = "", "request-id": id = "" } = request.headers;
  try {
    response.end(await answer(String(session), String(id), await text(request)));
  } catch (error) {
    const code = MemoryError.isInstance(error) ? error.code : "internal";
    const status = code === "conflict" ? 409 : code === "invalid-input" ? 400 : 500;
    response.writeHead(status).end(code);
  }
});
server.listen(Number(process.env.PORT ?? 3000), () => console.log(JSON.stringify(server.address())));
