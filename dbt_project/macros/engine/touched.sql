{#
  Incremental strategy `touched`: delete every row whose key stands in the model's touched set, then insert the model's
  rows, in the transaction that the materialization opened. The touched set, not the new rows, decides what is deleted:
  a day or an entity that became empty has no new rows and must still lose its old ones.

  A model names its set in its meta: `touched_by` (a model, or source.table) and `touched_key` (its own column: the
  set's column; never null).
#}
{% macro get_incremental_touched_sql(arg_dict) %}
    {%- set meta = config.get('meta') -%}
    {%- set touched_key = meta['touched_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} as old
    where exists (
        select 1
        from {{ touched_relation(meta['touched_by']) }} as touched
        where {% for own, theirs in touched_key.items() -%}
            {{ 'and ' if not loop.first }}touched.{{ theirs }} = old.{{ own }}
        {% endfor %}
    );
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{% macro touched_relation(name) %}
    {%- if '.' in name -%}
        {{ source(*name.split('.')) }}
    {%- else -%}
        {{ ref(name) }}
    {%- endif -%}
{% endmacro %}
