const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/**
 * Why this server must not be reached from elsewhere as it is configured (reliability.md W1), or null: away from
 * loopback it needs somebody who may give orders, and a connection that nobody can read.
 */
export function exposureProblem(settings: {
  readonly host: string;
  readonly hasOperator: boolean;
  readonly tls: boolean;
  readonly behindProxy: boolean;
}): string | null {
  const { host, hasOperator, tls, behindProxy } = settings;
  if (isLoopback(host)) return null;
  const lacking = [
    ...(hasOperator ? [] : ['an operator token (--operator-token-file)']),
    ...(tls || behindProxy
      ? []
      : ['TLS (--tls-cert and --tls-key), or --behind-proxy where a proxy ends it']),
  ];
  if (lacking.length === 0) return null;
  return `Will not listen on ${host}, which others can reach, without ${lacking.join(' and ')}: listen on 127.0.0.1 instead, or set that.`;
}
