import classes from "./run.module.css";

interface FactListProps {
  rows: readonly { name: string; value: string }[];
}

export function FactList({ rows }: FactListProps) {
  return (
    <dl className={classes.factList}>
      {rows.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
