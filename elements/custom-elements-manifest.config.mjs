// How the manifest of the custom elements is made (https://custom-elements-manifest.open-wc.org): of the elements that the
// package exports, with the tags that `define` gives them and the events that `tell` sends.
const HELPERS = /GroundswellElement|Styled/;

function called(ts, node, name) {
  if (!ts.isCallExpression(node)) return null;
  const { expression } = node;
  const said = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  return said === name ? node.arguments : null;
}

const declarationNamed = (moduleDoc, name) => moduleDoc.declarations?.find((each) => each.name === name);

function classAround(ts, node) {
  let at = node;
  while (at && !ts.isClassDeclaration(at)) at = at.parent;
  return at?.name?.text;
}

/** The texts that an expression may be: both sides of a choice. */
function texts(ts, node) {
  if (ts.isStringLiteral(node)) return [node.text];
  return ts.isConditionalExpression(node) ? [...texts(ts, node.whenTrue), ...texts(ts, node.whenFalse)] : [];
}

const tags = {
  name: "tags-of-define",
  analyzePhase({ ts, node, moduleDoc }) {
    const said = called(ts, node, "define");
    if (!said || said.length !== 2 || !ts.isStringLiteral(said[0])) return;
    const element = declarationNamed(moduleDoc, said[1].getText());
    if (!element) return;
    element.tagName = said[0].text;
    element.customElement = true;
    const declaration = { name: element.name, module: moduleDoc.path };
    moduleDoc.exports = [
      ...(moduleDoc.exports ?? []),
      { kind: "custom-element-definition", name: element.tagName, declaration },
    ];
  },
};

const events = {
  name: "events-of-tell",
  analyzePhase({ ts, node, moduleDoc }) {
    const said = called(ts, node, "tell");
    if (!said?.length) return;
    const element = declarationNamed(moduleDoc, classAround(ts, node));
    if (!element) return;
    element.events ??= [];
    for (const name of texts(ts, said[0]))
      if (!element.events.some((each) => each.name === name))
        element.events.push({ name, type: { text: `CustomEvent<GroundswellEvents["${name}"]>` } });
  },
};

// What is private to an element is nobody's to use, and what draws parts of it is no element of the package.
const published = {
  name: "published-alone",
  packageLinkPhase({ customElementsManifest: manifest }) {
    for (const module of manifest.modules)
      for (const each of module.declarations ?? [])
        each.members = each.members?.filter(
          (member) => member.privacy !== "private" && member.privacy !== "protected" && !member.static,
        );
    for (const each of manifest.modules.flatMap((module) => module.declarations ?? []))
      each.events = each.events?.filter((event) => event.name.startsWith("gs-"));
    manifest.modules = manifest.modules.filter((module) =>
      module.declarations?.some((each) => each.tagName || HELPERS.test(each.name)),
    );
  },
};

export default {
  globs: [
    "src/element.ts",
    "src/styled.ts",
    ...["clip-button", "moment", "share-sheet", "trimmer", "feed", "comments", "follow-button", "notifications", "reactions"].map(
      (name) => `src/components/${name}.ts`,
    ),
  ],
  outdir: "dist",
  litelement: true,
  packagejson: false,
  plugins: [tags, events, published],
};
