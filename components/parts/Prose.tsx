import { groupInText, shortHash } from '../format.ts';

const LONG_HEX = /(0x[0-9a-f]{40,64})(?![0-9a-f])/;

/** A sentence of the node as text: long numbers grouped, hashes shortened with the whole in the title. */
export const Prose = ({ text }: { text: string }) => {
  let offset = 0;
  return text.split(LONG_HEX).map((part) => {
    const key = offset;
    offset += part.length;
    return LONG_HEX.test(part) ? (
      <span key={key} className="mono whitespace-nowrap" title={part} data-hash={part}>
        {shortHash(part)}
      </span>
    ) : (
      groupInText(part)
    );
  });
};
