{# Arrival order is total: when it arrived, then the file, then the line. Every tie ends here. #}
{% macro arrival_order(direction='asc') -%}
    received_at {{ direction }}, source_file {{ direction }}, source_line {{ direction }}
{%- endmacro %}

{# Older than any event that the extraction accepts. #}
{% macro before_any_event() -%} cast('2000-01-01' as timestamp) {%- endmacro %}
