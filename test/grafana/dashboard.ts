// What a dashboard's JSON may say, made of the types that Grafana publishes for those who generate dashboards.
import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import type { FieldConfig as StateTimelineField, Options as StateTimelineOptions } from '@grafana/grafana-foundation-sdk/statetimeline';
import type { Options as StatOptions } from '@grafana/grafana-foundation-sdk/stat';
import type { Options as TableOptions } from '@grafana/grafana-foundation-sdk/table';
import type { FieldConfig as TimeseriesField, Options as TimeseriesOptions } from '@grafana/grafana-foundation-sdk/timeseries';

// JSON has strings where TypeScript has enums, and may leave out what has a default.
type Plain<T> = T extends string ? `${T}` : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Partly<T> = T extends (infer U)[] ? Partly<U>[] : T extends object ? { [K in keyof T]?: Partly<T[K]> } : T;

// The SDK leaves a panel's options, its fields' custom ones and its queries open.
type Of<Type extends string, Options, Custom> = Omit<Plain<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: Type;
  options?: Partly<Plain<Options>>;
  targets?: Omit<Plain<Dataquery>, '_implementsDataqueryVariant'>[];
  fieldConfig?: Omit<NonNullable<Plain<Panel>['fieldConfig']>, 'defaults'> & {
    defaults: Omit<NonNullable<Plain<Panel>['fieldConfig']>['defaults'], 'custom'> & { custom?: Partly<Plain<Custom>> };
  };
};

type AnyPanel =
  | Of<'timeseries', TimeseriesOptions, TimeseriesField>
  | Of<'state-timeline', StateTimelineOptions, StateTimelineField>
  | Of<'stat', StatOptions, never>
  | Of<'table', TableOptions, object>
  | (Omit<Plain<RowPanel>, 'type' | 'panels'> & { type: 'row'; panels: AnyPanel[] });

export type Written = Omit<Plain<Dashboard>, 'panels'> & { panels: AnyPanel[] };
