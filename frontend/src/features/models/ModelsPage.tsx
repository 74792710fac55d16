import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { modelsQuery, templatesQuery } from "@/api/queries";
import { ButtonLink } from "@/ui/ButtonLink";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ModelsIcon, PlusIcon, SearchIcon } from "@/ui/icons";
import { Page } from "@/ui/Page";
import { CardsSkeleton } from "./CardsSkeleton";
import { ModelCard } from "./ModelCard";
import classes from "./models.module.css";
import { TemplateCard } from "./TemplateCard";

/** Below this many models there is nothing to search. */
const SEARCH_FROM = 7;

/** One's own models, and graphs to start from. */
export function ModelsPage() {
  const { t } = useTranslation("models");
  return (
    <Page
      title={t("title")}
      lead={t("lead")}
      actions={
        <ButtonLink
          to="/m/$model"
          params={{ model: "new" }}
          search={{ template: "empty" }}
          leftSection={<PlusIcon />}
          size="sm"
        >
          {t("new")}
        </ButtonLink>
      }
    >
      <OwnModels />
      <Templates />
    </Page>
  );
}

function OwnModels() {
  const { t } = useTranslation("models");
  const models = useQuery(modelsQuery);
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = models.data?.filter((model) => model.name.toLowerCase().includes(wanted)) ?? [];
  return (
    <section className={classes.section} aria-labelledby="own-models">
      <div className={classes.sectionHead}>
        <h2 id="own-models">{t("own.title")}</h2>
        {models.data && models.data.length >= SEARCH_FROM && (
          <TextInput
            size="xs"
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            leftSection={<SearchIcon />}
            aria-label={t("own.search")}
            placeholder={t("own.search")}
          />
        )}
      </div>
      {models.isPending && <CardsSkeleton />}
      {models.isLoadingError && <ErrorNotice error={models.error} onRetry={() => void models.refetch()} />}
      {models.data?.length === 0 && (
        <EmptyState icon={<ModelsIcon size={20} />} title={t("own.empty.title")}>
          {t("own.empty.text")}
        </EmptyState>
      )}
      {models.data && models.data.length > 0 && shown.length === 0 && (
        <p className={classes.none}>{t("own.none", { search })}</p>
      )}
      <ul className={classes.cards}>
        {shown.map((model) => (
          <li key={model.id}>
            <ModelCard model={model} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Templates() {
  const { t } = useTranslation("models");
  const templates = useQuery(templatesQuery);
  return (
    <section className={classes.section} aria-labelledby="templates">
      <div className={classes.sectionHead}>
        <h2 id="templates">{t("templates.title")}</h2>
      </div>
      {templates.isPending && <CardsSkeleton />}
      {templates.isLoadingError && (
        <ErrorNotice error={templates.error} onRetry={() => void templates.refetch()} />
      )}
      <ul className={classes.cards}>
        {templates.data?.map((template) => (
          <li key={template.id}>
            <TemplateCard template={template} />
          </li>
        ))}
      </ul>
    </section>
  );
}
