import { asNode, type Source } from '../source';
import type { Violation } from '../violation';

/** Every index.ts of a project names what it exports: a package's surface is decided, not leaked. */
export function wildcardExports(sources: readonly Source[]): Violation[] {
  return sources
    .filter(({ path }) => /^(libs|services|tools)\/[^/]+\/src\/index\.ts$/.test(path))
    .flatMap((source) => {
      const body = source.tree['body'];
      const statements = Array.isArray(body) ? body.flatMap((item) => asNode(item) ?? []) : [];
      return statements
        .filter(({ type }) => type === 'ExportAllDeclaration')
        .map((node) => ({ path: source.path, line: source.lineOf(node), message: `\`${source.textOf(node)}\` exports whatever the file happens to have.`, fix: 'Name each export.' }));
    });
}
