-- Which judgement refused the newest open row of a grain, and which rows a judgement refused: asked for every page of a trial, and at the end of every run.
create index quarantined_row_open_by_judgement on quarantined_row (pipeline, partition, judgement) where status = 'open';
create index quarantined_row_by_judgement on quarantined_row (judgement) where judgement > 0;
