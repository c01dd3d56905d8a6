import { MemoryError } from "@relevo/core";

/**
 * A package that the application installs itself.
 *
 * @throws `unsupported` when it is missing, with the command that installs it.
 */
export async function loadPeer<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const isMissing =
      cause instanceof Error &&
      (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" &&
      cause.message.includes(`'${name}'`);
    if (!isMissing) throw cause;
    throw new MemoryError("unsupported", `${name} is not installed. Run: npm install ${name}`, {
      details: { package: name },
      cause,
    });
  }
}
