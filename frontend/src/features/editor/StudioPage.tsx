import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/problem";
import { catalogQuery, datasetsQuery, templatesQuery } from "@/api/queries";
import { ButtonLink } from "@/ui/ButtonLink";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { useTabTitle } from "@/ui/useTabTitle";
import { createModelStorage, createRunRequests, requestCheck } from "./api";
import { indexCatalog } from "./catalogue";
import { Studio } from "./Studio";
import classes from "./StudioPage.module.css";
import { StudioSkeleton } from "./StudioSkeleton";
import { openDocuments, type Source, sourceQuery, TEMPLATE_NOT_FOUND } from "./source";
import { createEditor } from "./state/createEditor";
import { createDraftStorage } from "./state/drafts";
import type { StudioRun } from "./wire";

export interface StudioPageProps {
  /** Null: a model that was never saved. */
  modelId: string | null;
  /** What an unsaved model starts from; null: the first template. */
  template: string | null;
  /** The run that led here: it keeps its documents when its model is gone. A new model starts from them. */
  sourceRun: string | null;
  /** The layer to select at first. */
  layer: string | null;
  /** The latest run of this model, as it stands now. */
  run: StudioRun | null;
  onModelCreated: (id: string) => void;
  renderCurves: (run: string | null) => ReactNode;
  renderLog: (run: string | null) => ReactNode;
  serverLost: boolean;
}

interface Session {
  readonly key: number;
  readonly modelId: string | null;
  readonly template: string | null;
}

/**
 * The Studio: lay out a network, set its parameters, train it.
 *
 * A model that is saved for the first time gets an address; the page goes on with the editor it has. Any other change
 * of address is another model.
 */
export function StudioPage(props: StudioPageProps) {
  const { modelId, template } = props;
  const [created, setCreated] = useState<string | null>(null);
  const [session, setSession] = useState<Session>({ key: 0, modelId, template });
  if (session.modelId !== modelId || session.template !== template) {
    const isSame = modelId !== null && modelId === created;
    setSession({ key: isSame ? session.key : session.key + 1, modelId, template });
  }
  return (
    <StudioSession
      key={session.key}
      {...props}
      onModelCreated={(id) => {
        setCreated(id);
        props.onModelCreated(id);
      }}
    />
  );
}

function StudioSession(props: StudioPageProps) {
  const { t } = useTranslation("editor");
  // What is opened is decided once: saving gives the model an address, and must not open it again.
  const [source] = useState<Source>(() => ({
    modelId: props.modelId,
    template: props.template,
    run: props.modelId === null ? props.sourceRun : null,
  }));
  const catalog = useQuery(catalogQuery);
  const templates = useQuery({ ...templatesQuery, enabled: source.modelId === null });
  const opened = useQuery(sourceQuery(source, templates.data, t("topbar.unnamed")));
  const failed = [catalog, templates, opened].find((query) => query.isError);
  if (opened.error instanceof ApiError && opened.error.status === 404) {
    return (
      <NothingThere
        template={opened.error.code === TEMPLATE_NOT_FOUND ? source.template : null}
        run={source.modelId === null ? null : props.sourceRun}
      />
    );
  }
  if (failed) return <NotOpened error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!catalog.data || !opened.data) return <StudioSkeleton label={t("loading")} />;
  return <OpenStudio {...props} catalog={catalog.data} opened={opened.data} source={source} />;
}

/** The address names a model or a template that does not exist. */
function NothingThere({ template, run }: { template: string | null; run: string | null }) {
  const { t } = useTranslation("editor");
  useTabTitle(t("missing.title"));
  return (
    <div className={classes.failed} role="alert">
      <EmptyState
        title={template === null ? t("missing.model") : t("missing.template", { id: template })}
        action={
          <>
            {run !== null && (
              <ButtonLink to="/m/$model" params={{ model: "new" }} search={{ run }}>
                {t("missing.copy")}
              </ButtonLink>
            )}{" "}
            <ButtonLink to="/" variant="default">
              {t("missing.toModels")}
            </ButtonLink>
          </>
        }
      />
    </div>
  );
}

function NotOpened({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation("editor");
  useTabTitle(t("missing.notOpened"));
  return (
    <div className={classes.failed}>
      <ErrorNotice error={error} onRetry={onRetry} />
    </div>
  );
}

type OpenStudioProps = StudioPageProps & {
  catalog: Parameters<typeof indexCatalog>[0];
  opened: Parameters<typeof openDocuments>[0];
  source: Source;
};

function OpenStudio({ catalog, opened, source, ...page }: OpenStudioProps) {
  const queries = useQueryClient();
  const catalogue = useMemo(() => indexCatalog(catalog), [catalog]);
  // A new input takes the shape of what the model learns from.
  useQuery({ ...datasetsQuery, notifyOnChangeProps: [] });
  const [studio] = useState(() => {
    const drafts = createDraftStorage(window.localStorage);
    const start = openDocuments(opened, source, catalogue, drafts);
    const editor = createEditor({
      catalogue,
      ...start,
      drafts,
      models: createModelStorage(queries),
      runs: createRunRequests(queries),
      check: requestCheck,
      inputShapeOf: (dataset) =>
        queries.getQueryData(datasetsQuery.queryKey)?.find(({ id }) => id === dataset)?.input_shape ?? null,
    });
    return { editor, original: start.draftOf };
  });
  return <Studio {...page} editor={studio.editor} original={studio.original} />;
}
