import { WeirError } from '@weir/core';
import { Secret } from './secret';

/** Reads settings from environment variables; every problem names the variable and what it may be. */
export interface EnvReader {
  text(name: string, fallback?: string): string;
  /** Undefined where the variable is not set, or empty. */
  optional(name: string): string | undefined;
  integer(name: string, fallback: number | undefined, bounds: { min: number; max: number }): number;
  flag(name: string, fallback: boolean): boolean;
  secret(name: string): Secret;
  /** Of a connection, by the name that its definition uses: WEIR_SECRET_<name>. Throws SECRET_MISSING, which names the variable, when it is used. */
  secretOf(name: string): Secret;
}

/** A reader over an environment. Throws MISSING_KEY for an absent variable without fallback and INVALID_VALUE for a bad one. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): EnvReader {
  const text = (name: string, fallback?: string): string => {
    const value = env[name] ?? fallback;
    if (value === undefined || value === '') throw new WeirError({ code: 'MISSING_KEY', place: name, message: `The environment variable ${name} is not set.`, fix: `Set ${name}; \`weir up\` sets it for all services.` });
    return value;
  };
  return {
    text,
    optional: (name) => env[name] || undefined,
    integer: (name, fallback, { min, max }) => {
      const value = text(name, fallback?.toString());
      const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (Number.isNaN(number) || number < min || number > max) {
        throw new WeirError({ code: 'INVALID_VALUE', place: name, message: `${name} is \`${value}\`.`, fix: `Use a whole number from ${min} to ${max}.` });
      }
      return number;
    },
    flag: (name, fallback) => {
      const value = text(name, String(fallback)).toLowerCase();
      if (['true', '1', 'on'].includes(value)) return true;
      if (['false', '0', 'off'].includes(value)) return false;
      throw new WeirError({ code: 'INVALID_VALUE', place: name, message: `${name} is \`${value}\`.`, fix: 'Use true or false.' });
    },
    secret: (name) => new Secret(text(name)),
    secretOf: (name) => {
      const value = env[`WEIR_SECRET_${name}`];
      if (value === undefined || value === '') throw new WeirError({ code: 'SECRET_MISSING', place: `WEIR_SECRET_${name}`, message: `There is no secret ${name}: WEIR_SECRET_${name} is not set.` });
      return new Secret(value);
    },
  };
}
