{# The calendar day on which a UTC instant falls in a time zone. #}
{% macro local_date(instant, time_zone) -%}
    {{ return(adapter.dispatch('local_date')(instant, time_zone)) }}
{%- endmacro %}

{% macro duckdb__local_date(instant, time_zone) -%}
    cast(timezone({{ time_zone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}

{# A date moved by whole days. #}
{% macro add_days(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}
