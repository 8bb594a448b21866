import { defineConfig } from "vite";

// The components as a package for other people's pages: one module that brings Lit along, and a chunk a language.
export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    lib: {
      entry: {
        groundswell: "src/index.ts",
        "groundswell-feed": "src/feed.ts",
        "groundswell-people": "src/people.ts",
        server: "src/server.ts",
      },
      formats: ["es"],
    },
    rollupOptions: { output: { chunkFileNames: "[name]-[hash].js" } },
  },
});
