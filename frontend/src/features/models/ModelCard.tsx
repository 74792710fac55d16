import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteModel } from "@/api/commands";
import { type ModelSummary, modelQuery, modelsQuery } from "@/api/queries";
import { readGraph } from "@/graph/document";
import { ActionMenu, MenuItem } from "@/ui/ActionMenu";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { formatAgo, formatMoment } from "@/ui/format";
import { TrashIcon } from "@/ui/icons";
import { useCommand } from "@/ui/useCommand";
import { GraphPicture } from "./GraphPicture";
import classes from "./models.module.css";

/** One of the reader's own models. */
export function ModelCard({ model }: { model: ModelSummary }) {
  const { t, i18n } = useTranslation("models");
  const { t: tUi } = useTranslation("ui");
  const document = useQuery(modelQuery(model.id)).data?.graph;
  const graph = useMemo(() => readGraph(document), [document]);
  const [isDeleting, setDeleting] = useState(false);
  const remove = useCommand(deleteModel, modelsQuery.queryKey);
  return (
    <article className={classes.card}>
      <GraphPicture graph={graph} />
      <div className={classes.words}>
        <h3 className={classes.name}>
          <Link to="/m/$model" params={{ model: model.id }} className={classes.open}>
            {model.name}
          </Link>
        </h3>
        <p className={classes.summary}>
          {t("own.facts", { count: model.nodes, version: model.version })}
          {" · "}
          <time dateTime={model.updated_at} title={formatMoment(model.updated_at, i18n.language)}>
            {formatAgo(model.updated_at, Date.now(), i18n.language, tUi)}
          </time>
        </p>
      </div>
      <div className={classes.menu}>
        <ActionMenu label={t("own.menu", { name: model.name })}>
          <MenuItem icon={<TrashIcon />} isDangerous onClick={() => setDeleting(true)}>
            {t("own.delete.action")}
          </MenuItem>
        </ActionMenu>
      </div>
      {isDeleting && (
        <ConfirmDialog
          title={t("own.delete.title", { name: model.name })}
          action={t("own.delete.action")}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate(model.id, { onSettled: () => setDeleting(false) })}
          onClose={() => setDeleting(false)}
        >
          {t("own.delete.text")}
        </ConfirmDialog>
      )}
    </article>
  );
}
