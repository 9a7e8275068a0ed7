import Link from 'next/link';

/** From a panel of the overview to the page that has all of it. */
export const MoreLink = ({ to, children }: { to: string; children: string }) => (
  <Link href={to} prefetch={false} className="more-link">
    {children}
  </Link>
);
