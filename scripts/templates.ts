// Format the Jinja templates, or (--check) name those that are not as the formatter leaves them. It does not break what
// stands between {{ }} or {% %}: whoever writes a longer line than WIDTH there is told so, to break it as it reads best.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { createFromBuffer } from "@dprint/formatter";

const LEFT = ["src/groundswell/web/templates/_icons.html"]; // drawings: one a line, however long

const WIDTH = 120;

const formatter = createFromBuffer(readFileSync(new URL(import.meta.resolve("dprint-plugin-markup/plugin.wasm"))));
// "css": whitespace is added or taken only where the elements' display makes it mean nothing.
formatter.setConfig({ lineWidth: WIDTH, indentWidth: 2 }, { whitespaceSensitivity: "css" });

const check = process.argv.includes("--check");
for (const filePath of globSync("src/groundswell/**/templates/**/*.html")) {
  if (LEFT.includes(filePath)) continue;
  const fileText = readFileSync(filePath, "utf8");
  const formatted = formatter.formatText({ filePath: `${filePath}.jinja`, fileText }); // the name says the language
  for (const [index, line] of formatted.split("\n").entries()) {
    if (line.length <= WIDTH) continue;
    console.log(`longer than ${WIDTH} characters: ${filePath}:${index + 1}`);
    process.exitCode = 1;
  }
  if (formatted === fileText) continue;
  console.log(check ? `not formatted, see \`make format\`: ${filePath}` : `formatted: ${filePath}`);
  if (check) process.exitCode = 1;
  else writeFileSync(filePath, formatted);
}
