import type { CheckType } from '../check/check';
import type { OPERATORS } from './odcs-schema';

/** The parts of an ODCS contract that Weir reads, in the standard's own words, as odcs-schema.ts lets them through. */
export interface OdcsContract {
  id: string;
  version: string;
  schema: OdcsDataset[];
}

export interface OdcsDataset {
  name: string;
  properties?: OdcsProperty[];
  quality?: OdcsQuality[];
  customProperties?: { property: string; value: unknown }[];
}

export interface OdcsProperty {
  name: string;
  physicalName?: string;
  logicalType?: string;
  physicalType?: string;
  logicalTypeOptions?: OdcsTypeOptions;
  required?: boolean;
  unique?: boolean;
  primaryKey?: boolean;
  primaryKeyPosition?: number;
  enum?: { value: string | number | boolean }[];
  quality?: OdcsQuality[];
  customProperties?: OdcsDataset['customProperties'];
}

export interface OdcsTypeOptions {
  minimum?: number | string;
  maximum?: number | string;
  exclusiveMinimum?: number | string | boolean;
  exclusiveMaximum?: number | string | boolean;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  dimensions?: number;
}

export interface OdcsQuality extends Partial<Record<keyof typeof OPERATORS, number | [number, number]>> {
  type?: 'library' | 'sql' | 'custom' | 'text';
  id?: string;
  name?: string;
  metric?: string;
  rule?: string;
  arguments?: Record<string, unknown>;
  query?: string;
  engine?: string;
  implementation?: string | Record<string, unknown>;
  severity?: 'error' | 'warning' | 'info';
  dimension?: CheckType;
  unit?: 'rows' | 'percent';
  description?: unknown;
}
