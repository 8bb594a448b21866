// The components, with Lit and everything else they import, must stay within 42 KB gzipped.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 42 * 1024;
const dist = new URL("../../src/groundswell/web/static/dist/", import.meta.url);

interface Chunk {
  file: string;
  imports?: string[];
}
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(new URL("manifest.json", dist), "utf8"));

function files(name: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const imported of chunk.imports ?? []) files(imported, seen);
  return seen;
}

let total = 0;
for (const file of files("elements/src/index.ts")) total += gzipSync(readFileSync(new URL(file, dist))).length;
const line = `components: ${(total / 1024).toFixed(1)} KB gzipped of ${LIMIT_BYTES / 1024} KB allowed`;
if (total === 0 || total > LIMIT_BYTES) {
  console.error(`✗ ${line}`);
  process.exit(1);
}
console.log(`✓ ${line}`);
