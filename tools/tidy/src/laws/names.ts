import type { TextFile } from '../repository';
import type { Violation } from '../violation';

const SAYS_NOTHING = new Set(['util', 'utils', 'common', 'helper', 'helpers', 'misc', 'shared', 'stuff', 'lib']);
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const SOURCE = /^(?:libs|services|tools)\/[^/]+\/(?:src|bin|migrations)\/(.+)$/;

/** Every source file and folder has a name of its own, in kebab-case. */
export function poorNames(files: readonly TextFile[]): Violation[] {
  return files.flatMap((file) => {
    const below = SOURCE.exec(file.path)?.[1];
    if (below === undefined || file.path.startsWith('libs/rpc/src/gen/')) return [];
    const parts = below.split('/').map((part) => part.split('.')[0] ?? part);
    return parts.flatMap((part) => {
      if (SAYS_NOTHING.has(part)) return [{ path: file.path, line: 1, message: `\`${part}\` does not say what is in it.`, fix: 'Name it after its one noun.' }];
      return KEBAB.test(part) ? [] : [{ path: file.path, line: 1, message: `\`${part}\` is not kebab-case.`, fix: 'Write lower-case words joined by hyphens.' }];
    });
  });
}
