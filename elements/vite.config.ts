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
        react: "src/react.ts",
        "react-people": "src/react-people.ts",
        "react-server": "src/react-server.ts",
        server: "src/server.ts",
        "server-people": "src/server-people.ts",
      },
      formats: ["es"],
    },
    rollupOptions: { external: ["react", "@lit/react"], output: { chunkFileNames: "[name]-[hash].js" } },
  },
});
