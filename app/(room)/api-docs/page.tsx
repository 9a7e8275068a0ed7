import { ApiDocsPage, type RouteRow } from '../../../components/apiDocs/ApiDocsPage.tsx';
import { ROUTES } from '../../../server/api/rest/routes.ts';

const ROWS: readonly RouteRow[] = ROUTES.map(
  ({ id, path, summary, description, contentType, query, exports }) => ({
    id,
    path,
    summary,
    description,
    contentType,
    query: query === null ? [] : Object.keys(query.shape),
    exports: [...exports],
  }),
);

export default function ApiDocs() {
  return <ApiDocsPage routes={ROWS} />;
}
