import { ALIASES } from '../check/aliases';
import { PRIMITIVES } from '../check/primitives';
import type { JsonSchema } from '../yaml/validate-yaml';
import { ODCS_SCHEMA } from './odcs-schema';
import { ownSchema } from './parse-implementation';

/**
 * JSON Schema of a contract for editors. It says of `implementation` what compiling finds out by the rule's engine, so that names of checks and their arguments are offered; errors of compiling are
 * better, because they know which check was meant.
 */
export function contractSchema(): JsonSchema {
  const schema = withImplementation(ODCS_SCHEMA) as JsonSchema;
  return { ...schema, $defs: { ...(schema['$defs'] as object | undefined), implementation: { anyOf: [{ type: 'string', description: 'The same as text.' }, ROW, ...ownChecks(), ...expectations()] } } };
}

const ROW: JsonSchema = { title: 'row rule', type: 'object', required: ['row'], additionalProperties: false, properties: { row: { type: 'string', description: 'Boolean SQL that is true for good rows.' } } };

function ownChecks(): JsonSchema[] {
  return Object.values(PRIMITIVES).map((primitive) => {
    const schema = ownSchema(primitive);
    const check = { const: primitive.kind, description: primitive.summary };
    // A column's own rules need not name it.
    return { ...schema, required: ['check'], properties: { check, ...(schema['properties'] as object) } };
  });
}

function expectations(): JsonSchema[] {
  return ALIASES.filter(({ vocabulary }) => vocabulary === 'greatExpectations').map(({ name, primitive, schema }) => ({
    title: 'expectation',
    type: 'object',
    required: ['type'],
    properties: { type: { const: name, description: `As the check ${primitive}.` }, kwargs: schema, meta: {}, severity: { enum: ['critical', 'warning', 'info'] } },
  }));
}

/** The schema with a reference in the place of every `implementation`. */
function withImplementation(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withImplementation);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === 'implementation' ? { $ref: '#/$defs/implementation' } : withImplementation(value)]));
}
