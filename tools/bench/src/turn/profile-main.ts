import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CpuProfile, formatProfile } from "./cpu-profile.ts";
import { type ProfileOptions, profileTurns } from "./profile-turns.ts";
import { turnGroups } from "./turn-groups.ts";
import { admitted, turnOptions, wholeNumber } from "./turn-options.ts";

const usage = `bench:profile [--store NAME,…] [--history N] [--sessions N] [--turns N] [--out FOLDER] [--before FOLDER] [--top N]
bench:profile FILE.cpuprofile … [--top N]

Takes a CPU profile of turns and prints self time by part, in microseconds a turn. FOLDER/turn-STORE.cpuprofile opens in
the developer tools of a browser. Without --store: process, redis and postgres. --before names the folder of an earlier
run to print beside it. With files, prints those, such as what \`node --cpu-prof\` has written.`;

const { values, positionals } = admitted(() =>
  parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean" },
      store: { type: "string" },
      history: { type: "string", default: "100" },
      sessions: { type: "string", default: "1" },
      turns: { type: "string", default: "3000" },
      out: { type: "string", default: ".relevo/profiles" },
      before: { type: "string" },
      top: { type: "string", default: "15" },
    },
  }),
);

const top = admitted(() => wholeNumber("top", values.top));
const options: ProfileOptions = admitted(() => ({
  history: wholeNumber("history", values.history),
  lanes: wholeNumber("sessions", values.sessions),
  turns: wholeNumber("turns", values.turns),
}));

const readProfile = async (file: string): Promise<CpuProfile> => JSON.parse(await readFile(file, "utf8"));

if (values.help === true) {
  console.log(usage);
} else if (positionals.length > 0) {
  for (const file of positionals)
    console.log(`\n## ${file}\n\n${formatProfile(await readProfile(file), { top })}`);
} else {
  const { stores } = admitted(() => turnOptions(values.store === undefined ? [] : ["--store", values.store]));
  const groups = turnGroups();
  await mkdir(values.out, { recursive: true });
  for (const name of stores) {
    const group = groups[name];
    if (group === undefined) continue;
    const file = `turn-${name}.cpuprofile`;
    const before = values.before === undefined ? undefined : await readProfile(join(values.before, file));
    const profile = await profileTurns(group, options);
    if (typeof profile === "string") {
      console.error(`${group.title}: no profile. ${profile}`);
      continue;
    }
    await writeFile(join(values.out, file), JSON.stringify(profile));
    const table = formatProfile(profile, { top, ...(before === undefined ? {} : { before }) });
    console.log(`\n## ${group.title}: ${join(values.out, file)}\n\n${table}`);
  }
}
