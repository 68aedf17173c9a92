import { ALIASES, PRIMITIVES, sumsOverRows, type Alias, type Check, type PrimitiveFacts } from '@weir/core';

const INTRODUCTION = `<!-- Generated from libs/core/src/check by \`npm run generate -w @weir/generate\`. Do not edit. -->
# Checks

A check judges a dataset: bronze after the row rules and the removal of duplicates (uniqueness before it), a model before it is published. It belongs to the \`quality\` of a column or of a
dataset in \`contract.odcs.yaml\`, and is written in one of four ways:

\`\`\`yaml
- { metric: nullValues, mustBeLessOrEqualTo: 30, unit: percent }                                  # a metric of the standard
- { type: sql, query: 'select count(*) from \${object} where shipped_at < ordered_at', mustBe: 0 }  # SQL that gives one number
- type: custom                                                                                    # an expectation of Great Expectations
  engine: greatExpectations
  implementation: { type: expect_column_values_to_be_between, kwargs: { column: quantity, min_value: 1, mostly: 0.99 } }
- type: custom                                                                                    # a check of the table below
  engine: weir
  implementation: { check: freshness, column: ordered_at, maxAge: 2h }
\`\`\`

An \`implementation\` may also be text that holds such a mapping. On a column, \`column\` and \`columns\` may be left out. [schema/contract.schema.json](schema/contract.schema.json) has all of it for editors:
\`# yaml-language-server: $schema=<path>\` in the contract's first line.

**What must hold.** A check that counts failing rows wants none, unless it says otherwise: \`mostly: 0.99\` is the share of values that must be good (nulls are neither good nor bad), and
\`mustBe\`, \`mustNotBe\`, \`mustBeGreaterThan\`, \`mustBeGreaterOrEqualTo\`, \`mustBeLessThan\`, \`mustBeLessOrEqualTo\`, \`mustBeBetween\`, \`mustNotBeBetween\` hold the number against bounds, with
\`unit: percent\` its share of all rows, and with \`ofValues: true\` beside it of those that have values. Beside \`implementation\` the standard allows no operators: there they stand inside. Bounds on
dates and times are text such as "2010-12-01".

**What comes of it.** \`severity: error\` (the default) ends the run with nothing published, \`warning\` publishes with a flag, \`info\` is recorded. The score is the percent of checks that passed; without checks there is none. A check that
cannot be measured fails as an error, with its reason. Each outcome has its number, how many rows were measured and failed, and up to five failing rows, by their key and place. Of no rows no share is bad; a
number that only rows can give (a mean) passes without rows and fails without values; \`freshness\` fails without rows.

**Streams** judge checks that count rows one by one over the last minute. The others need all rows: only runs over the archive judge them, and \`weir check\` says which they are.

**How it is measured.** All checks of a dataset that count rows or aggregate share one scan; those that group by the same columns share one more; each query is one.`;

/** docs/checks.md: every kind of check with its arguments, and what other vocabularies call them. */
export function checksDoc(): string {
  return `${INTRODUCTION}

## Kinds

Arguments with ? may be left out.

| check | its number | dimension | arguments | in motion |
|---|---|---|---|---|
${Object.values(PRIMITIVES).map(kindRow).join('\n')}

\`freshness\` takes \`maxAge\` (a duration such as \`2h\`) in place of an operator. \`reference\` reads what is published of the other dataset, and what the same run has staged of it; while nothing is, it passes and says so.
\`volume\` compares with the partitions before the run's interval as they are published now, or with earlier versions of a dataset without grains.

## Metrics of the standard

| metric | check | arguments |
|---|---|---|
${ALIASES.filter(({ vocabulary }) => vocabulary === 'odcs').map(aliasRow).join('\n')}

## Expectations

Under the names of Great Expectations 1.x, with its arguments. \`mostly\` leaves nulls out, as there; \`expect_column_values_to_be_unique\` counts every row that shares its value, as there. Types are judged by what a value can be read as. Regular expressions are RE2's and match anywhere in the text. A
quantile is a value of the column. Names that need an order of rows, another data source or a model of a distribution are refused, as is \`row_condition\`.

| expectation | check | arguments |
|---|---|---|
${ALIASES.filter(({ vocabulary }) => vocabulary === 'greatExpectations').map(aliasRow).join('\n')}
`;
}

function kindRow({ kind, summary, type, schema }: PrimitiveFacts): string {
  const moving = sumsOverRows({ measure: { kind } } as Check);
  return `| \`${kind}\` | ${cell(summary)} | ${type} | ${argumentsText(schema)} | ${moving ? 'yes' : 'no'} |`;
}

function aliasRow({ name, primitive, schema }: Alias): string {
  return `| \`${name}\` | ${primitive} | ${argumentsText(schema)} |`;
}

function argumentsText({ properties, required }: PrimitiveFacts['schema']): string {
  return Object.keys(properties).map((name) => `\`${name}\`${required.includes(name) ? '' : '?'}`).join(', ') || '–';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
