import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// One script, one style sheet, both with their hash in the name; nothing is inlined, for the page's
// policy allows no inline script or style.
export default defineConfig({
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
    reportCompressedSize: false,
    rollupOptions: { output: { manualChunks: undefined } },
  },
});
