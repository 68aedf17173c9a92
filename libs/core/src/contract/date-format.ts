/** Letters of the JDK's DateTimeFormatter, which ODCS uses, as strptime directives. */
const DIRECTIVES: Record<string, string> = {
  yyyy: '%Y',
  uuuu: '%Y',
  yy: '%y',
  MMMM: '%B',
  MMM: '%b',
  MM: '%m',
  M: '%-m',
  dd: '%d',
  d: '%-d',
  HH: '%H',
  H: '%-H',
  hh: '%I',
  h: '%-I',
  mm: '%M',
  m: '%-M',
  ss: '%S',
  s: '%-S',
  SSS: '%g',
  SSSSSS: '%f',
  a: '%p',
  XXX: '%z',
  xxx: '%z',
  EEEE: '%A',
  EEE: '%a',
};

/** A letter run, a quoted literal, a doubled quote, or any other character. */
const TOKEN = /'((?:[^']|'')+)'|''|([A-Za-z])\2*|[^A-Za-z']/g;

/**
 * The strptime format for a format of the JDK's DateTimeFormatter such as `dd/MM/yyyy HH:mm`; one that has a % already is taken as it is.
 * Undefined when a part has no counterpart.
 */
export function strptimeFormat(format: string): string | undefined {
  if (format.includes('%')) return format;
  const parts: string[] = [];
  let end = 0;
  for (const match of format.matchAll(TOKEN)) {
    if (match.index !== end) return undefined;
    end = match.index + match[0].length;
    const [token, literal, letter] = match;
    const part = token === "''" ? "'" : (literal?.replaceAll("''", "'") ?? (letter === undefined ? token : Object.hasOwn(DIRECTIVES, token) ? DIRECTIVES[token] : undefined));
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return end === format.length ? parts.join('') : undefined;
}
