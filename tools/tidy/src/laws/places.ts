import { isGenerated, type TextFile } from '../repository';
import type { Violation } from '../violation';

// Put together so that this file does not break its own law.
const MACHINE_PATH = new RegExp(`(^|[\\s"'\`=:(\\[,])/(${['wo' + 'rk', 'ro' + 'ot', 'ho' + 'me', 'Us' + 'ers', 'tm' + 'p/w'].join('|')})/`);
const URL_HOST = /\bhttps?:\/\/([A-Za-z0-9.-]+)/g;
/** Hosts that a public file may name: this machine, reserved examples, specifications and the homes of what Weir uses. */
const PUBLIC_HOSTS = [
  '127.0.0.1', 'localhost', 'example.com', 'example.org', 'github.com', 'json-schema.org', 'www.w3.org', 'www.apache.org', 'nodejs.org', 'go.dev', 'www.docker.com', 'docs.docker.com', 'www.npmjs.com', 'registry.npmjs.org',
  'opentelemetry.io', 'temporal.io', 'docs.temporal.io', 'duckdb.org', 'www.postgresql.org', 'www.jaegertracing.io', 'bitol-io.github.io', 'archive.ics.uci.edu', 'doi.org', 'creativecommons.org', 'www.nyc.gov', 'keepachangelog.com', 'semver.org', 'opencollective.com', 'tidelift.com', 'paypal.me',
];

/** No committed file names a folder of somebody's machine. */
export function machinePaths(files: readonly TextFile[]): Violation[] {
  return eachLine(files, (text) => (MACHINE_PATH.test(text) ? `A folder of one machine is named: ${text.trim().slice(0, 100)}` : undefined), 'Use a path below the repository, a setting or a temporary folder.');
}

/** No committed file names a host that only some machines reach, such as a private registry. */
export function privateHosts(files: readonly TextFile[]): Violation[] {
  return eachLine(
    files,
    (text, path) => {
      // A lock file quotes every package's own links; only where packages come from matters.
      if (path === 'package-lock.json' && !text.includes('"resolved"')) return undefined;
      for (const match of text.matchAll(URL_HOST)) {
        const host = match[1] ?? '';
        if (!PUBLIC_HOSTS.includes(host) && !PUBLIC_HOSTS.some((known) => host.endsWith(`.${known}`))) return `The host ${host} is not on the list of public hosts.`;
      }
      return undefined;
    },
    'Remove it; a public site may be added to the list in tools/tidy/src/laws/places.ts.',
  );
}

function eachLine(files: readonly TextFile[], problem: (text: string, path: string) => string | undefined, fix: string): Violation[] {
  return files
    .filter(({ path }) => path === 'package-lock.json' || !isGenerated(path))
    .flatMap((file) =>
      file.text.split('\n').flatMap((text, index) => {
        const message = problem(text, file.path);
        return message === undefined ? [] : [{ path: file.path, line: index + 1, message, fix }];
      }),
    );
}
