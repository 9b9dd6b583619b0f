{# A model's schema is its layer's name alone: staging, intermediate, marts. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
