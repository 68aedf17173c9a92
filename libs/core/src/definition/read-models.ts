import { listed, nearest, suggest } from '../suggest';
import type { YamlText } from '../yaml/yaml-text';
import type { DefinitionFile, Model } from './definition';
import { nameFault } from './names';
import type { ModelSettings, Pipeline } from './parse-pipeline';
import type { Problem } from './problem';

/** A model as the folder has it, before its SQL is looked at. */
export interface ModelText {
  /** `gold.revenue_by_country`, as other models name it. */
  readonly qualified: string;
  readonly name: string;
  readonly zone: Model['zone'];
  readonly file: string;
  readonly sql: string;
  readonly settings: ModelSettings;
}

const MODEL_ZONES = ['silver', 'gold'] as const;

/** The models of a folder, by path; every name and place is checked, and every name under `models` must have its file. */
export function readModels(files: readonly DefinitionFile[], pipeline: Pipeline | undefined, yaml: YamlText | undefined): { models: ModelText[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const models: ModelText[] = [];
  const sqlFiles = files.filter((file) => file.path.endsWith('.sql')).sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const file of sqlFiles) {
    const read = readModel(file, pipeline);
    if ('message' in read) problems.push(read);
    else {
      const other = models.find((model) => model.name === read.name);
      if (other) problems.push(fault(file.path, `Two models are named \`${read.name}\`: ${other.file} and ${file.path}.`, 'Rename one of them: both would be the same table.'));
      models.push(read);
    }
  }
  if (pipeline && yaml) problems.push(...withoutFile(pipeline, yaml, models));
  if (sqlFiles.length === 0 && pipeline?.models.size === 0) {
    problems.push({ code: 'MISSING_FILE', message: 'The pipeline has no model: nothing would reach its destinations.', fix: 'Add models/gold/<name>.sql with one SELECT.', place: 'models' });
  }
  return { models, problems };
}

function readModel(file: DefinitionFile, pipeline: Pipeline | undefined): ModelText | Problem {
  const [folder, zone, base, ...rest] = file.path.split('/');
  if (folder !== 'models' || zone === undefined || base === undefined || rest.length > 0) {
    return fault(file.path, `\`${file.path}\` is not where models are.`, 'Move it to models/silver/<name>.sql or models/gold/<name>.sql.');
  }
  const known = MODEL_ZONES.find((one) => one === zone);
  if (!known) return fault(file.path, `\`${zone}\` is not a zone of models.`, suggest(zone, MODEL_ZONES));
  const name = base.replace(/\.sql$/, '');
  const wrong = nameFault(name);
  if (wrong) return fault(file.path, `The model name \`${name}\` ${wrong.message}`, wrong.fix);
  if (name === pipeline?.source.dataset) return fault(file.path, `A model cannot have the name of the source dataset, \`${name}\`.`, 'Rename the model.');
  return { qualified: `${known}.${name}`, name, zone: known, file: file.path, sql: file.text, settings: pipeline?.models.get(name) ?? {} };
}

function withoutFile(pipeline: Pipeline, yaml: YamlText, models: readonly ModelText[]): Problem[] {
  const names = models.map((model) => model.name);
  return [...pipeline.models.keys()]
    .filter((name) => !names.includes(name))
    .map((name) => {
      const meant = nearest(name, names.filter((other) => !pipeline.models.has(other)));
      const fix = meant !== undefined ? `did you mean \`${meant}\`?` : names.length > 0 ? `Add models/gold/${name}.sql, or remove the name; the folder has ${listed(names)}.` : `Add models/gold/${name}.sql.`;
      return { code: 'MISSING_FILE', message: `The model \`${name}\` has no file.`, fix, place: yaml.place(['models', name], 'key') };
    });
}

function fault(path: string, message: string, fix: string): Problem {
  return { code: 'INVALID_VALUE', message, fix, place: `${path}:1:1` };
}
