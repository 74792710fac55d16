import { useTranslation } from "react-i18next";
import { useCheck, useEditor, useGraph } from "../EditorContext";
import { formatCount, formatShape } from "../format";
import classes from "./Inspector.module.css";

/** The model as a whole: what goes in and comes out, how large it is. */
export function ModelTab() {
  const { t, i18n } = useTranslation("editor");
  const { view, catalogue } = useEditor();
  const nodes = useGraph((graph) => graph.nodes);
  const outputs = useGraph((graph) => graph.outputs);
  const report = useCheck((check) => check.report);
  const count = (value: number) => formatCount(value, i18n.language);
  const inputs = nodes.filter((node) => catalogue.layer(node.type)?.inputs.max === 0);
  const end = (id: string) => (
    <li key={id} className={classes.input}>
      <button type="button" className={classes.inputName} onClick={() => view.getState().select([id])}>
        {id}
      </button>
      <span className={classes.inputShape}>{formatShape(report?.nodes[id]?.output_shape)}</span>
    </li>
  );
  return (
    <div className={classes.stack}>
      <section>
        <h2 className={classes.subtitle}>{t("model.inputs")}</h2>
        {inputs.length > 0 ? (
          <ul className={classes.inputs}>{inputs.map((node) => end(node.id))}</ul>
        ) : (
          <p className={classes.dim}>{t("model.noInputs")}</p>
        )}
      </section>
      <section>
        <h2 className={classes.subtitle}>{t("model.outputs")}</h2>
        {outputs.length > 0 ? (
          <ul className={classes.inputs}>{outputs.map((output) => end(output.node))}</ul>
        ) : (
          <p className={classes.dim}>{t("model.noOutputs")}</p>
        )}
      </section>
      <section>
        <h2 className={classes.subtitle}>{t("model.size")}</h2>
        <dl className={classes.facts}>
          <dt>{t("facts.layers")}</dt>
          <dd>{count(nodes.length)}</dd>
          {report && (
            <>
              <dt>{t("facts.parameters")}</dt>
              <dd>{count(report.totals.parameters)}</dd>
              <dt>{t("facts.trainable")}</dt>
              <dd>{count(report.totals.trainable_parameters)}</dd>
              <dt>{t("facts.macs")}</dt>
              <dd>{count(report.totals.macs)}</dd>
            </>
          )}
          {report?.fingerprint && (
            <>
              <dt>{t("facts.fingerprint")}</dt>
              <dd className={classes.mono} title={report.fingerprint}>
                {report.fingerprint.slice(0, 12)}
              </dd>
            </>
          )}
        </dl>
      </section>
    </div>
  );
}
