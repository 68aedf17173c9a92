import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isExecutable, onPath } from './command';

export interface Java {
  /** The file to run. */
  readonly program: string;
  readonly major: number;
  /** Such as "25.0.3". */
  readonly version: string;
}

const USUAL_FOLDERS = ['/usr/lib/jvm', '/usr/java', '/Library/Java/JavaVirtualMachines', '/opt/homebrew/opt', '/usr/local/opt'];

/** The newest Java of this machine, from JAVA_HOME, PATH and the usual folders, if it is at least of version `oldest`. */
export function lookForJava(oldest: number, env: Readonly<Record<string, string | undefined>> = process.env): Java | undefined {
  const onThePath = onPath('java', env['PATH']);
  const homes = [...(env['JAVA_HOME'] ? [env['JAVA_HOME']] : []), ...(onThePath ? [dirname(dirname(realpathSync(onThePath)))] : []), ...USUAL_FOLDERS.flatMap(below)];
  const found = homes.map(javaIn).filter((one) => one !== undefined);
  return found.filter(({ major }) => major >= oldest).sort((a, b) => b.major - a.major)[0];
}

function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => /java|jdk|jre|temurin|zulu|corretto/i.test(name)).flatMap((name) => [join(folder, name), join(folder, name, 'Contents/Home'), join(folder, name, 'libexec/openjdk.jdk/Contents/Home')]);
}

/** Every Java says its version in a file, which is read in no time; starting each one to ask it takes a second. */
function javaIn(home: string): Java | undefined {
  const [program, release] = [join(home, 'bin/java'), join(home, 'release')];
  if (!isExecutable(program) || !existsSync(release)) return undefined;
  const version = /^JAVA_VERSION="((\d+)[^"]*)"/m.exec(readFileSync(release, 'utf8'));
  return version?.[1] ? { program, major: Number(version[2]), version: version[1] } : undefined;
}
