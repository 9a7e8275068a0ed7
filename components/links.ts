/**
 * The address of another node as a link may carry it: http and https only, without a name or a password in it.
 * Null for anything else, which is then shown as text and leads nowhere.
 */
export const safeLink = (text: string): string | null => {
  if (!URL.canParse(text)) return null;
  const { protocol, username, password, href } = new URL(text);
  const web = protocol === 'http:' || protocol === 'https:';
  return web && username === '' && password === '' ? href : null;
};
