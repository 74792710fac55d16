import { Kbd } from "@mantine/core";
import classes from "./PickList.module.css";
import { keysOf } from "./shortcut";

export function Keys({ shortcut }: { shortcut: string }) {
  return (
    <span className={classes.keys}>
      {keysOf(shortcut).map((key) => (
        <Kbd key={key} size="xs">
          {key}
        </Kbd>
      ))}
    </span>
  );
}
