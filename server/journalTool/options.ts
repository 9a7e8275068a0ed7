export const HELP = `plumbline journal — verify or export a node's journal, also while the node runs

  plumbline journal verify [WHERE] [options]    are all rows there, in order and unchanged?
  plumbline journal export [WHERE] [options]    rows as JSON lines or CSV

WHERE is a journal's file, a node's data folder, an export in JSON lines, or postgres://…
(default: DATABASE_URL, else .plumbline).

Options
  --node NAME           whose journal, in a database that several nodes share
  --key FILE            verify: public key of the checkpoints (default: journal.db.key.pub beside the journal)
  --checkpoints FILE    verify: checkpoints that were kept elsewhere (--journal-checkpoint-file of the node);
                        only they show a tail that was cut off, or a journal written anew with its key
  --format jsonl|csv    export: (default jsonl)
  --kind LIST           export: kinds or groups, separated by commas
  --from N, --to N      export: numbers of rows, both included
  --since T, --until T  export: times such as 2026-11-21T14:02:00Z, both included
  --out FILE            export: into a new file instead of standard output
  --json                verify: the verdict as one JSON object

Exit codes: 0 whole, or exported; 1 cannot be read; 2 wrong usage; 3 something was found.`;

export const OPTIONS = {
  node: { type: 'string' },
  key: { type: 'string' },
  checkpoints: { type: 'string' },
  format: { type: 'string' },
  kind: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;
