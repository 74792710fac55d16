import { Switch } from "@mantine/core";
import type { ControlProps } from "./FieldFrame";

export function BoolField({ value, onChange, ids }: ControlProps) {
  return (
    <Switch
      id={ids.id}
      size="sm"
      aria-describedby={ids.describedBy}
      checked={value === true}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
