import { nearest } from '../suggest';

/** What is wrong with the name of a time zone, and what to do; undefined when nothing is. Case counts, as it does for Temporal. */
export function timezoneFault(name: string): { message: string; fix: string } | undefined {
  // Offsets such as +01:00 are none, and zones without a capital are found by Intl but not by Temporal.
  if (/^[A-Z]/.test(name) && !/\/[a-z]/.test(name) && isZone(name)) return undefined;
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const city = name.trim().replaceAll(' ', '_').toLowerCase();
  const meant = zones.find((zone) => zone.toLowerCase() === city || zone.toLowerCase().endsWith(`/${city}`)) ?? nearest(name, zones);
  return { message: `There is no time zone \`${name}\`.`, fix: meant === undefined ? 'Write a name such as Europe/London or UTC.' : `did you mean \`${meant}\`?` };
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
