import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Ends a server and removes its folder when this process is gone, in whatever way it went. */
export interface Watchdog {
  /** From now on this process is ended with us. */
  watch(pid: number): void;
  /** This process has ended by itself. */
  forget(pid: number): void;
  /** Ends what is watched, removes the folder, and resolves when both are done. Idempotent. */
  end(): Promise<void>;
}

/**
 * The end of its input means that whoever held the pipe is gone: by exit, by a signal, or by `kill -9`, after which
 * no handler of ours could run. A shell, as one more Node for each server would cost 40 MB and 40 ms.
 *
 * A stopped server is woken first, or its children would never see that it has died. PostgreSQL is asked to quit, as
 * only it can give back its System V shared memory; after a kill the segment is removed by the id in its pid file.
 */
const script = `
trap '' HUP INT TERM
dir=$1 gently=$2 watched=''
while read -r word pid; do
  rest=''
  for known in $watched; do [ "$known" = "$pid" ] || rest="$rest $known"; done
  [ "$word" = watch ] && rest="$rest $pid"
  watched=$rest
done
children() {
  if [ -r /proc/self/stat ]; then
    for file in /proc/[0-9]*/stat; do
      { read -r line < "$file"; } 2>/dev/null || continue
      pid=\${file#/proc/}; pid=\${pid%/stat}
      set -- "$1" \${line##*) }
      [ "$3" = "$1" ] && echo "$pid"
    done
  else
    ps -A -o pid= -o ppid= | while read -r pid parent; do [ "$parent" = "$1" ] && echo "$pid"; done
  fi
}
alive() {
  kill -0 "$1" 2>/dev/null || return 1
  [ -r "/proc/$1/stat" ] || return 0
  { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 1
  case "\${line##*) }" in Z*) return 1 ;; esac
}
for server in $watched; do
  all="$server $(children "$server")"
  kill -CONT $all 2>/dev/null
  if [ "$gently" = 1 ]; then
    kill -QUIT "$server" 2>/dev/null
    tries=0
    while alive "$server" && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  fi
  kill -KILL $all 2>/dev/null
  tries=0
  while alive "$server" && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
done
segment=$(sed -n '7s/^ *[0-9]* *//p' "$dir/data/postmaster.pid" 2>/dev/null)
[ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
rm -rf -- "$dir" || { sleep 0.2; rm -rf -- "$dir"; }
exit 0
`;

export interface WatchdogOptions {
  /** Removed at the end. */
  readonly dir: string;
  /** Asks with SIGQUIT and kills after 5 seconds, instead of killing at once. */
  readonly gently: boolean;
}

/** Starts a watchdog. It keeps neither this process alive nor its event loop busy. */
export function startWatchdog({ dir, gently }: WatchdogOptions): Watchdog {
  const shell = spawn("/bin/sh", ["-c", script, "relevo-watchdog", dir, gently ? "1" : "0"], {
    // A session of its own: Ctrl-C reaches a whole group, and this is what has to outlive it.
    detached: true,
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  const { stdin } = shell;
  // Writing to a watchdog that somebody killed must not bring the tests down.
  stdin.on("error", () => undefined);
  if ("unref" in stdin && typeof stdin.unref === "function") stdin.unref();
  const tell = (line: string) => void stdin.write(`${line}\n`);
  return {
    watch: (pid) => tell(`watch ${pid}`),
    forget: (pid) => tell(`forget ${pid}`),
    async end() {
      if (!stdin.writableEnded) stdin.end();
      await exitOf(shell);
    },
  };
}

/** Resolves when the process has ended; holds the event loop until then. */
export async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  try {
    await once(child, "exit");
  } finally {
    child.unref();
  }
}
