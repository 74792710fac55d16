import { ActionIcon } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type GraphNode, outputOf } from "@/graph/document";
import { ArrowDownIcon, ArrowUpIcon, CloseIcon } from "@/ui/icons";
import { useCheck, useEditor } from "../EditorContext";
import { formatShape } from "../format";
import classes from "./Inspector.module.css";

/** What feeds a layer, in order; the order counts where values are joined. */
export function LayerInputs({ node }: { node: GraphNode }) {
  const { t } = useTranslation("editor");
  const { actions, view } = useEditor();
  const nodes = useCheck((check) => check.report?.nodes);
  if (node.inputs.length === 0) return null;
  const last = node.inputs.length - 1;
  return (
    <section>
      <h3 className={classes.subtitle}>{t("layer.inputs", { count: node.inputs.length })}</h3>
      <ol className={classes.inputs}>
        {node.inputs.map((input, port) => (
          <li key={`${input.node} ${outputOf(input)}`} className={classes.input}>
            <button
              type="button"
              className={classes.inputName}
              onClick={() => view.getState().select([input.node])}
            >
              {input.node}
            </button>
            <span className={classes.inputShape}>{formatShape(nodes?.[input.node]?.output_shape)}</span>
            {last > 0 && (
              <>
                <ActionIcon
                  size={24}
                  aria-label={t("layer.inputUp", { id: input.node })}
                  disabled={port === 0}
                  onClick={() => actions.moveInput(node.id, port, port - 1)}
                >
                  <ArrowUpIcon size={13} />
                </ActionIcon>
                <ActionIcon
                  size={24}
                  aria-label={t("layer.inputDown", { id: input.node })}
                  disabled={port === last}
                  onClick={() => actions.moveInput(node.id, port, port + 1)}
                >
                  <ArrowDownIcon size={13} />
                </ActionIcon>
              </>
            )}
            <ActionIcon
              size={24}
              aria-label={t("layer.disconnect", { id: input.node })}
              onClick={() => actions.disconnect([{ target: node.id, port }])}
            >
              <CloseIcon size={13} />
            </ActionIcon>
          </li>
        ))}
      </ol>
    </section>
  );
}
