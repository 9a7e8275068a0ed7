/**
 * Keeps credentials out of what people and logs see. RPC providers put API keys into the path, the query or
 * the user part of a URL, and libraries repeat that URL in error messages and in `cause` chains.
 */

/** Scheme and host of a URL, everything that can carry a key replaced: `https://rpc.example:8545/***`. */
export function redactUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return '***';
  }
  if (parsed.host === '') return `${parsed.protocol}***`;
  const bare = parsed.pathname === '/' || parsed.pathname === '';
  const secretless =
    bare && parsed.search === '' && parsed.hash === '' && parsed.username === '' && parsed.password === '';
  return `${parsed.protocol}//${parsed.host}${secretless ? '' : '/***'}`;
}

const URL_IN_TEXT = /\b(?:https?|wss?):\/\/[^\s"'<>`]+/gi;

/** The text with every URL in it redacted, cut to `maxLength` characters, control characters as spaces. */
export function redactText(text: string, maxLength = 300): string {
  const clean = text.replace(URL_IN_TEXT, (url) => redactUrl(url)).replace(/\p{Cc}+/gu, ' ');
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1)}…`;
}
