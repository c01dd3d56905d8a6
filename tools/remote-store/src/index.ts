export { type RemoteProcess, startRemoteProcess } from "./remote-process.ts";
