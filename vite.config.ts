import { globSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

// Every file directly in pages/ and styles/ is an entry of its own: a page names what it needs by the source's
// path, and `asset()` in web/templating.py finds the built file in the manifest.
const entries = [
  "elements/src/index.ts",
  ...globSync("elements/src/pages/*.ts"),
  ...globSync("elements/src/styles/*.css"),
];

const OUT = "src/groundswell/web/static/dist";

// Files of earlier builds go only when those of this one are there: a server that runs meanwhile misses nothing.
const forgetOldFiles: Plugin = {
  name: "forget-old-files",
  writeBundle(_options, bundle) {
    const present = new Set(Object.keys(bundle));
    for (const file of readdirSync(OUT))
      if (!present.has(file.replace(/\.gz$/, ""))) rmSync(join(OUT, file), { recursive: true });
  },
};

// Compressed once here rather than at every request: the server sends `NAME.gz` to whoever takes it.
const compress: Plugin = {
  name: "compress",
  writeBundle(_options, bundle) {
    for (const name of Object.keys(bundle)) {
      if (/\.(js|css)$/.test(name))
        writeFileSync(join(OUT, `${name}.gz`), gzipSync(readFileSync(join(OUT, name)), { level: 9 }));
    }
  },
};

export default defineConfig({
  plugins: [forgetOldFiles, compress],
  base: "/static/dist/",
  publicDir: false,
  logLevel: "warn",
  build: {
    chunkSizeWarningLimit: 700, // hls.js, which is fetched only where a browser plays no HLS by itself
    outDir: OUT,
    emptyOutDir: false,
    manifest: "manifest.json",
    target: "es2022",
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      checks: { bundlerTimings: false }, // a slow machine is nothing to warn of
      input: Object.fromEntries(
        entries.map((path) => [path.replace(/^elements\/src\//, "").replace(/\W/g, "-"), path]),
      ),
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "chunk-[name]-[hash].js",
        assetFileNames: (asset) => `${basename(asset.names[0] ?? "asset").replace(/\.[^.]+$/, "")}-[hash][extname]`,
      },
    },
  },
});
