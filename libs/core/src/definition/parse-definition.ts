import type { Definition } from './definition';
import { parseDuration } from './duration';
import { DEFAULTS } from './defaults';
import { CSV_LAYOUT, type FileSource, type Source } from './source';

/** Parts that definitions have had since schedules came; those stored before it mean the defaults. */
type Later = Pick<Definition, 'mode' | 'lookbackGrains' | 'approval' | 'retention' | 'upstream'>;

const LATER: Later = {
  mode: DEFAULTS.mode,
  lookbackGrains: 0,
  approval: DEFAULTS.approval,
  retention: { raw: parseDuration(DEFAULTS.rawRetention) },
  upstream: [],
};

/** A definition from the JSON it was stored as; what older ones do not say is filled in. Throws SyntaxError for what is no JSON. */
export function parseDefinition(json: string): Definition {
  const stored = JSON.parse(json) as Omit<Definition, keyof Later> & Partial<Later>;
  return { ...LATER, ...stored, source: withLayout(stored.source) };
}

/** Sources of files that were stored before there was anything but CSV said its delimiter alone. */
function withLayout(source: Source): Source {
  if (source.type !== 'file' || source.layout !== undefined) return source;
  const { delimiter = CSV_LAYOUT.delimiter, ...others } = source as FileSource & { readonly delimiter?: string };
  return { ...others, layout: { ...CSV_LAYOUT, delimiter } };
}
