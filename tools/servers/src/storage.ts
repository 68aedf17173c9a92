import { systemCode, WeirError } from '@weir/core';
import { Egress, egressSettings, lakeSettings, listenSettings, readEnvironment, stageSettings } from '@weir/platform';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lakeCache } from './home';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the services of a platform keep rows. */
export interface Storage {
  /** A folder, or s3://bucket/prefix. */
  readonly lake: string;
  /** The folder of destinations of type file. */
  readonly exports: string;
}

/**
 * WEIR_LAKE and WEIR_EXPORTS, in the home by default; folders are made. Before anything runs, all settings of the environment that several services read at their start are read as they read
 * them. Throws INVALID_VALUE and MISSING_KEY, naming the variable.
 */
export function openStorage(home: string, env: Environment): Storage {
  const lake = env['WEIR_LAKE'] || join(home, 'lake');
  // Each service gets a port of its own, whatever is said here.
  const settings = readEnvironment({ WEIR_LAKE_CACHE: lakeCache(home), ...env, WEIR_LAKE: lake, WEIR_PORT: '0' });
  listenSettings(settings, 0);
  stageSettings(settings);
  // Reads what the settings leave as text.
  void new Egress(egressSettings(settings).egressAllow);
  const place = lakeSettings(settings);
  const exports = makeFolder('WEIR_EXPORTS', env['WEIR_EXPORTS'] || join(home, 'exports'));
  return { lake: 'folder' in place ? makeFolder('WEIR_LAKE', place.folder) : lake, exports };
}

function makeFolder(variable: string, path: string): string {
  const folder = resolve(path);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new WeirError({ code: 'INVALID_VALUE', place: variable, message: `${variable} is \`${folder}\`, which cannot be made a folder: ${systemCode(error) ?? ''}.`, fix: 'Name a folder that this user may write to.' }, { cause: error });
  }
  return folder;
}
