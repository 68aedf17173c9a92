/** A column of a contract that is written. */
export interface ColumnText {
  readonly name: string;
  /** Its name in the source. */
  readonly physicalName: string;
  /** YAML lines that say its type. */
  readonly type: readonly string[];
  /** From 1; undefined where it is no part of the key. */
  readonly keyPosition: number | undefined;
  /** Without meaning in a key, which is never null. */
  readonly required: boolean;
}

/** A data contract of one dataset; `about` says what must look like it. */
export function contractText({ id, dataset, about }: { readonly id: string; readonly dataset: string; readonly about: string }, columns: readonly ColumnText[]): string {
  const wide = columns.filter(({ keyPosition }) => keyPosition !== undefined).length > 1;
  return `# What ${about} must look like, in the Open Data Contract Standard. Rows that break it go to quarantine, with the reason.
apiVersion: v3.1.0
kind: DataContract
id: ${id}
version: 1.0.0
status: draft
schema:
  - name: ${yamlText(dataset)}
    properties:
${columns.map((column) => columnText(column, wide)).join('')}`;
}

function columnText({ name, physicalName, type, keyPosition, required }: ColumnText, wide: boolean): string {
  const lines = [
    `- name: ${yamlText(name)}`,
    ...(physicalName === name ? [] : [`  physicalName: ${yamlText(physicalName)}`]),
    ...type.map((line) => `  ${line}`),
    ...(keyPosition === undefined ? (required ? ['  required: true'] : []) : ['  primaryKey: true', ...(wide ? [`  primaryKeyPosition: ${keyPosition}`] : [])]),
  ];
  return lines.map((line) => `      ${line}\n`).join('');
}

/** Text as one YAML scalar; JSON's quoting is YAML's double quoting. */
export function yamlText(text: string): string {
  return /^[A-Za-z./][\w./{}-]*(?: [\w./{}-]+)*$/.test(text) && !/^(?:true|false|null|y|n|yes|no|on|off|\.inf|\.nan)$/i.test(text) ? text : JSON.stringify(text);
}
