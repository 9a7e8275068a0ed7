import { CopyButton } from './Hash.tsx';

/** Data as it is, to be read and copied. */
export const Json = ({ value, what = 'the JSON' }: { value: unknown; what?: string }) => {
  const text = JSON.stringify(value, null, 2);
  return (
    <div className="json-place">
      <details>
        <summary>Show JSON</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1). */}
        <pre className="json" tabIndex={0}>
          {text}
        </pre>
      </details>
      <CopyButton value={text} what={what} />
    </div>
  );
};
