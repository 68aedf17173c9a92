export { bindModel, type Binding } from './bind-model';
export { type KeyedRows } from './bind-rows';
export { type ModelInput } from './bind-tables';
export { type AppendedValue, withEngine, type Engine, type EngineOptions } from './engine';
export { inspector } from './inspector';
export { writeParquet, type ParquetFile, type ParquetOptions, type PartitionRows } from './parquet';
export { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS, segmentRelation, type RelationSegment } from './relation';
export { type WarmParameter, type WarmStatement } from './warm-engine';
export { WarmEngines, type WarmOptions } from './warm-engines';
