import { type Command, CommandError, EXIT } from './command.ts';
import { OPERATOR_OPTIONS, operatorApi, orderOf } from './operatorApi.ts';

const commandOf = (name: 'pause' | 'resume', summary: string): Command => ({
  name,
  summary,
  details: `plumbline ${name} driver|sequencer --confirm NAME --reason TEXT\n\nA pause outlives the process. Exits 0 when it is done, 5 when the node refused.`,
  operands: 'driver|sequencer',
  options: OPERATOR_OPTIONS,
  async run(options, context, [part]) {
    if (part !== 'driver' && part !== 'sequencer') {
      throw new CommandError(
        `plumbline ${name} takes driver or sequencer. See: plumbline ${name} --help`,
        EXIT.usage,
      );
    }
    const order = orderOf(options);
    const answer = await operatorApi(options, context).order<{ ok: true }>(name, { ...order, part });
    context.out(
      options['json'] === true
        ? JSON.stringify(answer)
        : `The ${part} is ${name === 'pause' ? 'paused' : 'at work again'}.`,
    );
    return EXIT.ok;
  },
});

export const pauseCommand = commandOf('pause', 'have a running node’s driver or sequencer wait');
export const resumeCommand = commandOf('resume', 'have a paused driver or sequencer go on');
