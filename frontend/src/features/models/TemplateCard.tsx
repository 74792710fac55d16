import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Template } from "@/api/queries";
import { localize } from "@/api/text";
import { readGraph } from "@/graph/document";
import { GraphPicture } from "./GraphPicture";
import classes from "./models.module.css";

export function TemplateCard({ template }: { template: Template }) {
  const { i18n } = useTranslation("models");
  const graph = useMemo(() => readGraph(template.graph), [template.graph]);
  return (
    <article className={classes.card}>
      <GraphPicture graph={graph} />
      <div className={classes.words}>
        <h3 className={classes.name}>
          <Link
            to="/m/$model"
            params={{ model: "new" }}
            search={{ template: template.id }}
            className={classes.open}
          >
            {localize(template.title, i18n.language)}
          </Link>
        </h3>
        <p className={classes.summary}>{localize(template.summary, i18n.language)}</p>
      </div>
    </article>
  );
}
