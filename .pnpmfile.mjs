/** Packages of Node.js itself give `os` and `cpu` as text; pnpm reads lists alone, and would install all of them. */
export const hooks = {
  readPackage(manifest) {
    if (!/^node-(?:linux|win)-/u.test(manifest.name)) return manifest;
    return { ...manifest, os: [manifest.os].flat(), cpu: [manifest.cpu].flat() };
  },
};
