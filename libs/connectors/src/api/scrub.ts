/** What means something in a pattern. */
const SYNTAX = /[\\^$.*+?()[\]{}|/]/g;

/** Takes secrets out of text that others wrote, in every form in which a server may send them back, in capitals or not. */
export function scrub(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap(formsOf).filter((form) => form !== '');
  // The longest first: one may be a part of another.
  return [...new Set(forms)].sort((a, b) => b.length - a.length).reduce((clean, form) => clean.replace(new RegExp(form.replace(SYNTAX, '\\$&'), 'gi'), 'REDACTED'), text);
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [secret, inJson, inJson.replaceAll('/', '\\/'), encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1), bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
}
