/** One link of a Link header: the target as it was written, and its parameters by their names in lower case. */
interface Link {
  readonly target: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const SPACE = /[ \t]/;

/** The target of the link to the next page in a Link header (RFC 8288); undefined where there is none. Links about something else than the page itself (`anchor`) are not it. */
export function nextLink(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  const next = parseLinks(text).find(({ parameters }) => !parameters.has('anchor') && (parameters.get('rel') ?? '').toLowerCase().split(/[ \t]+/).includes('next'));
  return next?.target;
}

/** By the algorithm of RFC 8288, appendix B.2; what is no link ends the list. */
function parseLinks(text: string): Link[] {
  const links: Link[] = [];
  for (let at = skip(text, 0, /[ \t,]/); text[at] === '<'; at = skip(text, at, /[ \t,]/)) {
    const close = text.indexOf('>', at);
    if (close < 0) break;
    const target = text.slice(at + 1, close);
    const parameters = new Map<string, string>();
    at = parseParameters(text, close + 1, parameters);
    links.push({ target, parameters });
  }
  return links;
}

/** Reads `; name=value` again and again; gives where what follows begins. */
function parseParameters(text: string, from: number, parameters: Map<string, string>): number {
  let at = skip(text, from, SPACE);
  while (text[at] === ';') {
    const start = skip(text, at + 1, SPACE);
    at = skip(text, start, /[^=;, \t]/);
    const name = text.slice(start, at).toLowerCase();
    at = skip(text, at, SPACE);
    let value = '';
    if (text[at] === '=') [value, at] = parseValue(text, skip(text, at + 1, SPACE));
    // The first of a name holds.
    if (name !== '' && !parameters.has(name)) parameters.set(name, value);
    at = skip(text, at, SPACE);
  }
  return at;
}

function parseValue(text: string, from: number): [string, number] {
  if (text[from] !== '"') {
    const end = skip(text, from, /[^;, \t]/);
    return [text.slice(from, end), end];
  }
  let value = '';
  let at = from + 1;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  return [value, at + 1];
}

function skip(text: string, from: number, characters: RegExp): number {
  let at = from;
  while (at < text.length && characters.test(text[at] ?? '')) at++;
  return at;
}
