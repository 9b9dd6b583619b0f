{#
  What stands of a mart from the run before, for models that carry it on. A mart is built behind every model that reads
  it this way, so it is never of this run. None before the first run, and while the project is parsed.
#}
{% macro standing_relation(mart) -%}
    {%- set schema = generate_schema_name('marts', none) -%}
    {{ return(adapter.get_relation(database=target.database, schema=schema, identifier=mart) if execute else none) }}
{%- endmacro %}

{# Older than any event that the extraction accepts. #}
{% macro before_any_event() -%} cast('2000-01-01' as timestamp) {%- endmacro %}

{#
  The first arrival day of what happened at or after the oldest instant in a column, as a literal, so that the engine
  passes over what was stored before. No event lies more than a day behind its arrival. Null where the column is empty.
#}
{% macro oldest_arrival_of(relation, column) -%}
    {%- set oldest = none -%}
    {%- if execute -%}
        {%- set oldest = run_query('select cast(min(' ~ column ~ ') as date) as oldest from ' ~ relation) -%}
        {%- set oldest = oldest.columns[0].values()[0] -%}
    {%- endif -%}
    {{ add_days("cast('" ~ oldest ~ "' as date)", -1) if oldest else 'cast(null as date)' }}
{%- endmacro %}
