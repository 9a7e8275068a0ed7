/** A line, a string and a bob: what hangs true below L1. */
export const BrandMark = ({ className = '' }: { className?: string }) => (
  <svg viewBox="0 0 24 32" className={className} aria-hidden="true" focusable="false">
    <path d="M2 2.5h20" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
    <path d="M12 2.5v14" stroke="var(--brass)" strokeWidth="1.6" />
    <path d="M6.5 16h11v4.5l-5.5 9.5l-5.5-9.5z" fill="var(--brass)" />
  </svg>
);
