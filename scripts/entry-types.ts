// The types of an entry of its own, such as propago/files. A bundle of its declarations has copies of the library's; here
// they are replaced by imports, so that a Network is the same type wherever it comes from.
import ts from "typescript";

const parse = (text: string) => ts.createSourceFile("types.d.ts", text, ts.ScriptTarget.Latest, true);

/** The names that a statement declares. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.DeclarationStatement;
  return name === undefined ? [] : [name.getText()];
}

/** The names that a bundle of declarations exports: each statement's own, and those of `export { … }`. */
function exportsOf(source: ts.SourceFile): Set<string> {
  const names = source.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return /^export\b/.test(statement.getText()) ? namesOf(statement) : [];
    const { exportClause } = statement;
    return exportClause && ts.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [];
  });
  return new Set(names);
}

/** The declarations of an entry; what `library` exports is imported from it, and what nothing needs then is left out. */
export function withoutCopies(entry: string, library: string): string {
  const shared = exportsOf(parse(library));
  const source = parse(entry);
  const own = new Map<string, ts.Statement[]>();
  for (const statement of source.statements) {
    for (const name of namesOf(statement)) {
      if (!shared.has(name)) own.set(name, [...(own.get(name) ?? []), statement]);
    }
  }
  const kept = new Set<ts.Statement>();
  const imported = new Set<string>();
  const need = (name: string): void => {
    if (shared.has(name)) imported.add(name);
    for (const statement of own.get(name) ?? []) {
      if (kept.has(statement)) continue;
      kept.add(statement);
      const visit = (node: ts.Node): void => {
        if (ts.isIdentifier(node)) need(node.text);
        ts.forEachChild(node, visit);
      };
      visit(statement);
    }
  };
  exportsOf(source).forEach(need);
  const texts = source.statements
    .filter((statement) => kept.has(statement))
    .map((statement) => statement.getFullText());
  const imports = imported.size === 0 ? "" : `import type { ${[...imported].sort().join(", ")} } from "./index.cjs";\n`;
  return `${imports}${texts.join("")}\n\nexport {};\n`;
}
